"""How well does the server share a model among many clients?

    python -m benchmarks.server

The server and the same work in process take turns in one process, the clients are another one (`benchmarks.load`), all
on one machine. Small questions are asked of eight geometries. `unbatched` is the same server that works on one question
at a time, with the same programs.
"""

import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, main, median_seconds, seconds
from enf2enf import io as mesh_io
from enf2enf.client import Client
from enf2enf.surrogate import Surrogate
from enf2enf.threads import run_in_calling_thread
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

GEOMETRIES, ROUNDS, SECONDS = 8, 5, 5.0
LARGE, SMALL = (16, 2000), (32, 50)  # clients, points
WAITING, WAITING_POINTS, LONG = 100, 100, 10_000_000


@contextmanager
def serving(surrogate: Surrogate, config: ServerConfig) -> Iterator[tuple[str, list[str]]]:
    """The address of a warm server, and handles of different geometries."""
    server, port = create_server(surrogate, config)
    target = f"127.0.0.1:{port}"
    try:
        server.start().result()
        mesh = mesh_io.read_bytes(shipped.mesh_bytes(), shipped.MESH_NAME)
        sizes = 1 - 0.005 * np.arange(GEOMETRIES)
        with Client(target) as client:
            handles = [client.encode(type(mesh)(mesh.points * size, mesh.cells)).handle for size in sizes]
        yield target, handles
    finally:
        server.stop()


def load(target: str, handles: list[str], clients: int, points: int) -> dict[str, float]:
    """What many clients see."""
    numbers = map(str, (clients, points, SECONDS))
    command = [sys.executable, "-m", "benchmarks.load", target, ",".join(handles), *numbers]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def shared(surrogate: Surrogate, target: str, handles: list[str]) -> list[Row]:
    """Questions of 2,000 points from 16 clients, and the same work in process at the size that is fastest."""
    evaluator = surrogate.evaluator(shipped.encoded(surrogate), {})
    points = shipped.points(shipped.encoded(surrogate), surrogate.chunk_points)
    inside, over = [], []
    for _ in range(ROUNDS):
        inside.append(len(points) / median_seconds(lambda: evaluator.chunk(points), 50))
        over.append(load(target, handles, *LARGE))
    ratio = statistics.median(seen["rate"] * LARGE[1] / alone for seen, alone in zip(over, inside, strict=True))
    late = statistics.median(seen["p99"] / seen["p50"] for seen in over)
    return [
        Row("16 clients x 2,000 points", statistics.median(seen["rate"] for seen in over) * LARGE[1], "points/s"),
        Row("16 clients x 2,000 points, over in process", ratio, "", 0.85, more_is_better=True),
        Row("16 clients x 2,000 points, p99 over p50", late, "", 3.0),
    ]


def together(surrogate: Surrogate) -> list[Row]:
    """Questions of 50 points from 32 clients, computed together and one by one.

    One server at a time: gRPC has one thread for the events of all event loops of a process.
    """
    rates: dict[int, list[float]] = {ServerConfig().batch: [], 1: []}
    for _ in range(ROUNDS):
        for batch, seen in rates.items():
            with serving(surrogate, ServerConfig(batch=batch)) as (target, handles):
                seen.append(load(target, handles, *SMALL)["rate"])
    batched, unbatched = map(statistics.median, rates.values())
    return [
        Row("32 clients x 50 points, batched", batched, "answers/s"),
        Row("32 clients x 50 points, unbatched", unbatched, "answers/s"),
        Row("32 clients x 50 points, batched over unbatched", batched / unbatched, "", 1.5, more_is_better=True),
    ]


def alone(surrogate: Surrogate, target: str, handle: str) -> list[Row]:
    """One client that asks a known geometry, against the library's decode, and against one that was prepared before."""
    encoding = shipped.encoded(surrogate)
    evaluator, points = surrogate.evaluator(encoding, {}), shipped.points(encoding, 2000)
    query = pb.Query(explicit_points=pb.ExplicitPoints(count=len(points), dim=2))
    request = pb.SampleRequest(handle=handle, query=query, points=points.tobytes())
    with grpc.insecure_channel(target) as channel:
        stub = pb_grpc.SurrogateStub(channel)
        ways = [lambda: surrogate.decode(encoding, {}, points), lambda: evaluator.chunk(points),
                lambda: stub.Sample(request)]  # fmt: skip
        times = [[seconds(way) for way in ways] for _ in range(210)][10:]
    inside, prepared, over = (statistics.median(column) for column in zip(*times, strict=True))
    return [
        Row("2,000 points by handle, over the decode alone", over / inside, "", 1.15),
        Row("2,000 points by handle, over a decode prepared before", over / prepared, "", 1.15),
    ]


def beside_a_long_one(target: str, handle: str) -> list[Row]:
    """What a small question waits for while ten million points are decoded."""
    side = round(LONG**0.5)
    grid = pb.Query(grid=pb.RegularGrid(lower=[0, 0], upper=[1, 1], resolution=[side, side]))
    points = np.random.default_rng(0).uniform(0, 1, (WAITING_POINTS, 2))
    query = pb.Query(explicit_points=pb.ExplicitPoints(count=len(points), dim=2))
    request = pb.SampleRequest(handle=handle, query=query, points=points.tobytes())
    with grpc.insecure_channel(target) as channel, grpc.insecure_channel(target) as other:
        header = pb.DecodeHeader(handle=handle, query=grid)
        answers = pb_grpc.SurrogateStub(other).Decode(iter([pb.DecodeRequest(header=header)]))
        next(answers)
        reading = threading.Thread(target=_read, args=(answers,))
        reading.start()
        stub = pb_grpc.SurrogateStub(channel)
        times = [seconds(lambda: stub.Sample(request)) for _ in range(WAITING)]
        assert reading.is_alive()
        answers.cancel()
        reading.join()
    return [
        Row("100 points beside a decode of 10 million, p50", 1e3 * float(np.quantile(times, 0.5)), "ms"),
        Row("100 points beside a decode of 10 million, p99", 1e3 * float(np.quantile(times, 0.99)), "ms", 150.0),
    ]


def _read(answers: grpc.Call) -> None:
    try:
        for _ in answers:
            pass
    except grpc.RpcError:  # cancelled
        pass


def measure() -> list[Row]:
    """All of them."""
    run_in_calling_thread()  # as `enf2enf serve` does
    surrogate = shipped.surrogate()
    with serving(surrogate, ServerConfig()) as (target, handles):
        first, last = shared(surrogate, target, handles), beside_a_long_one(target, handles[0])
        last += alone(surrogate, target, handles[0])
    return [*first, *together(surrogate), *last]


if __name__ == "__main__":
    main(measure, __doc__)
