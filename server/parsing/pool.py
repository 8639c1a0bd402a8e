"""A fixed number of processes that read meshes, each replaced when it dies."""

import dataclasses
import logging
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from enf2enf import errors
from enf2enf.errors import Enf2EnfError, MeshError
from enf2enf_server.ops.errors import LimitError
from enf2enf_server.parsing.idle import Idle
from enf2enf_server.parsing.messages import HEADER_BYTES, IncomingMessage, MessageError, pack
from enf2enf_server.parsing.parsed_mesh import MeshLimits, ParsedMesh, ShapeOptions, byte_limit, unpack_mesh
from enf2enf_server.parsing.parser import DiedError, LateError, Parser

_LOG = logging.getLogger(__name__)
_START = 60.0  # seconds that a process has to start
_LONGEST_PAUSE = 5.0  # seconds between two attempts to start one
_HOPELESS = 4  # failed starts per process, without a success since, until requests are refused
_KINDS = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Enf2EnfError)
} | {"LimitError": LimitError}
_ATTEMPTS = 3  # all processes may be killed at once from outside: not the file's fault


def nothing() -> None:
    """For callers that wait as long as it takes."""


class Parsers:
    """Processes that read meshes. They start in the background, all at once; any thread may use them.

    A file that crashes, stops or fills its process is refused; the process is replaced, and no other request notices.

    Args:
        count: processes, so many files are read at the same time.
        seconds: that one file may take, not counting the wait for a process.
        memory_bytes: address space of one process. About 300 MB of it are taken before anything is read.
    """

    def __init__(self, count: int, seconds: float, memory_bytes: int):
        self._count, self._seconds, self._memory = count, seconds, memory_bytes
        self._idle, self._lock, self._closed = Idle(count), threading.Lock(), threading.Event()
        self._running: dict[Parser, bool] = {}  # whether it is ready
        self._replaced = self._failed = 0
        self._keepers = [threading.Thread(target=self._keep, name="parser", daemon=True) for _ in range(count)]
        for keeper in self._keepers:
            keeper.start()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the workers that are ready or busy; one that starts is not among them yet."""
        with self._lock:
            return tuple(sorted(parser.pid for parser, ready in self._running.items() if ready))

    @property
    def replaced(self) -> int:
        """How many workers have ended and were replaced, since the beginning."""
        return self._replaced

    def parse(
        self,
        data: bytes | bytearray,
        name: str,
        length_unit: str,
        walls: Sequence[str],
        limits: MeshLimits,
        shape: ShapeOptions,
        alive: Callable[[], None] = nothing,
        caller: str = "",
        symmetry: Sequence[str] = (),
    ) -> ParsedMesh:
        """The geometry in the bytes of a mesh file.

        Args:
            data: the whole file.
            name: its name, or a format's own name such as `vtu`.
            length_unit: of its coordinates.
            walls: patches that are walls; empty for the inner loops.
            limits: what the mesh may have at the most.
            shape: what is wanted of its geometry.
            alive: called about every 50 ms; raises, whatever it likes, when the answer is no longer wanted.
            caller: who asks. Where several wait, callers take turns; one whose file took too long is behind the others.
            symmetry: patches in planes of symmetry.

        Raises:
            MeshError, GeometryError: as `enf2enf.io.read_bytes` and `Geometry.from_mesh` do; also a file that takes
                too long or too much memory, or that stops every process which reads it.
            LimitError: more of anything than the limits say.
            RuntimeError: a failure of ours, or the pool was closed.
        """
        shown = name if PurePath(name).suffix else "mesh"
        about = {"file_name": name, "length_unit": length_unit, "walls": list(walls), "symmetry": list(symmetry)}
        wanted = {"limits": dataclasses.asdict(limits), **dataclasses.asdict(shape)}
        message = _packed(about, wanted, data)
        how = ""
        for attempt in range(_ATTEMPTS):
            parser = self._idle.take(lambda: self._check_waiting(alive), caller, first=attempt > 0)
            try:
                return self._parse_with(parser, message, byte_limit(limits.nodes), alive)
            except DiedError as death:
                how = death.how
                _LOG.warning("a mesh parser died (%s), process %d", how, parser.pid)
            except LateError:
                self._idle.put_behind(caller)
                expected = f"a file that is read within {self._seconds:g} seconds"
                raise MeshError(shown, expected, "one that takes longer") from None
        raise MeshError(shown, "a file that the mesh readers survive", f"one that stopped the reader ({how})")

    def close(self) -> None:
        """Ends all processes. Requests that still wait or are being read fail."""
        with self._lock:
            self._closed.set()
            for parser in self._running:
                parser.kill()
        for keeper in self._keepers:
            keeper.join()

    def _parse_with(
        self,
        parser: Parser,
        message: Sequence[memoryview],
        limit: int,
        alive: Callable[[], None],
    ) -> ParsedMesh:
        answer = IncomingMessage(limit)
        try:
            parser.ask(message, answer, self._seconds, alive)
            result = _result(answer)
        except MessageError as error:
            parser.kill()
            raise DiedError("an answer that makes no sense") from error
        except BaseException:  # it comes too late, or is no longer wanted: stop computing it
            parser.kill()
            raise
        if answer.about.get("last"):  # it ran out of memory, and the rest is fragmented
            parser.kill()
        else:
            self._idle.put(parser)
        if isinstance(result, Exception):
            raise result
        return result

    def _check_waiting(self, alive: Callable[[], None]) -> None:
        if self._closed.is_set():
            raise RuntimeError("the mesh parsers are closed")
        if self._failed >= _HOPELESS * self._count:
            raise RuntimeError("no mesh parser starts")
        alive()

    def _keep(self) -> None:
        """Keeps one process running: starts it, waits for its end, and starts over."""
        while not self._closed.is_set():
            with tempfile.TemporaryDirectory(prefix="enf2enf-parser-", ignore_cleanup_errors=True) as folder:
                ready = self._run(folder)
            if self._closed.is_set():
                return
            with self._lock:
                self._replaced += ready
                self._failed = 0 if ready else self._failed + 1
            if not ready:
                _LOG.error("a mesh parser did not start")
                self._closed.wait(min(0.1 * 2 ** min(self._failed, 10), _LONGEST_PAUSE))

    def _run(self, folder: str) -> bool:
        """One process from its beginning to its end; whether it ever was ready."""
        try:
            with self._lock:
                if self._closed.is_set():
                    return False
                parser = Parser(self._memory, folder)
                self._running[parser] = False
        except OSError as error:
            _LOG.error("no process for a mesh parser: %s", error)
            return False
        try:
            ready = self._greets(parser)
            if ready:
                self._idle.put(parser)
                parser.wait()
            return ready
        finally:
            with self._lock:
                del self._running[parser]
            self._idle.discard(parser)
            parser.close()

    def _greets(self, parser: Parser) -> bool:
        try:
            parser.ask([], IncomingMessage(0), _START, nothing)
        except (DiedError, LateError, MessageError):
            return False
        with self._lock:
            self._running[parser], self._failed = True, 0
        return True


def _packed(about: dict[str, str | list[str]], wanted: dict[str, Any], data: bytes | bytearray) -> list[memoryview]:
    try:
        return pack(about | wanted, [np.frombuffer(data, np.uint8)])
    except MessageError:
        sizes = {what.replace("_", " "): sum(map(len, texts)) for what, texts in about.items()}
        culprit = max(sizes, key=lambda what: sizes[what])
        raise MeshError(culprit, f"at most {HEADER_BYTES} bytes of names together", "more") from None


def _result(answer: IncomingMessage) -> ParsedMesh | Exception:
    about = answer.about
    match about.get("kind"):
        case "parsed":
            return unpack_mesh(answer)
        case "refused" if about.get("error") in _KINDS:
            return _KINDS[about["error"]](*(str(about.get(part)) for part in ("name", "expected", "got")))
        case "failed":
            return RuntimeError("a mesh parser failed; its traceback is in the log")
    raise MessageError("no answer")
