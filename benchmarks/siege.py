"""Can a caller stop the server, or slow another?

    python -m benchmarks.siege

A server with tokens, in a process of its own, is attacked in the ways of `benchmarks.attackers`, while a caller with
another token asks for 100 points at a time, and a probe for its health. Their 99th percentiles are held against those
of the same server left in peace just before.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rich.console import Console

from benchmarks import shipped
from benchmarks.rows import Row, main
from enf2enf.client import Client
from enf2enf_server.gate.tokens import issue

SECONDS, SETTLE, POINTS = 10.0, 2.0, 100
CLIENTS, ADMITTED, EAGER = 1, 8, 64
CONNECTIONS = (1, 20, 200)


class Besieged:
    """A server in a process of its own, its callers and its attackers.

    Args:
        per_second: calls that the attackers' token may make; None is no limit.
    """

    def __init__(self, per_second: float | None = None):
        self.good, self.bad = issue("good"), issue("bad", per_second=per_second)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """The time that it serves."""
        with tempfile.TemporaryDirectory() as folder:
            tokens = Path(folder) / "tokens.toml"
            tokens.write_text(f"{self.good[1]}\n{self.bad[1]}")
            command = [sys.executable, "-m", "enf2enf", "serve", "elasticity", "--port", "0", "--unsupervised"]
            command += ["--tokens", str(tokens), "--log-level", "error"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                try:
                    self.target = process.stdout.readline().split()[-1]
                    with Client(self.target, token=self.good[0]) as client:
                        self.handle = client.encode(shipped.mesh()).handle
                    yield
                finally:
                    process.terminate()

    @contextlib.contextmanager
    def attacked(self, what: str, number: int) -> Iterator[None]:
        """The time of an attack, some seconds after its beginning."""
        numbers = [str(number), str(SECONDS + 2 * SETTLE)]
        command = [sys.executable, "-m", "benchmarks.attackers", what, self.target, *numbers]
        secret = [] if what == "held" else [self.bad[0]]
        with subprocess.Popen([*command, *secret], stdout=subprocess.PIPE, text=True) as process:
            time.sleep(SETTLE)
            yield
            Console(stderr=True).print(what, number, process.communicate()[0].strip())

    def asked(self, clients: int = CLIENTS) -> dict[str, float]:
        """What callers with a good token see, and in `health` the 99th percentile of the answers to a probe."""
        numbers = [str(clients), str(POINTS), str(SECONDS), self.good[0]]
        command = [sys.executable, "-m", "benchmarks.load", self.target, self.handle, *numbers]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            times, stop = [], threading.Event()
            probing = threading.Thread(target=self._probe, args=(times, stop))
            probing.start()
            seen = json.loads(process.communicate()[0])
            stop.set()
            probing.join()
        return seen | {"health": float(np.quantile(times, 0.99))}

    def _probe(self, times: list[float], stop: threading.Event) -> None:
        with grpc.insecure_channel(self.target, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            while not stop.wait(0.05):
                start = time.perf_counter()
                check(health_pb2.HealthCheckRequest(), timeout=10)
                times.append(time.perf_counter() - start)


def beside(name: str, peace: dict[str, float], siege: dict[str, float]) -> list[Row]:
    """What another caller and a probe see of an attack."""
    return [
        Row(f"{name}: health, p99", 1e3 * siege["health"], "ms", 100.0),
        Row(f"{name}: 100 points of another, p99", 1e3 * siege["p99"], "ms"),
        Row(f"{name}: 100 points of another, p99 over that in peace", siege["p99"] / peace["p99"], "", 2.0),
    ]


def measure() -> list[Row]:
    """All of them."""
    rows, besieged = [], Besieged()
    attacks = [(f"2,000 silent calls, {n} connections", "held", n) for n in CONNECTIONS]
    attacks += [("64 uploads at a byte a second", "trickle", 64), ("6 stars of 30,000 vertices", "stars", 6)]
    with besieged.serving():
        besieged.asked()
        for name, what, number in attacks:
            peace = besieged.asked()
            with besieged.attacked(what, number):
                rows += beside(name, peace, besieged.asked())
    full = Besieged(per_second=1)
    with full.serving():
        peace = full.asked(ADMITTED)
        with full.attacked("retry", EAGER):
            siege = full.asked(ADMITTED)
    name = f"{EAGER} clients that retry at once, beside {ADMITTED} admitted"
    share = siege["rate"] / peace["rate"]
    return [*rows, Row(f"{name}: throughput of these", share, "", 0.9, more_is_better=True)]


if __name__ == "__main__":
    main(measure, __doc__)
