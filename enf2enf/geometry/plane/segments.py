"""Polygons as things that points lie in, on or near; in coordinates about a local origin."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.geometry.lazy import lazy
from enf2enf.geometry.plane.smooth import sag

_SAGITTA = 1.5  # times as far from a side as the smooth curve leaves it or those beside it: what is still the wall,
_ROUNDED = 1e-6  # and of the loop's extent, for coordinates in single precision
_AT_ONCE = 4096  # sides that are made at once: others wait for the interpreter meanwhile


def prepared(loops: Sequence[Float[np.ndarray, "_ 2"]]) -> Any:
    """Loops around areas apart from each other as one shapely geometry, indexed for many questions."""
    import shapely

    polygons = shapely.multipolygons([shapely.Polygon(loop) for loop in loops])
    shapely.prepare(polygons)
    shapely.contains_xy(polygons, 0.0, 0.0)  # the index is built by the first question, which two threads may not ask
    return polygons


def contains(polygons: Any, points: Float[np.ndarray, "points 2"]) -> Bool[np.ndarray, " points"]:
    """Whether points are strictly inside polygons."""
    import shapely

    return shapely.contains_xy(polygons, points[:, 0], points[:, 1])


class Segments:
    """All segments of some loops, indexed for distances.

    Args:
        loops: the loops.
        sides: for each the sides that count, which follow each other; all of all loops if there are none.
    """

    def __init__(self, loops: Sequence[Float[np.ndarray, "_ 2"]], sides: Sequence[Int[np.ndarray, " _"]] = ()):
        self._loops, self._sides = loops, sides or [np.arange(len(loop)) for loop in loops]

    @lazy
    def _curves(self) -> Any:
        import shapely

        pairs = zip(self._loops, self._sides, strict=True)
        curves = shapely.multilinestrings([_curve(loop, sides) for loop, sides in pairs])
        shapely.prepare(curves)
        shapely.distance(curves, shapely.points(0.0, 0.0))  # builds the index, as in `prepared`
        return curves

    @lazy
    def _indexed(self) -> tuple[Any, np.ndarray]:
        """A tree of the segments, and how far from each a point is still on the curve it stands for."""
        import shapely

        own = zip(self._loops, self._sides, strict=True)
        pairs = np.concatenate([np.stack([loop, np.roll(loop, -1, axis=0)], axis=1)[sides] for loop, sides in own])
        parts = (pairs[first : first + _AT_ONCE] for first in range(0, len(pairs), _AT_ONCE))
        tree = shapely.STRtree(np.concatenate([np.asarray(shapely.linestrings(part)) for part in parts]))
        tree.query_nearest(shapely.points(0.0, 0.0))  # builds it, as in `prepared`
        return tree, np.concatenate([_reach(loop)[own] for loop, own in zip(self._loops, self._sides, strict=True)])

    def distance(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " points"]:
        """Distance to the nearest segment."""
        import shapely

        return shapely.distance(self._curves, shapely.points(points))

    def touches(
        self, points: Float[np.ndarray, "points 2"], where: Bool[np.ndarray, " points"]
    ) -> Bool[np.ndarray, " points"]:
        """Whether points are on the curve that the segments stand for; looked at only `where`, elsewhere False."""
        import shapely

        on = np.zeros(len(points), dtype=bool)
        if not len(asked := np.flatnonzero(where)):
            return on
        tree, reach = self._indexed
        (row, nearest), far = tree.query_nearest(
            shapely.points(points[asked]),
            max_distance=max(float(reach.max()), np.finfo(float).tiny),
            return_distance=True,
            all_matches=False,
        )
        on[asked[row[far <= reach[nearest]]]] = True
        return on


def _curve(loop: Float[np.ndarray, "_ 2"], sides: Int[np.ndarray, " _"]) -> Any:
    """The sides of a loop as one curve."""
    import shapely

    if len(sides) == len(loop):
        return shapely.LinearRing(loop)
    return shapely.LineString(loop[np.append(sides, sides[-1] + 1) % len(loop)])


def _reach(loop: Float[np.ndarray, "_ 2"]) -> Float[np.ndarray, " _"]:
    """How far from a side a point may be on the curve that the loop stands for."""
    leave = sag(loop)
    most = np.maximum(leave, np.maximum(np.roll(leave, 1), np.roll(leave, -1)))
    return _SAGITTA * most + _ROUNDED * np.ptp(loop, axis=0).max()
