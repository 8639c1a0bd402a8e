"""How far does noise on the nodes of a section move the flow around it?

    python -m benchmarks.noise

Two draws of noise of 1e-7 chords on every node coordinate: of three NACA sections of 60 and of 240 sides (the shipped
aerofoil surrogate), and of 30 `joukowski` validation cases of 192 sides if runs/joukowski and data/joukowski exist.
Measured at 2,000 points, relative to the span of the field: its largest change, the 99th percentile, and how many cases
stay within the mark; also how far panels move, mostly along the wall. For comparison, all nodes are shifted by as much
while the points stay: this shows how much of a change the boundary layer explains.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cuts import MOST_NOISE, NOISE
from benchmarks.rigid_motions import span_apart
from benchmarks.rows import Row, main
from enf2enf import load
from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.data.cache import PackedData
from enf2enf.geometry import Geometry
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.surrogate import Surrogate

SECTIONS, SIDES, DRAWS, POINTS = ((2, 4, 12), (0, 0, 12), (4, 4, 9)), (60, 240), 2, 2000
GIVEN = {"inflow": [60.0, 3.0], "viscosity": VISCOSITY}
RUN, DATA, CASES = Path("runs/joukowski/model.enf"), Path("data/joukowski"), 30


class Asked(NamedTuple):
    """A wall of chord 1, in a flow, and how far around its middle the points are."""

    wall: np.ndarray
    given: dict[str, Any]
    around: tuple[float, float]


def measure() -> Iterator[Row]:
    """Rows of every field in the domain, and of the panels, of aerofoils and of potential flow."""
    walls = [FourDigits(*digits).wall(sides, 2e-3, 2e-3)[:-1] for digits in SECTIONS for sides in SIDES]
    yield from _rows("aerofoil", load("aerofoil"), [Asked(wall, GIVEN, (1.0, 0.5)) for wall in walls])
    if RUN.exists():
        yield from _rows("potential flow", load(RUN), _exact(PackedData.load(DATA)))


def _exact(packed: PackedData) -> Iterator[Asked]:
    for index in packed.ids("validation")[:CASES]:
        given = packed.schema.condition_columns.split(packed.conditions(index))
        yield Asked(packed.geometry(index).walls[0], given, (1.0, 1.0))


def _rows(name: str, surrogate: Surrogate, cases: Iterable[Asked]) -> Iterator[Row]:
    random, found, along = np.random.default_rng(0), defaultdict(list), []
    for wall, given, around in cases:
        points = wall.mean(axis=0) + random.uniform(-1, 1, (POINTS, 2)) * around
        noise = [NOISE * random.uniform(-1, 1, wall.shape) for _ in range(DRAWS)]
        here = surrogate.predict(Geometry.of([wall]), given, points).fields
        panels = _panels(surrogate, wall, given)
        along += [np.abs(_panels(surrogate, wall + each, given) - panels).max() for each in noise]
        for what, change in [("a shift", np.full(wall.shape, NOISE)), *(("noise", each) for each in noise)]:
            there = surrogate.predict(Geometry.of([wall + change]), given, points).fields
            for field, values in there.items():
                found[what, field].append(span_apart(values, here[field]))
    yield Row(f"{name}: panels, moved by noise of {NOISE:g}, farthest", float(max(along)), "chords")
    for (what, field), each in sorted(found.items(), reverse=True):
        moved, mark = f"{name}: {field}, moved by {what} of {NOISE:g}", MOST_NOISE if what == "noise" else None
        farthest = np.array([case.max() for case in each])
        yield Row(f"{moved}, farthest", float(farthest.max()), "", mark)
        yield Row(f"{moved}, 99 of 100 points", float(np.percentile(np.concatenate(each), 99)))
        yield Row(
            f"{moved}, no farther than {MOST_NOISE:g}", 100 * float(np.mean(farthest <= MOST_NOISE)), "% of walls"
        )


def _panels(surrogate: Surrogate, wall: np.ndarray, given: dict[str, Any]) -> np.ndarray:
    return np.asarray(surrogate.panels(Geometry.of([wall]), surrogate.condition_row(given)).vertices)


if __name__ == "__main__":
    main(lambda: list(measure()), __doc__)
