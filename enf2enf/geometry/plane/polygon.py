"""Closed polygons as things that points lie in, on or near; in coordinates about a local origin."""

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.plane.smooth import sag

_NOISE = 1e-9  # of the size: closer points are one point
_LARGEST = 1e100  # a coordinate whose square is still a number
_SAGITTA = 1.5  # times as far from a side as the smooth curve leaves it or those beside it: what is still the wall,
_ROUNDED = 1e-6  # and of the loop's extent, for coordinates in single precision


def box(curves: Sequence[Float[np.ndarray, "_ dim"]]) -> Float[np.ndarray, "2 dim"]:
    """Lowest and highest coordinates of all curves together."""
    lows, highs = [curve.min(axis=0) for curve in curves], [curve.max(axis=0) for curve in curves]
    return np.stack([np.min(lows, axis=0), np.max(highs, axis=0)])


def checked(name: str, points: Float[np.ndarray, "_ _"]) -> Float[np.ndarray, "_ 2"]:
    """A loop as float64, turned counter-clockwise.

    Raises:
        GeometryError: too few, coinciding, not finite or three-dimensional points, no area, a curve across itself.
    """
    import shapely

    loop = np.array(points, dtype=float)
    if loop.ndim != 2 or loop.shape[1] != 2:
        raise GeometryError(name, "points in the plane, (n, 2)", f"an array of shape {loop.shape}")
    if len(loop) < 3:
        raise GeometryError(name, "at least 3 points", str(len(loop)))
    if len(bad := np.flatnonzero(~(np.abs(loop) < _LARGEST).all(axis=1))):
        raise GeometryError(name, "finite coordinates", f"{loop[bad[0]].tolist()} at point {bad[0]}")
    origin, size = box([loop]).mean(axis=0), np.ptp(loop, axis=0).max()
    local = loop - origin
    lengths = np.linalg.norm(np.roll(local, -1, axis=0) - local, axis=1)
    if len(twice := np.flatnonzero(lengths <= _NOISE * size)):
        where = f"points {twice[0]} and {(twice[0] + 1) % len(loop)} both at {place(loop[twice[0]])}"
        raise GeometryError(name, "every point once", f"{where} (duplicated)")
    if np.linalg.svd(local - local.mean(axis=0), compute_uv=False)[1] <= _NOISE * size:
        raise GeometryError(name, "a loop around an area", f"points on one line at {place(origin)}")
    polygon = shapely.polygons(local)
    if not shapely.is_valid(polygon):
        raise GeometryError(name, "a curve that does not cross or touch itself", _fault(polygon, origin))
    if abs(area(local)) <= _NOISE * size * size:
        raise GeometryError(name, "a loop around an area", f"an area of zero at {place(origin)}")
    return loop if area(local) > 0 else loop[::-1].copy()


def _fault(polygon: Any, origin: np.ndarray) -> str:
    import shapely

    reason = shapely.is_valid_reason(polygon)
    at = re.search(r"\[(\S+) (\S+)\]", reason)
    where = f" at {place(np.array([float(at[1]), float(at[2])]) + origin)}" if at else ""
    return f"a self-intersection{where}"


def apart(loops: Sequence[Float[np.ndarray, "_ 2"]]) -> bool:
    """Whether closed curves neither cross nor touch themselves or each other."""
    import shapely

    return bool(shapely.is_simple(shapely.multilinestrings([shapely.linearrings(loop) for loop in loops])))


def prepared(loop: Float[np.ndarray, "_ 2"]) -> Any:
    """A loop as a shapely polygon, indexed for many questions."""
    import shapely

    polygon = shapely.polygons(loop)
    shapely.prepare(polygon)
    shapely.contains_xy(polygon, 0.0, 0.0)  # the index is built by the first question, which two threads may not ask
    return polygon


def within(polygon: Any, points: Float[np.ndarray, "points 2"]) -> Bool[np.ndarray, " points"]:
    """Whether points are strictly inside a polygon."""
    import shapely

    return shapely.contains_xy(polygon, points[:, 0], points[:, 1])


def normals(loop: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
    """Unit normals at the vertices, to the right of the direction of travel.

    The mean of the two adjoining segments' normals, each weighted by the inverse of its length: of second order on
    any spacing, and exact on a circle.
    """
    ahead = np.roll(loop, -1, axis=0) - loop
    ahead /= (ahead**2).sum(axis=1, keepdims=True)
    tangent = ahead + np.roll(ahead, 1, axis=0)
    length = np.linalg.norm(tangent, axis=1, keepdims=True)
    return np.stack([tangent[:, 1], -tangent[:, 0]], axis=1) / length


class Segments:
    """All segments of some loops, indexed for distances."""

    def __init__(self, loops: Sequence[Float[np.ndarray, "_ 2"]]):
        self._loops = loops

    @functools.cached_property
    def _curves(self) -> Any:
        import shapely

        curves = shapely.multilinestrings([shapely.linearrings(loop) for loop in self._loops])
        shapely.prepare(curves)
        shapely.distance(curves, shapely.points(0.0, 0.0))  # builds the index, as in `prepared`
        return curves

    @functools.cached_property
    def _indexed(self) -> tuple[Any, np.ndarray]:
        """A tree of the segments, and how far from each a point is still on the curve it stands for."""
        import shapely

        pairs = [np.stack([loop, np.roll(loop, -1, axis=0)], axis=1) for loop in self._loops]
        tree = shapely.STRtree(shapely.linestrings(np.concatenate(pairs)))
        tree.query_nearest(shapely.points(0.0, 0.0))  # builds it, as in `prepared`
        return tree, np.concatenate([_reach(loop) for loop in self._loops])

    def distance(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " points"]:
        """Distance to the nearest segment."""
        import shapely

        return shapely.distance(self._curves, shapely.points(points))

    def touches(
        self, points: Float[np.ndarray, "points 2"], where: Bool[np.ndarray, " points"]
    ) -> Bool[np.ndarray, " points"]:
        """Whether points are on the curve that the segments stand for; looked at only `where`, elsewhere False."""
        import shapely

        tree, reach = self._indexed
        asked = np.flatnonzero(where)
        (row, nearest), far = tree.query_nearest(
            shapely.points(points[asked]),
            max_distance=max(float(reach.max()), np.finfo(float).tiny),
            return_distance=True,
            all_matches=False,
        )
        on = np.zeros(len(points), dtype=bool)
        on[asked[row[far <= reach[nearest]]]] = True
        return on


def _reach(loop: Float[np.ndarray, "_ 2"]) -> Float[np.ndarray, " _"]:
    """How far from a side a point may be on the curve that the loop stands for."""
    leave = sag(loop)
    most = np.maximum(leave, np.maximum(np.roll(leave, 1), np.roll(leave, -1)))
    return _SAGITTA * most + _ROUNDED * np.ptp(loop, axis=0).max()


def area(loop: Float[np.ndarray, "points 2"]) -> float:
    """Signed area of a closed polygon, positive when it turns counter-clockwise."""
    return float(areas(loop[None])[0])


def areas(polygons: Float[np.ndarray, "polygons points 2"]) -> Float[np.ndarray, " polygons"]:
    """Signed areas of closed polygons."""
    ahead = np.roll(polygons, -1, axis=1)
    return 0.5 * (polygons[..., 0] * ahead[..., 1] - polygons[..., 1] * ahead[..., 0]).sum(axis=1)
