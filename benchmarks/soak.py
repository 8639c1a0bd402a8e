"""Does the server stay right, responsive and small under mixed work and misbehaviour?

    python -m benchmarks.soak --seconds 600

24 clients on one machine with a server in a process of its own. Most ask, in every way; some cancel in the middle, go
away in the middle of an upload, send garbage, read so slowly that their stream stalls, open calls and say nothing, send
a byte at a time, upload a star of 30,000 vertices, or come back at once when they are refused. Every answer is compared
with the same decode in process. One more client asks for 100 points at a time, and its 99th percentile is a figure.
Memory is the server's, without its parsers, after a minute of warming up and at the end.
"""

import argparse
import contextlib
import functools
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks import shipped
from benchmarks.attackers import star
from benchmarks.rows import Row, table, write_json
from enf2enf.client import Client
from enf2enf.errors import QueryError
from enf2enf.grid import Grid
from enf2enf.io import write_bytes
from enf2enf.mesh import Mesh
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate.app import SERVICE

CLIENTS, GEOMETRIES, POOL = 24, 8, 20_000
SILENT, POLITE = 30, 100  # calls, points
WARM, STALL, LONGEST = 60.0, 3.0, 60.0  # seconds; a call that takes longer than the last hangs
FAULTS = ("cancel", "leave", "garbage", "stall", "silence", "trickle", "star", "hurry")
_REFUSALS = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}


class Truth:
    """Geometries, points, and the fields there, computed in this process."""

    def __init__(self):
        surrogate, mesh = shipped.surrogate(), shipped.mesh()
        self.meshes = [Mesh(mesh.points * (1 - 0.005 * k), mesh.cells) for k in range(GEOMETRIES)]
        self.files = [write_bytes(one, "vtu") for one in self.meshes]
        encodings = [surrogate.encode(one) for one in self.meshes]
        self.points = np.random.default_rng(0).uniform(-0.05, 1.05, (POOL, 2))
        (self.field,) = (quantity.name for quantity in surrogate.schema.fields)
        self.values = [surrogate.decode(encoding, {}, self.points)[self.field] for encoding in encodings]
        self.grid = Grid((0.0, 0.0), (1.0, 1.0), (300, 300))
        self.on_grid = [surrogate.decode(encoding, {}, self.grid.points)[self.field] for encoding in encodings]
        self.span = max(float(np.nanmax(values) - np.nanmin(values)) for values in self.values)

    def wrong(self, values: np.ndarray, expected: np.ndarray) -> bool:
        """Whether values are further than 1e-5 of the span from the expected ones, or missing elsewhere."""
        return not np.allclose(values, expected, rtol=0, atol=1e-5 * self.span, equal_nan=True)


class Worker:
    """One client, which does one thing after the other as its random numbers say."""

    def __init__(self, number: int, target: str, truth: Truth, seen: Counter):
        self.random, self.truth, self.seen, self.target = np.random.default_rng(number), truth, seen, target
        self.client = Client(target, timeout=LONGEST)
        self.channel = grpc.insecure_channel(target)
        self.stub = pb_grpc.SurrogateStub(self.channel)
        self.shapes = [self.client.encode(one, name="vtu") for one in truth.files]
        self.honest = [self.sample, self.sample, self.several, self.stream, self.upload, self.predict]
        self.faulty = [getattr(self, name) for name in FAULTS]

    def run(self, until: float) -> None:
        """Work until a time of `time.monotonic`."""
        while time.monotonic() < until:
            work = self.random.choice(self.honest if self.random.random() < 0.75 else self.faulty)
            start = time.monotonic()
            try:
                work()
                self.seen[work.__name__] += 1
            except Exception as error:
                self.seen[f"failed: {work.__name__}: {str(error)[:200]}"] += 1
            if time.monotonic() - start > LONGEST:
                self.seen["hangs"] += 1
        self.client.close()
        self.channel.close()

    def sample(self) -> None:
        """A small question."""
        self._ask(int(self.random.integers(1, 400)))

    def several(self) -> None:
        """One of 2,000 points."""
        self._ask(2000)

    def stream(self) -> None:
        """One that is answered in several messages."""
        self._ask(POOL)

    def upload(self) -> None:
        """A geometry that nobody has sent before."""
        mesh = self.truth.meshes[0]
        moved = Mesh(mesh.points + self.random.uniform(0, 1, 2), mesh.cells)
        assert self.client.encode(moved).nodes == len(mesh.points)

    def predict(self) -> None:
        """Upload and question in one call."""
        chosen = self._any()
        answer = self.client.predict(self.truth.files[chosen], {}, self.truth.points[:500], name="vtu")
        self._compare(answer[self.truth.field], self.truth.values[chosen][:500])

    def cancel(self) -> None:
        """A long question that is no longer wanted."""
        answers = self._grid()
        next(answers)
        answers.cancel()

    def leave(self) -> None:
        """A connection that ends in the middle of an upload."""
        channel = grpc.insecure_channel(self.target, [("grpc.use_local_subchannel_pool", 1)])
        hold = threading.Event()

        def requests() -> Iterator[pb.EncodeRequest]:
            yield pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=1 << 20))
            yield pb.EncodeRequest(chunk=bytes(1000))
            hold.wait(LONGEST)

        call = pb_grpc.SurrogateStub(channel).Encode.future(requests(), timeout=LONGEST)
        time.sleep(0.05)
        channel.close()
        hold.set()
        with contextlib.suppress(grpc.RpcError, grpc.FutureCancelledError):
            call.result()

    def garbage(self) -> None:
        """Bytes that are no message, or no mesh."""
        data = self.random.bytes(int(self.random.integers(1, 2000)))
        raw = self.channel.stream_stream("/enf2enf.v1.Surrogate/Predict", None, None)
        header = pb.PredictRequest(header=pb.MeshHeader(name="vtu", size=len(data))).SerializeToString()
        sent = self.random.choice([0, 1])
        parts = [data] if sent else [header, pb.PredictRequest(chunk=data).SerializeToString()]
        try:
            list(raw(iter(parts), timeout=LONGEST))
        except grpc.RpcError as error:
            assert error.code() in _REFUSALS, error

    def stall(self) -> None:
        """A reader so slow that its stream waits for it, and then takes the rest."""
        chosen = self._any()
        answers, values = self._grid(chosen), []
        values.append(next(answers).chunk)
        time.sleep(STALL)
        values += [answer.chunk for answer in answers if answer.WhichOneof("part") == "chunk"]
        got = np.frombuffer(b"".join(chunk.fields[0].values for chunk in values), "<f4")
        self._compare(got, self.truth.on_grid[chosen])

    def silence(self) -> None:
        """Calls that say nothing."""
        hold = threading.Event()
        calls = [self.channel.stream_unary(f"/{SERVICE}/Sample").future(iter(hold.wait, True)) for _ in range(SILENT)]
        time.sleep(STALL)
        hold.set()
        for call in calls:
            call.cancel()

    def trickle(self) -> None:
        """An upload that is not going to end."""

        def requests() -> Iterator[pb.EncodeRequest]:
            yield pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=1 << 20))
            until = time.monotonic() + STALL
            while time.monotonic() < until:
                time.sleep(0.1)
                yield pb.EncodeRequest(chunk=b"x")

        with contextlib.suppress(grpc.RpcError):  # it ends before its file does
            self.stub.Encode(requests(), timeout=LONGEST)

    def star(self) -> None:
        """A geometry that takes work."""
        with contextlib.suppress(QueryError):  # the server may be full
            self.client.encode(star(int(self.random.integers(1 << 20))), name="vtu")

    def hurry(self) -> None:
        """Questions that come back at once."""
        until = time.monotonic() + STALL
        while time.monotonic() < until:
            with contextlib.suppress(grpc.RpcError):
                self.stub.Describe(pb.DescribeRequest(), timeout=LONGEST)

    def _any(self) -> int:
        return int(self.random.integers(GEOMETRIES))

    def _ask(self, count: int) -> None:
        chosen, first = self._any(), int(self.random.integers(0, POOL - count + 1))
        answer = self.client.decode(self.shapes[chosen], {}, self.truth.points[first : first + count])
        self._compare(answer[self.truth.field], self.truth.values[chosen][first : first + count])

    def _compare(self, values: np.ndarray, expected: np.ndarray) -> None:
        self.seen["answers"] += 1
        self.seen["wrong"] += self.truth.wrong(values, expected)

    def _grid(self, chosen: int = 0) -> grpc.Call:
        grid = self.truth.grid
        query = pb.Query(grid=pb.RegularGrid(lower=grid.lower, upper=grid.upper, resolution=grid.resolution))
        handle = self.client.encode(self.truth.files[chosen], name="vtu").handle
        header = pb.DecodeHeader(handle=handle, query=query)
        return self.stub.Decode(iter([pb.DecodeRequest(header=header)]), timeout=LONGEST)


@contextlib.contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """The address of a server of its own process, and its number."""
    command = [sys.executable, "-m", "enf2enf", "serve", "elasticity", "--port", "0", "--unsupervised"]
    with subprocess.Popen([*command, "--log-level", "error"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1], process.pid
        finally:
            process.terminate()


def resident(pid: int) -> float:
    """Memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def measure(seconds: float) -> list[Row]:
    """The figures, and what was done in words on standard error."""
    truth, seen = Truth(), Counter()
    with serving() as (target, pid):
        until = time.monotonic() + seconds
        workers = [Worker(number, target, truth, seen) for number in range(CLIENTS)]
        polite: list[float] = []
        threads = [threading.Thread(target=functools.partial(worker.run, until)) for worker in workers]
        threads.append(threading.Thread(target=politely, args=(target, truth, until, polite)))
        for thread in threads:
            thread.start()
        memory = [resident(pid) for _ in _seconds(until)][int(min(WARM, seconds / 2)) :]
        for thread in threads:
            thread.join(2 * LONGEST)
        seen["hangs"] += sum(thread.is_alive() for thread in threads)
    Console(stderr=True).print(dict(sorted(seen.items())))
    return rows_of(seen, memory, polite)


def politely(target: str, truth: Truth, until: float, times: list[float]) -> None:
    """One small question after the other, and what each took."""
    with Client(target, timeout=LONGEST) as client:
        shape = client.encode(truth.files[0], name="vtu")
        while time.monotonic() < until:
            start = time.perf_counter()
            client.decode(shape, {}, truth.points[:POLITE])
            times.append(time.perf_counter() - start)
            time.sleep(0.1)


def rows_of(seen: Counter, memory: list[float], polite: list[float]) -> list[Row]:
    """Answers, faults and memory: the last tenth of the time against the first one after the warm-up."""
    tenth = max(1, len(memory) // 10)
    before, after = np.mean(memory[:tenth]), np.mean(memory[-tenth:])
    failed = sum(count for name, count in seen.items() if name.startswith("failed"))
    return [
        Row("answers compared", seen["answers"]),
        Row("faults injected", sum(seen[name] for name in FAULTS)),
        Row(f"{POLITE} points of a polite client, p99", 1e3 * float(np.quantile(polite, 0.99)), "ms"),
        Row("wrong answers", seen["wrong"], "", 0),
        Row("honest requests that failed", failed, "", 0),
        Row("hangs", seen["hangs"], "", 0),
        Row("memory of the server after the warm-up", before, "MiB"),
        Row("growth of it to the end", 100 * (after / before - 1), "%", 5.0),
    ]


def _seconds(until: float) -> Iterator[int]:
    """Counts seconds, with a bar, until a time of `time.monotonic`."""
    for second in track(range(int(until - time.monotonic())), "Soaking", console=Console(stderr=True)):
        time.sleep(1.0)
        yield second


def main(measured: Callable[[float], list[Row]] = measure) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measured(options.seconds)
    Console().print(table(__doc__.splitlines()[0], rows))
    write_json(options.json, {"rows": [row.__dict__ for row in rows]})


if __name__ == "__main__":
    main()
