"""The process that reads meshes: one file after the other from its standard input. Knows neither JAX nor gRPC."""

import contextlib
import errno
import fcntl
import os
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from enf2enf.errors import Enf2EnfError
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import describe
from enf2enf.geometry.plane.outline import Outline
from enf2enf.io import read_bytes, write_bytes
from enf2enf.io.formats import FORMATS
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.mesh.unfold import mirrors, unfolded
from enf2enf_server.parsing.messages import HEADER_BYTES, IncomingMessage, MessageError, pack
from enf2enf_server.parsing.parsed_mesh import pack_mesh

_LONGEST = 4096  # characters of one part of a sentence
_NICENESS = 5  # against the server's 0: on a core that both want, a third of the server's share; answers go first
_STACK = 8 << 20  # stack bytes of the reading thread, whatever the limit of this process
_BRIEF, _NICEST = 0.1, 19  # seconds after which a file counts as slow; niceness of its thread from then on
_COUNTED = {"curves": "closed curves in its boundary", "sides": "sides of its boundary"}


class _BeyondLimit(Enf2EnfError):
    """What the server knows as `LimitError`."""


def main() -> None:
    """Answers until the server is gone, or ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory_bytes, life = (int(argument) for argument in sys.argv[1:])
    _end_with(life)
    requests, replies = _pipes()
    _limit(memory_bytes)
    _warm_up()
    threading.stack_size(_STACK)
    os.nice(_NICENESS)
    _send(replies, pack({"kind": "ready"}))
    while (job := _received(requests)) is not None:
        _send(replies, _replied(job, memory_bytes))


def _end_with(life: int) -> None:
    """Lets the kernel end this process when the server's end of the pipe closes, whatever is being done then.

    A waiting thread could not do it: threads do not run while a native reader holds the interpreter.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # inherited from the thread that started us
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    pipe = select.poll()
    pipe.register(life, 0)
    if pipe.poll(0):  # closed before that
        sys.exit(0)


def _pipes() -> tuple[int, int]:
    """The pipes to the server, out of reach of readers that print."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # others know no such limit
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _warm_up() -> None:
    """Reads a square with a hole in every format, so that the first file finds all that it needs imported."""
    outer = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0]])
    points = np.concatenate([outer, 1 + outer / 3])
    first = np.arange(4)
    after = np.roll(first, -1)
    quads = np.stack([first, after, after + 4, first + 4], axis=1)
    cells = Mesh(points, (CellBlock("quad", quads),))
    faces = Mesh(points, (CellBlock("triangle", np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])),))
    curves = Mesh(points, (CellBlock("line", np.concatenate([np.stack([first, after], axis=1) + n for n in (0, 4)])),))
    for name, chosen in FORMATS.items():
        mesh = cells if "quad" in chosen.kinds else faces if "triangle" in chosen.kinds else curves
        Geometry.from_mesh(read_bytes(write_bytes(mesh, name), name)).contains(points)
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    Geometry.of((np.stack([np.cos(angle), np.sin(angle)], axis=1),)).panels(32)  # a wall that is no polygon


def _received(requests: int) -> IncomingMessage | None:
    """The next job, or None when the server is gone."""
    job = IncomingMessage(sys.maxsize)
    while not job.done:
        if not (count := os.readv(requests, [job.room])):
            return None
        job.filled(count)
    return job


def _send(replies: int, message: list[memoryview]) -> None:
    try:
        for part in message:
            while part:
                part = part[os.write(replies, part) :]
    except BrokenPipeError:
        sys.exit(0)


def _replied(job: IncomingMessage, memory_bytes: int) -> list[memoryview]:
    """The reply, made in a thread of its own: a niceness, once raised, could not be lowered again for the process."""
    replies = []
    thread = threading.Thread(target=lambda: replies.append(_reply(job, memory_bytes)))
    try:
        thread.start()
    except RuntimeError:  # no room for its stack: the file takes it all
        return _reply(job, memory_bytes)
    thread.join(_BRIEF)
    if thread.is_alive() and sys.platform == "linux":  # where a thread has a priority
        assert thread.native_id is not None  # it has started
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, thread.native_id, _NICEST)
    thread.join()
    return replies[0]


def _reply(job: IncomingMessage, memory_bytes: int) -> list[memoryview]:
    try:
        return _parsed(job)
    except _BeyondLimit as error:
        return _refused("LimitError", error.name, error.expected, error.got)
    except MessageError:
        return _refused("MeshError", "patches", f"names of at most {HEADER_BYTES} bytes together", "more")
    except Exception as error:  # whatever it is, the server must learn that there is no answer
        if _short_of_memory(error):
            return _too_large(job, memory_bytes)
        if isinstance(error, Enf2EnfError):
            return _refused(type(error).__name__, error.name, error.expected, error.got)
        traceback.print_exc()
        return pack({"kind": "failed"})


def _short_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, be it in a reader or while its folder was emptied after it."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        error = error.__context__
    return False


def _parsed(job: IncomingMessage) -> list[memoryview]:
    start, about = time.perf_counter(), job.about
    mesh = read_bytes(job.arrays.pop().tobytes(), about["file_name"]).scaled(about["length_unit"])
    _admit(about["limits"], nodes=len(mesh.points), cells=mesh.cell_count)
    whole = unfolded(mesh, about["symmetry"], about["walls"])
    _admit(about["limits"], nodes=len(whole.points), cells=whole.cell_count)
    outline = Outline.of(whole)
    _admit(about["limits"], sides=outline.sides)
    _admit(about["limits"], curves=len(outline.loops))
    geometry = Geometry.from_outline(outline, about["walls"], about["outer_is_far"])
    plan = geometry.plan(about["panels"])
    described = describe(geometry, about["length"])
    outside = _outside(mesh, outline, geometry)
    axes, seconds = mirrors(mesh, about["symmetry"]), time.perf_counter() - start
    return pack(*pack_mesh(mesh, geometry, plan, described, outside, seconds, axes))


def _admit(limits: Mapping[str, int], **counts: int) -> None:
    for what, count in counts.items():
        if count > limits[what]:
            raise _BeyondLimit("mesh", f"at most {limits[what]} {_COUNTED.get(what, what)}", str(count))


def _outside(mesh: Mesh, outline: Outline, geometry: Geometry) -> int:
    """How many nodes are not in the domain. Those on its boundary are."""
    others = np.ones(len(outline.mesh.points), bool)
    others[np.concatenate(outline.loops)] = False
    return int((~geometry.contains(mesh.points[others[: len(mesh.points)]])).sum())


def _too_large(job: IncomingMessage, memory_bytes: int) -> list[memoryview]:
    expected = f"a mesh that can be read in {memory_bytes >> 20} MiB of memory"
    name = job.about["file_name"]
    return _refused("MeshError", name if PurePath(name).suffix else "mesh", expected, "one that needs more", last=True)


def _refused(error: str, name: str, expected: str, got: str, last: bool = False) -> list[memoryview]:
    """A refusal; `last` where this process had better be replaced."""
    parts = {"name": name[:_LONGEST], "expected": expected[:_LONGEST], "got": got[:_LONGEST]}
    return pack({"kind": "refused", "error": error, "last": last, **parts})


if __name__ == "__main__":
    main()
