"""What does JSON over HTTP cost, against gRPC, and what does it cost those who ask by gRPC meanwhile?

    python -m benchmarks.http

One client of each on the same machine, in turn: one point, and 50,000. Then `Describe` by gRPC, which needs no device,
while two others take 50,000 points after another by HTTP.
"""

import contextlib
import functools
import http.client
import json
import statistics
import threading
from collections.abc import Callable, Iterator

from benchmarks import shipped
from benchmarks.rows import Row, main, seconds
from enf2enf.client import Client
from enf2enf.client.replies import RemoteShape
from enf2enf.grid import Grid
from enf2enf.threads import run_in_calling_thread
from enf2enf_server.gate.app import create_server

GRID, REPETITIONS, CALLS, OTHERS = (250, 200), 9, 500, 2
PLACE = {"grid": {"lower": [0, 0], "upper": [1, 1], "resolution": GRID}}


def over_http(port: int, handle: str, at: object) -> Callable[[], bytes]:
    """Asks the same question whenever it is called."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"handle": handle, "conditions": {}, "at": at})

    def ask() -> bytes:
        line.request("POST", "/v1/decode", body)
        answer = line.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:200]
        return content

    return ask


@contextlib.contextmanager
def besieged(asks: list[Callable[[], bytes]]) -> Iterator[None]:
    """The time in which others ask, each after its answer again."""
    stop = threading.Event()

    def ask_on(ask: Callable[[], bytes]) -> None:
        while not stop.is_set():
            ask()

    threads = [threading.Thread(target=ask_on, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def compared(client: Client, shape: RemoteShape, port: int) -> list[Row]:
    """Both ways to ask for few points and for many."""
    rows, many = [], f"{GRID[0] * GRID[1]:,} points"
    for name, at, same, often in (
        ("1 point", [[0.1, 0.1]], [[0.1, 0.1]], CALLS),
        (many, PLACE, Grid((0, 0), (1, 1), GRID), REPETITIONS),
    ):
        ways = [functools.partial(client.decode, shape, {}, same), over_http(port, shape.handle, at)]
        times = [[seconds(way) for way in ways] for _ in range(1 + often)][1:]
        by_grpc, by_http = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
        rows += [Row(f"{name} over gRPC", by_grpc, "ms"), Row(f"{name} over HTTP", by_http, "ms")]
    return rows


def measure() -> list[Row]:
    """The times of both, and those of others."""
    run_in_calling_thread()  # as `enf2enf serve` does
    server, target = create_server(shipped.surrogate())
    port = server.listen_http("127.0.0.1", 0)
    server.start().result()
    try:
        with Client(f"127.0.0.1:{target}") as client:
            shape = client.encode(shipped.mesh_bytes(), name=shipped.MESH_NAME)
            rows = compared(client, shape, port)
            for name, others in (("alone", 0), (f"beside {OTHERS} clients of HTTP", OTHERS)):
                with besieged([over_http(port, shape.handle, PLACE) for _ in range(others)]):
                    times = [seconds(client.describe) for _ in range(CALLS)]
                slowest = 1e3 * statistics.quantiles(times, n=100)[-1]
                rows.append(Row(f"Describe over gRPC {name}, 99th percentile", slowest, "ms"))
            return rows
    finally:
        server.stop()


if __name__ == "__main__":
    main(measure, __doc__)
