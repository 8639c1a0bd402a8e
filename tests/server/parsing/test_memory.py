"""The largest files that are no meshes of anybody's: what reading them takes, up to their refusal."""

import resource
import sys

import numpy as np
import pytest
from pools import ask, running

from enf2enf.io import write_bytes
from enf2enf.mesh import CellBlock, Mesh
from enf2enf_server.ops.errors import LimitError

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="who tells what was resident")]
SIDES, MOST = 1_000_000, 500e6  # bytes


def circle(radius: float, count: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def table() -> bytes:
    return "".join(f"{x!r},{y!r}\n" for x, y in circle(0.3, SIDES).tolist()).encode()


def ring() -> bytes:
    """Two million nodes, with half as many sides."""
    around = SIDES // 2
    number = np.arange(4 * around).reshape(4, around)
    after = np.roll(number, -1, axis=1)
    cells = np.stack([number[:-1], after[:-1], after[1:], number[1:]], axis=2).reshape(-1, 4)
    points = np.concatenate([circle(radius, around) for radius in np.linspace(0.1, 0.3, 4)])
    return write_bytes(Mesh(points, (CellBlock("quad", cells),)), "vtu")


@pytest.mark.parametrize("name, data", [("a.csv", table), ("a.vtu", ring)])
def test_reading_it_takes_no_more_than_is_allowed(name, data):
    pool = running(1)
    try:
        with pytest.raises(LimitError, match="sides of its boundary, got 1000000"):
            ask(pool, data(), name, nodes=10 * SIDES, cells=10 * SIDES, sides=SIDES // 2)
        with open(f"/proc/{pool.pids[0]}/status") as status:
            (peak,) = [1000 * int(line.split()[1]) for line in status if line.startswith("VmHWM")]
    finally:
        pool.close()
    assert 100e6 < peak < MOST


def test_the_stack_of_this_process_is_not_that_of_a_thread():
    """Which would take all the memory there is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 32, hard))
    try:
        pool = running(1)
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
    try:
        assert len(ask(pool, b"x,y\n0,0\n1,0\n1,1\n0,1\n", "a.csv").nodes) == 4
    finally:
        pool.close()
