"""Does the answer depend on how finely a wall was cut?

    python -m benchmarks.cuts

20 random voids, their walls cut into sides of equal length, each time from another start. The surrogate learnt from 112
to 128 sides. The same 2,000 points, and the mean relative L2 between two answers; how far the curve through 44 nodes is
from the void's; and how far noise of 1e-7 of the cell on the nodes moves an answer at the most.
"""

import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, main
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.smooth import smoothed
from enf2enf.metrics import relative_l2
from enf2enf.problems.elasticity.void import CENTRE, Void

VOIDS, POINTS = 20, 2000
USUAL, OTHERS = 112, {60: 0.001, 128: None, 480: None}
FINE, COARSE, MOST_COARSE = 120, 44, 0.0035
NOISE, MOST_NOISE = 1e-7, 1e-5


def measure() -> list[Row]:
    """How far apart the answers are."""
    random, more = np.random.default_rng(0), np.random.default_rng(1)
    apart: dict[int, list[float]] = {sides: [] for sides in (*OTHERS, COARSE)}
    off, moved = [], []
    for _ in range(VOIDS):
        void, points = Void.random(random), random.random((POINTS, 2))
        cells = {sides: shipped.unit_cell(void, sides, random.random()) for sides in (USUAL, *OTHERS)}
        cells |= {sides: shipped.unit_cell(void, sides, more.random()) for sides in (FINE, COARSE)}
        answers = {sides: _answer(cell, points) for sides, cell in cells.items()}
        for sides, found in apart.items():
            found.append(_apart(answers[sides], answers[FINE if sides == COARSE else USUAL]))
        off.append(_off(void, smoothed(cells[COARSE].walls[0])))
        moved.append(_moved(cells[USUAL], answers[USUAL], points, more))
    rows = [
        Row(f"a wall of {n} sides instead of {USUAL}, answers apart", float(np.mean(apart[n])), "", mark)
        for n, mark in OTHERS.items()
    ]
    coarse = float(np.mean(apart[COARSE]))
    return [
        *rows,
        Row(f"a wall of {COARSE} sides instead of {FINE}, answers apart", coarse, "", MOST_COARSE),
        Row(f"the curve through {COARSE} nodes, rms distance to the void's", _rms(off), "m"),
        Row(
            f"noise of {NOISE:g} on {USUAL} nodes, farthest that an answer moves, of its span",
            max(moved),
            "",
            MOST_NOISE,
        ),
    ]


def _answer(cell: Geometry, points: np.ndarray) -> np.ndarray:
    surrogate = shipped.surrogate()
    return surrogate.decode(surrogate.encode(cell), {}, points)["von_mises"]


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    known = ~np.isnan(one + other)
    return relative_l2(one[known], other[known])


def _off(void: Void, curve: np.ndarray) -> np.ndarray:
    """Distances of a curve's points to a void's wall, to first order."""
    away = curve - CENTRE
    angle, step = np.arctan2(away[:, 1], away[:, 0]), 1e-5
    radius = void.radius(angle)
    slope = (void.radius(angle + step) - void.radius(angle - step)) / (2 * step)
    return (np.hypot(*away.T) - radius) / np.hypot(1, slope / radius)


def _rms(off: list[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(off) ** 2)))


def _moved(cell: Geometry, answer: np.ndarray, points: np.ndarray, random: np.random.Generator) -> float:
    walls = tuple(wall + NOISE * random.uniform(-1, 1, wall.shape) for wall in cell.walls)
    change = np.abs(_answer(Geometry.of(walls, cell.outer), points) - answer)
    return float(np.nanmax(change) / np.ptp(answer[~np.isnan(answer)]))


if __name__ == "__main__":
    main(measure, __doc__)
