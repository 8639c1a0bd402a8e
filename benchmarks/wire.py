"""What does gRPC cost, against the same decode in process?

    python -m benchmarks.wire

50,000 points of one client on the same machine, explicit coordinates up, values down. The two take turns; medians.
"""

import contextlib
import statistics
from collections.abc import Iterator

from benchmarks import shipped
from benchmarks.rows import Row, main, seconds
from enf2enf.client import Client
from enf2enf.surrogate import Surrogate
from enf2enf.threads import run_in_calling_thread
from enf2enf_server.gate.app import create_server

POINTS, REPETITIONS = 50_000, 15


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


def measure() -> list[Row]:
    """Both times and their ratio."""
    run_in_calling_thread()  # as `enf2enf serve` does
    surrogate = shipped.surrogate()
    encoding = shipped.encoded(surrogate)
    points = shipped.points(encoding, POINTS)
    with serving(surrogate) as client:
        shape = client.encode(shipped.mesh_bytes(), name=shipped.MESH_NAME)
        ways = [lambda: surrogate.decode(encoding, {}, points), lambda: client.decode(shape, {}, points)]
        times = [[seconds(way) for way in ways] for _ in range(1 + REPETITIONS)][1:]
    inside, over = (statistics.median(column) for column in zip(*times, strict=True))
    return [
        Row("50,000 points in process", 1e3 * inside, "ms"),
        Row("50,000 points over gRPC", 1e3 * over, "ms"),
        Row("50,000 points over gRPC, over in process", over / inside, "", 1.10),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
