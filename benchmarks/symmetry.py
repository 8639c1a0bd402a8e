"""Does half a circle on a plane of symmetry get the answer of the whole?

    enf2enf generate joukowski --cases 700 --seed 0 --out data/joukowski
    enf2enf train examples/joukowski.toml --minutes 20 --fit
    python -m benchmarks.symmetry

The largest difference of the trained surrogate's answers over the field's span, at 4,000 points of the half, for planes
turned by four angles and both directions of the inflow.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.rows import Row, main
from enf2enf import load
from enf2enf.mesh import CellBlock, Mesh

RUN = "runs/joukowski/model.enf"
SIDES, RADIUS, FAR, POINTS, MARK = 60, 0.5, 1.4, 4000, 1e-5


def arcs(angles: np.ndarray) -> list[np.ndarray]:
    """The wall and what is around it, at angles from the plane."""
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [RADIUS * circle, FAR * circle]


def half(turn: np.ndarray) -> Mesh:
    """Bare curves: both half circles, closed by the plane."""
    count, here = SIDES + 1, np.arange(SIDES)
    arc = np.stack([here, here + 1], axis=1)
    plane = np.array([[0, count], [SIDES, count + SIDES]])
    points = np.concatenate(arcs(np.linspace(0, np.pi, count)))
    lines = np.concatenate([arc, count + arc, plane])
    return Mesh(points @ turn.T, (CellBlock("line", lines),), {"plane": plane})


def measure() -> Sequence[Row]:
    """One row a field."""
    surrogate, worst = load(RUN), {}
    whole = arcs(np.linspace(0, 2 * np.pi, 2 * SIDES, endpoint=False))
    points = np.random.default_rng(0).uniform(-FAR, FAR, (POINTS, 2)) * [1, 0.5] + [0, FAR / 2]
    for angle in (0.0, 0.7, 2.0, 4.0):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        curves = [curve @ turn.T for curve in whole]
        for way in (-7.0, 7.0):
            given = {"inflow": turn @ [way, 0.0]}
            part = surrogate.predict(half(turn), given, points @ turn.T, symmetry=["plane"])
            for name, values in surrogate.predict(curves, given, points @ turn.T).fields.items():
                off = np.nanmax(np.abs(part[name] - values)) / (np.nanmax(values) - np.nanmin(values))
                worst[name] = max(worst.get(name, 0.0), float(off))
    return [Row(f"half against whole, {name}, over its span", off, "", MARK) for name, off in worst.items()]


if __name__ == "__main__":
    main(measure, __doc__)
