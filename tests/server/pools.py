"""What the tests of mesh parsing share: pools, requests, and patience."""

import dataclasses
import functools
import os
import time

from enf2enf_server.parsing.parsed_mesh import MeshLimits, ParsedMesh, ShapeOptions
from enf2enf_server.parsing.pool import Parsers

LIMITS, PANELS = MeshLimits(*[10**6] * 4), 32


def until(condition, seconds: float = 60.0) -> None:
    """Waits for a condition, which must come to pass."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.005)


def running(count: int, seconds: float = 20.0, memory: int = 1 << 30) -> Parsers:
    """A pool that is complete."""
    pool = Parsers(count, seconds, memory)
    until(lambda: len(pool.pids) == count)
    return pool


def ask(
    pool: Parsers, data: bytes, name: str = "cell.vtu", walls=(), alive=None, caller="", far=False, **limits: int
) -> ParsedMesh:
    """A request in metres, which does not wait for ever."""
    deadline = time.monotonic() + 30

    def patient():
        assert time.monotonic() < deadline, "no answer"

    most = dataclasses.replace(LIMITS, **limits)
    return pool.parse(data, name, "m", walls, most, ShapeOptions(PANELS, far), alive or patient, caller)


@functools.cache
def slow() -> bytes:
    """A text STL that takes a second or so: nothing but many facets."""
    facet = b"facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 %d\nendloop\nendfacet\n"
    return b"solid a\n" + b"".join(facet % k for k in range(80_000)) + b"endsolid a\n"


def cpu(pid: int) -> float:
    """Seconds that a process has computed."""
    with open(f"/proc/{pid}/stat") as stat:
        return sum(int(n) for n in stat.read().rpartition(")")[2].split()[11:13]) / os.sysconf("SC_CLK_TCK")


def busy(since: dict[int, float]) -> int:
    """The one process that computes, of those that had computed so long."""
    until(lambda: any(cpu(pid) > since[pid] + 0.1 for pid in since))
    return next(pid for pid in since if cpu(pid) > since[pid] + 0.1)
