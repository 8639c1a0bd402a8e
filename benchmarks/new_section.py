"""How long does an engineer wait for the flow and the forces of a section that the server has never seen?

    python -m benchmarks.new_section

A NACA section of digits drawn at random goes up as a file of 200 points, the fields at 9,000 points around it and its
lift, drag and moment come back: one call over gRPC, on this machine. The solver takes some 15 s for the same.
"""

import statistics

import numpy as np

from benchmarks.rows import Row, main, seconds
from benchmarks.wire import serving
from enf2enf import load
from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.threads import run_in_calling_thread

MODEL = "aerofoil"
POINTS, SECTIONS, FACES, FINE = 9000, 40, 100, 0.002


def file_of(section: FourDigits) -> bytes:
    """Its points from the trailing edge around it, one a line."""
    return "".join(f"{x:.8f},{y:.8f}\n" for x, y in section.wall(FACES, FINE, FINE)[:-1]).encode()


def places(random: np.random.Generator) -> np.ndarray:
    """As many as a mesh of the problem has, most of them near the chord."""
    return np.array([0.5, 0.0]) + random.normal(size=(POINTS, 2)) * [0.5, 0.3]


def measure() -> list[Row]:
    """A new section again and again, the first ones not counted."""
    run_in_calling_thread()  # as `enf2enf serve` does
    random = np.random.default_rng(0)
    times = []
    with serving(load(MODEL)) as client:
        for _ in range(SECTIONS):
            mesh, points = file_of(FourDigits(*random.uniform([0, 2, 6], [6, 7, 20]))), places(random)
            angle = np.deg2rad(random.uniform(-4, 12))
            conditions = {"inflow": (60 * np.array([np.cos(angle), np.sin(angle)])).tolist(), "viscosity": VISCOSITY}
            times.append(seconds(lambda: client.predict(mesh, conditions, points, name="section.csv")))  # noqa: B023
    times = times[SECTIONS // 4 :]
    return [
        Row("new section: file in, 9,000 points and forces out, over gRPC", statistics.median(times), "s", 0.15),
        Row("the same, the slowest of thirty", max(times), "s"),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
