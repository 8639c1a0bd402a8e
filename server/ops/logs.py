"""Logs as one JSON object a line."""

import logging
import logging.handlers
import math
import numbers
import os
import queue
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from enf2enf.errors import ConfigError

_HELD = 10_000  # records that wait to be written
_NOISY = ("grpc._cython.cygrpc", "grpc._common")
_LEVELS = ("debug", "info", "warning", "error")
_OURS = ("enf2enf", "enf2enf_server")
_ACCESS = logging.getLogger("enf2enf_server.access")
_NAMES = {
    "asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack",
}  # fmt: skip
_LONGEST = 1000  # characters of a field that a client may have filled
_DEEPEST = 4  # containers in containers
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# What C++ writes to standard error is no JSON: failures to bind or to shake hands reach us as exceptions as well.
_QUIET = {"GRPC_VERBOSITY": "NONE", "TF_CPP_MIN_LOG_LEVEL": "2"}


class LineFormatter(JsonFormatter):
    """A record as one line of strict JSON: time (RFC 3339, UTC), level, logger, message, then its extra fields.

    Whatever the values are, a line stays one line and valid: control characters and quotes are escaped, lone
    surrogates (from a hostile file name) become the text of their escape, numbers that JSON lacks become text, and long
    fields are cut. Extra fields cannot take the place of ours.
    """

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self):
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields=_NAMES,
            reserved_attrs=[*RESERVED_ATTRS, *_NAMES.values()],
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line; that of the failure where a record cannot be written, say for having too few arguments."""
        try:
            return super().format(record)
        except Exception:
            text = f"a record that cannot be written: {record.msg!r} with {record.args!r}"
            place = (record.pathname, record.lineno)
            return super().format(logging.LogRecord(record.name, logging.ERROR, *place, text, None, sys.exc_info()))

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Called by the base class before it writes a record."""
        whole = ("message", "exception", "stack")
        return {_text(key): _text(value) if key in whole else _plain(value) for key, value in log_data.items()}


class _NoNoise(logging.Filter):
    """Drops what gRPC logs of clients: that they left before their answer, and headers, which may be secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is to be logged."""
        return not str(record.msg).startswith(("ExecuteBatchError raised in core", "Invalid encoding on"))


_QUIETER = _NoNoise()


def configure(level: str, stream: TextIO | None = None) -> None:
    """Sends every log record and warning of this process to `stream` (by default standard error), as JSON lines.

    Our own loggers speak from `level` on (debug, info, warning or error), those of other packages from warning on. To
    be called before anything imports grpc or jax: their C++ parts are told once, at import, to be quiet, which the
    environment variables GRPC_VERBOSITY and TF_CPP_MIN_LOG_LEVEL can overrule. A second call replaces the first.

    Raises:
        ConfigError: the level is none of them.
    """
    if level.lower() not in _LEVELS:
        raise ConfigError("log level", f"one of {', '.join(_LEVELS)}", repr(level))
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    number, root = logging.getLevelNamesMapping()[level.upper()], logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler.formatter, LineFormatter)]:
        root.removeHandler(handler)
    lines = logging.StreamHandler(stream)
    lines.setFormatter(LineFormatter())
    root.addHandler(lines)
    root.setLevel(max(number, logging.WARNING))
    for name in _OURS:
        logging.getLogger(name).setLevel(number)
    for name in _NOISY:
        logging.getLogger(name).addFilter(_QUIETER)
    logging.captureWarnings(True)


class Behind(logging.handlers.QueueHandler):
    """Records on their way to a thread that writes them: who logs never waits for whoever reads.

    Where nobody reads, at most 10,000 records are held; further ones are dropped, and counted.

    Args:
        lines: who writes them.
    """

    def __init__(self, lines: logging.Handler):
        self._records: queue.Queue[logging.LogRecord] = queue.Queue(_HELD)
        self._dropped, self._lines, self.begun = 0, lines, False
        super().__init__(self._records)

    def begin(self) -> None:
        """Writes what was held, and what comes."""
        if not self.begun:
            self.begun = True
            threading.Thread(target=self._write, name="logs", daemon=True).start()

    @property
    def says_more(self) -> bool:
        """Whether a traceback is held."""
        return any(record.exc_info for record in list(self._records.queue))

    def written(self, seconds: float) -> bool:
        """Waits until all is written, at most so many seconds; whether it was."""
        until = time.monotonic() + seconds
        while self._records.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)
        return not self._records.unfinished_tasks

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record as it is, for this process alone."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Keeps a record, where there is room."""
        try:
            self._records.put_nowait(record)
        except queue.Full:
            self._dropped += 1

    def _write(self) -> None:
        while True:
            self._lines.handle(self._records.get())
            if self._dropped:
                text, self._dropped = f"{self._dropped} records were dropped: nobody read them in time", 0
                self._lines.handle(logging.LogRecord(__name__, logging.WARNING, "", 0, text, None, None))
            self._records.task_done()


def hold() -> Behind:
    """Holds the lines from now on, until it is told to `begin` to write them."""
    root = logging.getLogger()
    (lines,) = [handler for handler in root.handlers if isinstance(handler.formatter, LineFormatter)]
    behind = Behind(lines)
    root.removeHandler(lines)
    root.addHandler(behind)
    return behind


def access(
    request_id: str, method: str, code: str, caller: str, seconds: float, stages: Mapping[str, float], **more: Any
) -> None:
    """Logs one request that has ended, at level info.

    Args:
        request_id: from `request_id`.
        method: such as "Decode".
        code: name of the gRPC status.
        caller: name of the caller, as far as is known.
        seconds: from the start of the request to its end.
        stages: stage -> seconds spent in it; logged as `stages_ms`, in milliseconds.
        more: further fields, such as model or points.
    """
    if not _ACCESS.isEnabledFor(logging.INFO):
        return
    milliseconds = {stage: round(1e3 * spent, 3) for stage, spent in stages.items()}
    fields = {"request_id": request_id, "method": method, "code": code, "caller": caller,
              "seconds": round(seconds, 6), "stages_ms": milliseconds, **more}  # fmt: skip
    _ACCESS.info("%s %s", method, code, extra=fields)


def request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """The client's `x-request-id` where it is 1 to 128 of A-Z, a-z, 0-9 and ._:-, otherwise a new one."""
    for key, value in metadata:
        if key == "x-request-id" and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return uuid.uuid4().hex


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON can hold it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {_cut(_text(key)): _plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        return [_plain(each, depth + 1) for each in value]
    return _cut(_text(value))


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."
