"""Closed curves of the plane as a mesh of their sides."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.mesh.mesh import CellBlock, Mesh


def rectangle(low: Iterable[float], high: Iterable[float]) -> Float[np.ndarray, "4 2"]:
    """Its corners, counter-clockwise from the lower left one."""
    (left, bottom), (right, top) = low, high
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]])


_SAME = 1e-12  # of a curve's size: its ends are computed, and so one point but for rounding


def without_repeat(points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "_ 2"]:
    """A closed curve without its last point where that is the first one again."""
    if len(points) < 2 or not np.isfinite(points).all():
        return points
    away = np.abs(points[-1] - points[0]).max()
    return points[:-1] if away <= _SAME * np.ptp(points, axis=0).max() else points


def closed_curves(loops: Sequence[Float[np.ndarray, "_ 2"]]) -> Mesh:
    """Line cells around every loop of points, one loop after the other; none is repeated at its end."""
    sizes = [len(loop) for loop in loops]
    starts = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)
    here = np.arange(len(starts)) - starts
    lines = np.stack([starts + here, starts + (here + 1) % np.repeat(sizes, sizes)], axis=1)
    return Mesh(np.concatenate(loops), (CellBlock("line", lines),))
