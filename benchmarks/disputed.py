"""Which flows around sections are worth solving next? Those about which surrogates disagree.

    python -m benchmarks.disputed RUN RUN [RUN ...]                       # NACA sections
    python -m benchmarks.disputed RUN RUN [RUN ...] --points SECTIONS.npz

Draws of the problem `aerofoil`, none of them solved. For each, two mean square differences between the first surrogate
and the one that is farthest from it: of the pressure on the wall, over its variance, and of nut around the section.
Either is divided by its 98th percentile among all draws, and their sum ranks the draws. Printed are the numbers of the
first ones (`benchmarks.aerofoil_data`, DISPUTED). Some 0.1 s a draw.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from rich.progress import track

from enf2enf import load
from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.problem import Aerofoil
from enf2enf.surrogate import Surrogate
from enf2enf.threads import run_in_calling_thread

STEEPEST = 12.0  # degrees; few flows beyond become steady
FACES, FINE = 60, 0.002  # of the wall
GRID = (40, 26)  # of points around the section and behind it


def places() -> Float[np.ndarray, "points 2"]:
    """Where nut is asked for, in chords."""
    x, y = np.meshgrid(np.linspace(0.02, 1.6, GRID[0]), np.linspace(-0.2, 0.3, GRID[1]))
    return np.column_stack([x.ravel(), y.ravel()])


def dispute(surrogates: Sequence[Surrogate], case: Case) -> tuple[float, float]:
    """Largest mean square difference to the first one: of the wall's pressure over its variance, and of nut."""
    geometry = Geometry.of((case.section.wall(FACES, FINE, FINE)[:-1],), None)
    direction = np.array([np.cos(case.incidence), np.sin(case.incidence)])
    conditions = {"inflow": case.speed * direction, "viscosity": np.float64(VISCOSITY)}
    walls, around = [], []
    for each in surrogates:
        at, columns = each.evaluator(each.encode(geometry), conditions), each.schema.field_columns
        walls.append(columns.split(at.on_wall(WallSides.of(geometry).midpoints))["wall_pressure"])
        around.append(columns.split(at(places()))["nut"])
    apart = [np.nanmax(np.nanmean((np.array(said[1:]) - said[0]) ** 2, axis=1)) for said in (walls, around)]
    return float(apart[0] / walls[0].var()), float(apart[1])


def main() -> None:
    """Print the numbers of the draws that are disputed most, the most disputed first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of trained surrogates, the one to trust most first")
    parser.add_argument("--points", default="", help="a file of sections, in place of NACA's")
    parser.add_argument("--seed", type=int, default=30)
    parser.add_argument("--draws", type=int, default=3600)
    parser.add_argument("--first", type=int, default=48, help="how many numbers to print")
    options = parser.parse_args()
    if len(options.runs) < 2:
        parser.error("expected two runs at least, which may disagree")
    run_in_calling_thread()
    surrogates = [load(run / "model.enf") for run in options.runs]
    problem = Aerofoil("points", options.points) if options.points else Aerofoil()
    cases = {number: problem.draw(options.seed, number, 0) for number in range(options.draws)}
    cases = {number: case for number, case in cases.items() if case.degrees < STEEPEST}
    found = np.array([dispute(surrogates, case) for case in track(cases.values(), "Asking")])
    order = np.argsort(-(found / np.percentile(found, 98, axis=0)).sum(axis=1))
    print(*np.array(list(cases))[order[: options.first]].tolist(), sep=", ")


if __name__ == "__main__":
    main()
