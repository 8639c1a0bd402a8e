"""Where fields are asked for, as people give it."""

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.errors import QueryError
from enf2enf.grid import Grid
from enf2enf.line import Line
from enf2enf.numeric import numbers_of
from enf2enf.plain import shown
from enf2enf.slice import Slice

At = ArrayLike | Grid | Line | Slice | str | Any
"""Points (points, dim) in metres, or anything with such `points` (a mesh of pyvista); a `Grid`, `Line` or `Slice`;
`"nodes"` of the mesh, in the file's order; `"wall"`: the midpoints of all sides of all walls, in the walls' order."""
NAMES = ("nodes", "wall")
"""Places that are known by name."""
_FLAT = 1e-6  # of the extent: single precision has 6e-8 of a coordinate


def check_name(at: str) -> None:
    """Raises `QueryError` where no place is called so."""
    if at not in NAMES:
        raise QueryError("at", "points, a Grid, a Line, a Slice, 'nodes' or 'wall'", shown(at))


def check_shape(shape: Any, kind: type) -> None:
    """Raises `QueryError` where it is not what `encode` returned."""
    if not isinstance(shape, kind):
        raise QueryError("shape", f"what encode returned, {kind.__name__}", type(shape).__name__)


def needs_shape(at: At) -> bool:
    """Whether the points depend on the shape: those of a slice, and 3-D points, which a plane shape makes 2-D."""
    if isinstance(at, str | Slice):
        return isinstance(at, Slice)
    if isinstance(at, Grid | Line):
        return len(at.lower if isinstance(at, Grid) else at.start) == 3
    return as_points(at).shape[1] == 3


def points_of(at: At, bounds: Float[np.ndarray, "2 dim"] | None) -> Float[np.ndarray, "points dim"]:
    """The points of a place that is not given by name.

    Args:
        at: the place.
        bounds: lowest and highest coordinates of the shape; None where they are not known and not needed.

    Raises:
        QueryError: points that are no finite array of the shape's dimension.
    """
    if isinstance(at, Slice):
        if bounds is None:
            raise QueryError("at", "a place that does not depend on the shape", "a Slice")
        return at.across(bounds)
    points = at.points if isinstance(at, Grid | Line) else as_points(at)
    return points if bounds is None else flattened(points, bounds.shape[1])


def as_points(given: Any) -> Float[np.ndarray, "points dim"]:
    """An array of points, in two or three dimensions. Raises `QueryError` where it is none, or not finite."""
    raw = given if isinstance(given, np.ndarray) else getattr(given, "points", given)
    points = numbers_of(raw)
    if points is None:
        raise QueryError("points", "numbers in an array (points, dim)", shown(given))
    points = np.asarray(points[None] if points.shape in ((2,), (3,)) else points, np.float64)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise QueryError("points", "an array (points, 2) or (points, 3)", f"shape {points.shape}")
    if len(bad := np.flatnonzero(~np.isfinite(points).all(axis=1))):
        raise QueryError(f"point {bad[0]}", "finite coordinates", str(points[bad[0]].tolist()))
    return points


def flattened(points: Float[np.ndarray, "points dim"], dim: int) -> Float[np.ndarray, "points {dim}"]:
    """For `dim` 2, drops a z that is the same for all points. Raises `QueryError` if another dimension remains."""
    if points.shape[1] == dim:
        return points
    if dim == 2 and (not len(points) or np.ptp(points[:, 2]) <= _FLAT * np.ptp(points[:, :2], axis=0).max()):
        return np.ascontiguousarray(points[:, :2])
    what = ", or with one z for all" if dim == 2 else ""
    raise QueryError("points", f"an array (points, {dim}){what}", f"shape {points.shape}")
