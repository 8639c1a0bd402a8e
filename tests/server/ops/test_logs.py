"""Each record is exactly one line of strict JSON, whatever a client has put into it."""

import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enf2enf.errors import ConfigError
from enf2enf_server.ops import logs

HOSTILE = 'cell.vtu"}\n{"level": "ERROR", "message": "forged"}\r\u2028\x00\x1b[2J\x85\udc80'
QUIETENED = ("GRPC_VERBOSITY", "TF_CPP_MIN_LOG_LEVEL")
LOG = logging.getLogger("enf2enf_server.test")
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def stream():
    """What is logged; the logging of this process is put back afterwards."""
    root, ours = logging.getLogger(), [logging.getLogger(name) for name in ("enf2enf", "enf2enf_server")]
    handlers, levels = root.handlers[:], [logger.level for logger in (root, *ours)]
    written = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in QUIETENED:
            patch.setenv(name, "")
        logs.configure("INFO", written)
        yield written
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    for logger, level in zip((root, *ours), levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def lines(stream):
    """Takes the lines since it was called last."""

    def take():
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        assert text == "" or text.endswith("\n")
        return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]

    take()
    return take


@contextlib.contextmanager
def ours_alone():
    """Keeps records from pytest's own handlers: what they caught could not travel to the main process of xdist."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers[:] = [handler for handler in handlers if isinstance(handler.formatter, logs.LineFormatter)]
    yield
    root.handlers[:] = handlers


def legible(text):
    """Text as UTF-8 can carry it."""
    return text.encode("utf-8", "backslashreplace").decode()


@given(message=st.text(st.characters()), value=anything)
@example(HOSTILE, HOSTILE)
@example("%s %d {}", {"a": [float("nan"), -float("inf"), 10**30]})
@example("\ud83d\ude00", "\ud83d\ude00")
def test_a_record_is_one_line_that_gives_the_message_back(stream, message, value):
    stream.seek(0)
    stream.truncate()
    with ours_alone():
        LOG.info("%s", message, extra={"caller": value})
    text = stream.getvalue()
    assert text.endswith("\n") and len(text.splitlines()) == 1 and text.isascii()
    record = json.loads(text, parse_constant=pytest.fail)
    assert record["message"] == legible(message)
    json.dumps(record, ensure_ascii=False).encode()  # what strict readers need: no lone surrogate
    if isinstance(value, str) and len(value) <= 1000:
        assert record["caller"] == legible(value)
    if isinstance(value, int):
        assert record["caller"] == value


def test_fields_of_a_record(lines):
    before = datetime.now(UTC)
    LOG.warning("read %d nodes", 3, extra={"model": "m", "points": np.int64(7), "share": np.float32(0.5)})
    (record,) = lines()
    assert list(record) == ["time", "level", "logger", "message", "model", "points", "share"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
    assert abs((datetime.fromisoformat(record.pop("time")) - before).total_seconds()) < 5
    assert record == {"level": "WARNING", "logger": "enf2enf_server.test", "message": "read 3 nodes", "model": "m",
                      "points": 7, "share": 0.5}  # fmt: skip


def test_an_exception_is_one_field(lines):
    try:
        raise RuntimeError(HOSTILE)
    except RuntimeError as error:
        with ours_alone():
            LOG.error("unexpected failure", exc_info=error)
    (record,) = lines()
    assert record["exception"].startswith("Traceback") and "forged" in record["exception"]
    assert record["level"] == "ERROR" and set(record) == {"time", "level", "logger", "message", "exception"}


def test_no_field_takes_the_place_of_ours(lines):
    LOG.info("true", extra={"level": "ERROR", "time": "never", "logger": "root", "exception": "none"})
    (record,) = lines()
    assert record["level"] == "INFO" and record["logger"] == "enf2enf_server.test" and record["time"][:2] == "20"
    assert "exception" not in record


def test_long_and_deep_fields_are_cut(lines):
    endless = []
    endless.append(endless)
    LOG.info("big", extra={"caller": "x" * 5_000_000, "deep": endless})
    (record,) = lines()
    assert record["caller"] == "x" * 996 + " ..." and len(json.dumps(record)) < 2000


def test_a_record_that_cannot_be_written_says_so_in_a_line():
    written = logs.LineFormatter().format(LOG.makeRecord(LOG.name, logging.INFO, "", 0, "%d nodes", ("three",), None))
    record = json.loads(written)
    assert record["message"] == "a record that cannot be written: '%d nodes' with ('three',)"
    assert record["level"] == "ERROR" and "TypeError" in record["exception"]


def test_other_packages_are_heard_from_warnings_on(lines):
    LOG.debug("unheard")
    logging.getLogger("grpc._server").info("unheard")
    logging.getLogger("jax._src.dispatch").warning("heard")
    (record,) = lines()
    assert record["logger"] == "jax._src.dispatch"


def test_the_last_configuration_stands_alone(stream, lines):
    logs.configure("error", stream)
    LOG.warning("unheard")
    logs.configure("debug", stream)
    LOG.debug("heard once")
    logging.getLogger("jax").info("unheard")
    logs.configure("info", stream)
    assert [record["message"] for record in lines()] == ["heard once"]
    with pytest.raises(ConfigError, match="log level: expected one of debug, info, warning, error, got 'loud'"):
        logs.configure("loud", stream)


def test_access(lines):
    stages = {"parse": 0.002, "queue": 1.5}
    with ours_alone():
        logs.access("r-1", "Decode", "NOT_FOUND", HOSTILE, 0.0123456789, stages, model="m", points=9)
    (record,) = lines()
    assert record.pop("time") and record == {
        "level": "INFO", "logger": "enf2enf_server.access", "message": "Decode NOT_FOUND", "request_id": "r-1",
        "method": "Decode", "code": "NOT_FOUND", "caller": legible(HOSTILE), "seconds": 0.012346,
        "stages_ms": {"parse": 2.0, "queue": 1500.0}, "model": "m", "points": 9,
    }  # fmt: skip


def test_a_request_id_is_the_clients_where_it_is_harmless():
    for good in ("a", "9c-1.B:_", "x" * 128):
        assert logs.request_id([("user-agent", "me"), ("x-request-id", good)]) == good
    for bad in ("", "x" * 129, "a b", "a\n", "\n", HOSTILE, "é", "٣", b"bytes"):
        made = logs.request_id([("x-request-id", bad)])
        assert re.fullmatch("[0-9a-f]{32}", made)
    assert logs.request_id([]) != logs.request_id([])


@given(st.lists(st.tuples(st.text(st.characters()) | st.just("x-request-id"), st.text(st.characters()) | st.binary())))
def test_a_request_id_is_always_harmless(metadata):
    assert re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", logs.request_id(metadata))


def test_standard_error_of_a_process_holds_nothing_but_lines():
    """Where gRPC's C++ part would write of the failure to bind."""
    program = """
import socket, warnings
from concurrent import futures
from enf2enf_server.ops import logs
logs.configure("info")
import grpc
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
taken.listen()
server = grpc.server(futures.ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 0)])
try:
    server.add_insecure_port(f"127.0.0.1:{taken.getsockname()[1]}")
except RuntimeError:
    warnings.warn("refused")
"""
    env = {name: value for name, value in os.environ.items() if name not in QUIETENED}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    (record,) = [json.loads(line) for line in run.stderr.splitlines()]
    assert "UserWarning: refused" in record["message"]


BEHIND = """
import logging, os, sys
from enf2enf_server.ops import logs
logs.configure("info")
behind, log = logs.hold(), logging.getLogger("enf2enf")
for number in range(int(sys.argv[1])):
    log.info("line %d", number)
behind.begin()
print(behind.written(float(sys.argv[2])), flush=True)
os._exit(0)
"""


def test_who_logs_does_not_wait_for_a_reader():
    """Twenty times what a pipe holds."""
    command = [sys.executable, "-c", BEHIND, "20000", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.wait(60) == 0 and process.stdout.read() == "False\n"


def test_lines_written_behind_are_all_and_in_order():
    done = subprocess.run([sys.executable, "-c", BEHIND, "500", "60"], capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n"
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == [f"line {n}" for n in range(500)]


@pytest.mark.parametrize(
    "text", ["ExecuteBatchError raised in core by servicer method [/x]", "Invalid encoding on b'k'"]
)
def test_what_grpc_says_of_clients_is_not_logged(lines, text):
    for name in ("grpc._cython.cygrpc", "grpc._common"):
        logging.getLogger(name).error(text)
        logging.getLogger(name).error("something else")
    assert [line["message"] for line in lines()] == ["something else"] * 2
