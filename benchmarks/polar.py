"""What does a new direction of the inflow cost, where frames follow it?

    python -m benchmarks.polar

A model of the usual size with random weights, an aerofoil of 192 sides, served on this machine. A direction is new when
the network has not seen the shape in it: it encodes it anew, twice with its mirror image. A polar is 64 directions of
100 points each, asked in one call by a client in another process: alone, and while a second caller, in a process of its
own too, asks 100 points again and again under conditions that the server knows, as it has done in peace before.
"""

import json
import statistics
import subprocess
import sys
import threading
from typing import Any

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

POINTS, DIRECTIONS, ROUNDS, WAITING = 100, 64, 8, 200
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


def ask_polars(target: str) -> list[float]:
    """The seconds of every polar, each of directions that were not asked before, in one call."""
    random = np.random.default_rng(1)
    with Client(target) as client:
        shape = client.encode(aerofoil())

        def polar() -> float:
            asked = [inflow(angle) for angle in random.uniform(-np.pi, np.pi, DIRECTIONS)]
            return seconds(lambda: client.predict_many(shape, asked, places()))

        return [polar() for _ in range(ROUNDS)]


def ask_beside(target: str) -> tuple[list[float], list[float], list[float]]:
    """Seconds of every polar, and of 100 points of another caller in peace and beside polars."""
    found: list[float] = []
    while_asked: list[float] = []
    other = threading.Thread(target=lambda: found.extend(elsewhere("--polars", target)))
    with Client(target) as client:
        shape = client.encode(aerofoil())

        def once() -> float:
            return seconds(lambda: client.decode(shape, inflow(0.0), places()))

        peace = [once() for _ in range(WAITING)]
        other.start()
        while other.is_alive():
            while_asked.append(once())
    return found, peace, while_asked


def elsewhere(part: str, target: str) -> Any:
    """What a part of this benchmark returns in another process."""
    command = [sys.executable, "-m", "benchmarks.polar", part, target]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure() -> list[Row]:
    """One direction after the other, then polars, then polars beside another caller."""
    run_in_calling_thread()  # as `enf2enf serve` does
    with serving(surrogate()) as client:
        shape = client.encode(aerofoil())
        angles = np.random.default_rng(0).uniform(-np.pi, np.pi, 60)
        new = [seconds(lambda angle=angle: client.decode(shape, inflow(angle), places())) for angle in angles][10:]
        alone = elsewhere("--polars", client.target)
        polars, peace, beside_them = elsewhere("--beside", client.target)
    idle, busy = (float(np.quantile(times, 0.99)) for times in (peace, beside_them))
    return [
        Row("same handle, new direction, 100 points", 1e3 * statistics.median(new), "ms", 15),
        Row("64 directions x 100 points", statistics.median(alone), "s", 1.2),
        Row("64 directions x 100 points beside another caller", statistics.median(polars), "s"),
        Row("100 points of another caller in peace, p99", 1e3 * idle, "ms"),
        Row("100 points of another caller beside polars, p99 over that in peace", busy / idle, "", 2.0),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--polars"]:
        print(json.dumps(ask_polars(sys.argv[2])))
    elif sys.argv[1:2] == ["--beside"]:
        print(json.dumps(ask_beside(sys.argv[2])))
    else:
        main(measure, __doc__)
