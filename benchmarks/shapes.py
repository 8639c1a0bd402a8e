"""What do shapes cost that nobody draws but who wants to do harm: the parsers, and other callers?

    python -m benchmarks.shapes

Files of curves, as small as such a shape can be made. A parser's figures are of one process that does nothing else.
While such files are uploaded and asked about, another caller of the server asks 100 points of the shipped geometry.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, main, seconds
from enf2enf.client import Client
from enf2enf.errors import Enf2EnfError
from enf2enf.io import write_bytes
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.threads import run_in_calling_thread
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.parsing.parsed_mesh import MeshLimits, ShapeOptions
from enf2enf_server.parsing.pool import Parsers

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
SHAPE = ShapeOptions(384)
ASKED, ROUNDS = 100, 300  # points of a question, questions
RESIDENT, SOON, LITTLE = 500.0, 1.0, 3.0  # MB, seconds, times


def curve(sides: int, low: float = 0.15, high: float = 0.3) -> np.ndarray:
    """A star about the middle of the square; a circle where both radii are the same."""
    angle = 2 * np.pi * np.arange(sides) / sides
    radius = np.where(np.arange(sides) % 2, high, low)
    return 0.5 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def file(*curves: np.ndarray) -> bytes:
    """Curves in the square, as a file."""
    loops = ["\n".join(f"{x!r},{y!r}" for x, y in loop.tolist()) for loop in (SQUARE, *curves)]
    return ("x,y\n" + "\n\n".join(loops) + "\n").encode()


def ring(sides: int, nodes: int) -> bytes:
    """A ring of quadrilaterals, as a VTU file: so many sides in its boundary, and so many nodes."""
    around = sides // 2
    rings = [curve(around, radius, radius) for radius in np.linspace(0.1, 0.3, nodes // around)]
    number = np.arange(nodes).reshape(-1, around)
    after = np.roll(number, -1, axis=1)
    cells = np.stack([number[:-1], after[:-1], after[1:], number[1:]], axis=2).reshape(-1, 4)
    return write_bytes(Mesh(np.concatenate(rings), (CellBlock("quad", cells),)), "vtu")


def parsed(name: str, data: bytes, mark: float | None, format: str = "csv") -> list[Row]:
    """How long a file takes one parser, to its geometry or to the refusal, and what memory."""
    config = ServerConfig()
    limits = MeshLimits(config.mesh_nodes, config.mesh_cells, config.mesh_curves, config.mesh_sides)
    pool = Parsers(1, 60.0, config.parser_bytes)

    def read() -> None:
        with suppress(Enf2EnfError):
            pool.parse(data, format, "m", (), limits, SHAPE)

    try:
        pool.parse(file(curve(60)), "a.csv", "m", (), limits, SHAPE)
        took = min(seconds(read) for _ in range(3))
        with open(f"/proc/{pool.pids[0]}/status") as status:
            (peak,) = [int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM")]
    finally:
        pool.close()
    return [Row(f"{name}, read", took, "s", mark), Row(f"{name}, resident", peak, "MB", RESIDENT)]


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Does something again and again in another thread, meanwhile."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def others() -> list[Row]:
    """What another caller waits for 100 points, alone and beside stars and walls of many sides."""
    server, port = create_server(shipped.surrogate(), ServerConfig())
    points = np.random.default_rng(0).uniform(0, 1, (ASKED, 2))
    # Made before: that would take the interpreter, which the server here has too.
    stars, walls = (
        iter([file(curve(sides, low - 1e-6 * k)) for k in range(count)])
        for sides, low, count in ((8_000, 0.15, 60), (200_000, 0.3, 8))
    )
    try:
        server.start().result()
        with Client(f"127.0.0.1:{port}", timeout=60) as client, Client(f"127.0.0.1:{port}", timeout=60) as other:
            shape = client.encode(shipped.mesh_bytes(), name=shipped.MESH_NAME)

            def ask(files: Iterator[bytes]) -> None:
                other.decode(other.encode(next(files), name="a.csv"), {}, points)

            def waited() -> np.ndarray:
                return 1e3 * np.array([seconds(lambda: client.decode(shape, {}, points)) for _ in range(ROUNDS)])

            waited()
            alone = waited()
            with beside(lambda: ask(stars)):
                beside_stars = waited()
            with beside(lambda: ask(walls)):
                beside_walls = waited()
    finally:
        server.stop()
    kinds = {
        "alone": alone,
        "beside stars of 8,000 vertices": beside_stars,
        "beside walls of 200,000 sides": beside_walls,
    }
    rows = [
        Row(f"100 points {kind}, {name}", float(np.quantile(times, share)), "ms")
        for kind, times in kinds.items()
        for name, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1.0))
    ]
    ratio = float(np.quantile(beside_stars, 0.99) / np.quantile(alone, 0.99))
    return [*rows, Row("100 points beside stars over alone, p99", ratio, "", LITTLE)]


def measure() -> list[Row]:
    """All of them."""
    run_in_calling_thread()  # as `enf2enf serve` does
    holes = [0.5 + 0.2 / 50 * (curve(6, 0.3, 0.3) - 0.5) + (x, y) for x in np.linspace(-0.45, 0.45, 50)
             for y in np.linspace(-0.45, 0.45, 50)]  # fmt: skip
    return [
        *parsed("a star of 30,000 vertices", file(curve(30_000)), SOON),
        *parsed("2,500 walls, refused", file(*holes), SOON),
        *parsed("a circle of a million sides, refused", file(curve(1_000_000, 0.3)), None),
        *parsed("two million nodes in a ring of a million sides, refused", ring(1_000_000, 2_000_000), None, "vtu"),
        *others(),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
