"""How far does noise on the nodes of a section move the flow around it?

    python -m benchmarks.noise

The shipped surrogate of aerofoils, three NACA sections of 60 and of 240 sides, noise of 1e-7 chords on every
coordinate: the farthest that a field moves at 2,000 points, of its span, and the 99th percentile; and how far panels
move, mostly along the wall. Beside them what a shift of all nodes by as much does while the points stay: what of it is
the boundary layer's.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from benchmarks.cuts import MOST_NOISE, NOISE
from benchmarks.rigid_motions import span_apart
from benchmarks.rows import Row, main
from enf2enf import load
from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.geometry import Geometry
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.surrogate import Surrogate

SECTIONS, SIDES, DRAWS, POINTS = ((2, 4, 12), (0, 0, 12), (4, 4, 9)), (60, 240), 2, 2000
GIVEN = {"inflow": [60.0, 3.0], "viscosity": VISCOSITY}


def measure() -> Iterator[Row]:
    """Rows of every field in the domain, and of the panels."""
    surrogate, random, found, along = load("aerofoil"), np.random.default_rng(0), defaultdict(list), []
    for digits in SECTIONS:
        for sides in SIDES:
            wall = FourDigits(*digits).wall(sides, 2e-3, 2e-3)[:-1]
            points = random.uniform([-0.5, -0.5], [1.5, 0.5], (POINTS, 2))
            noise = [NOISE * random.uniform(-1, 1, wall.shape) for _ in range(DRAWS)]
            here = surrogate.predict(Geometry.of([wall]), GIVEN, points).fields
            panels = _panels(surrogate, wall)
            along += [_panels(surrogate, wall + each) - panels for each in noise]
            for what, change in [("a shift", np.full(wall.shape, NOISE)), *(("noise", each) for each in noise)]:
                moved = Geometry.of([wall + change])
                there = surrogate.predict(moved, GIVEN, points).fields
                for name, values in there.items():
                    found[what, name].append(span_apart(values, here[name]))
    yield Row(f"panels, moved by noise of {NOISE:g}, farthest", float(np.abs(along).max()), "chords")
    for (what, name), cases in sorted(found.items(), reverse=True):
        each, mark = np.concatenate(cases), MOST_NOISE if what == "noise" else None
        yield Row(f"{name}, moved by {what} of {NOISE:g}, farthest", float(np.max(each)), "", mark)
        yield Row(f"{name}, moved by {what} of {NOISE:g}, 99 of 100 points", float(np.percentile(each, 99)))


def _panels(surrogate: Surrogate, wall: np.ndarray) -> np.ndarray:
    row = surrogate.condition_row(GIVEN)
    return np.asarray(surrogate.panels(Geometry.of([wall]), row).vertices)


if __name__ == "__main__":
    main(lambda: list(measure()), __doc__)
