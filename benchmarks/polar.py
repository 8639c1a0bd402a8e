"""What does a new direction of the inflow cost, where frames follow it?

    python -m benchmarks.polar

A model of the usual size with random weights, an aerofoil of 192 sides, served on this machine. A direction is new when
the network has not seen the shape in it: it encodes it anew, twice with its mirror image. A polar is 64 directions of
100 points each, asked in one call by a client in another process: alone, and while a second caller, in a process of its
own too, asks 100 points again and again under conditions that the server knows. It does so in peace before every one of
these polars, as often: a machine that others use is as busy in both.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from benchmarks.rows import Row, main, seconds
from benchmarks.wire import serving
from enf2enf.client import Client
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.surrogate import Surrogate
from enf2enf.threads import run_in_calling_thread

POINTS, DIRECTIONS, ROUNDS, BESIDE, WAITING = 100, 64, 8, 16, 100
SPEED = 30.0


def surrogate() -> Surrogate:
    """An untrained one of the problem `joukowski`, in the frames that it states."""
    problem = Joukowski()
    inputs, outputs = problem.schema.condition_width, problem.schema.field_width
    low, high = np.array([1.0, 0.0]), np.array([100.0, 0.0])
    ranges = low[:inputs], high[:inputs], low[:1], high[:1]
    normaliser = Normaliser(problem.schema, 1.0, (1.0, 1.0), np.zeros(outputs), np.ones(outputs), *ranges)
    return Surrogate.untrained(ModelConfig(frames=problem.frames), normaliser)


def aerofoil() -> Mesh:
    """The walls of the first case of the problem, as bare curves."""
    mesh = Joukowski().make(0, 0)[0].mesh
    nodes = mesh.cells[0].nodes
    return Mesh(mesh.points, (CellBlock("line", nodes),))


def inflow(angle: float) -> dict[str, list[float]]:
    """The conditions at an angle to the x axis, rad."""
    return {"inflow": [SPEED * np.cos(angle), SPEED * np.sin(angle)]}


def places() -> np.ndarray:
    """Where the fields are asked for: all over the box, some of them in the body."""
    return np.random.default_rng(0).uniform([-1, -1], [2, 1], (POINTS, 2))


def answer_polars(target: str) -> None:
    """For every line that comes, asks a polar of directions that were not asked before, and prints its seconds."""
    random = np.random.default_rng(1)
    with Client(target) as client:
        shape = client.encode(aerofoil())
        for _ in sys.stdin:
            asked = [inflow(angle) for angle in random.uniform(-np.pi, np.pi, DIRECTIONS)]
            print(seconds(lambda asked=asked: client.predict_many(shape, asked, places())), flush=True)


@contextmanager
def polars(target: str) -> Iterator[Callable[[], float]]:
    """A function that has another, warmed-up process ask a polar, and returns the seconds that it took."""
    command = [sys.executable, "-m", "benchmarks.polar", "--polars", target]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        asking, answers = process.stdin, process.stdout

        def once() -> float:
            asking.write("\n")
            asking.flush()
            return float(answers.readline())

        once()
        yield once
        asking.close()


def ask_beside(target: str) -> tuple[list[float], list[float], list[float]]:
    """Seconds of every polar, and of 100 points of another caller in peace and beside polars."""
    alone: list[float] = []
    beside: list[float] = []
    took: list[float] = []
    with Client(target) as client, polars(target) as polar, ThreadPoolExecutor(1) as thread:
        shape = client.encode(aerofoil())

        def once() -> float:
            return seconds(lambda: client.decode(shape, inflow(0.0), places()))

        for _ in range(BESIDE):
            alone += [once() for _ in range(WAITING)]
            running = thread.submit(polar)
            while not running.done():
                beside.append(once())
            took.append(running.result())
    return took, alone, beside


def measure() -> list[Row]:
    """One direction after the other, then polars, then polars beside another caller."""
    run_in_calling_thread()  # as `enf2enf serve` does
    with serving(surrogate()) as client:
        shape = client.encode(aerofoil())
        angles = np.random.default_rng(0).uniform(-np.pi, np.pi, 60)
        new = [seconds(lambda angle=angle: client.decode(shape, inflow(angle), places())) for angle in angles][10:]
        with polars(client.target) as polar:
            alone = [polar() for _ in range(ROUNDS)]
        command = [sys.executable, "-m", "benchmarks.polar", "--beside", client.target]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    took, peace, beside_them = json.loads(told)
    idle, busy = (float(np.quantile(times, 0.99)) for times in (peace, beside_them))
    return [
        Row("same handle, new direction, 100 points", 1e3 * statistics.median(new), "ms", 15),
        Row("64 directions x 100 points", statistics.median(alone), "s", 1.2),
        Row("64 directions x 100 points beside another caller", statistics.median(took), "s"),
        Row("100 points of another caller in peace, p99", 1e3 * idle, "ms"),
        Row("100 points of another caller beside polars, p99 over that in peace", busy / idle, "", 2.0),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--polars"]:
        answer_polars(sys.argv[2])
    elif sys.argv[1:2] == ["--beside"]:
        print(json.dumps(ask_beside(sys.argv[2])))
    else:
        main(measure, __doc__)
