"""What does gRPC cost, against the same decode in process?

    python -m benchmarks.wire

50,000 points of one client on the same machine, explicit coordinates up, values down. The two take turns; medians. Then
32,768 random points of the model with the most latents of `benchmarks.latents`, whose points are sorted by both.
"""

import contextlib
import functools
import statistics
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import latents, shipped
from benchmarks.rows import Row, main, seconds
from enf2enf.client import Client
from enf2enf.surrogate import Surrogate
from enf2enf.threads import run_in_calling_thread
from enf2enf_server.gate.app import create_server

POINTS, REPETITIONS = 50_000, 15
RANDOM, RANDOM_REPETITIONS = 32_768, 9


@contextlib.contextmanager
def serving(surrogate: Surrogate) -> Iterator[Client]:
    """A client of a warm server on a free port."""
    server, port = create_server(surrogate)
    try:
        server.start().result()
        with Client(f"127.0.0.1:{port}") as client:
            yield client
    finally:
        server.stop()


def compared(
    surrogate: Surrogate, inside: Callable[[np.ndarray], object], points: np.ndarray, repetitions: int
) -> tuple[float, float]:
    """Median seconds of the same points in process and over gRPC, in turn."""
    with serving(surrogate) as client:
        shape = client.encode(shipped.mesh_bytes(), name=shipped.MESH_NAME)
        ways = [lambda: inside(points), lambda: client.decode(shape, {}, points)]
        times = [[seconds(way) for way in ways] for _ in range(1 + repetitions)][1:]
    within, over = (statistics.median(column) for column in zip(*times, strict=True))
    return within, over


def measure() -> list[Row]:
    """Both times and their ratio, of the shipped model and of one whose points are sorted."""
    run_in_calling_thread()  # as `enf2enf serve` does
    surrogate = shipped.surrogate()
    encoding = shipped.encoded(surrogate)
    decode = functools.partial(surrogate.decode, encoding, {})
    inside, over = compared(surrogate, decode, shipped.points(encoding, POINTS), REPETITIONS)
    grid = max(latents.GRIDS)
    count = grid**2 + latents.WALL
    many = shipped.with_latents(grid, latents.WALL, latents.SPACINGS / grid)
    encoding = shipped.encoded(many)
    evaluator = many.evaluator(encoding, {})  # the server keeps one, too
    random = compared(many, evaluator, shipped.points(encoding, RANDOM), RANDOM_REPETITIONS)
    return [
        Row("50,000 points in process", 1e3 * inside, "ms"),
        Row("50,000 points over gRPC", 1e3 * over, "ms"),
        Row("50,000 points over gRPC, over in process", over / inside, "", 1.10),
        Row(f"random points, {count:,} latents, served over in process", random[1] / random[0], "", 1.15),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
