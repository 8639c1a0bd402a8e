"""Walls as a fixed number of segments, the same ones however the loops were stored."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.errors import GeometryError
from enf2enf.geometry.lazy import lazy
from enf2enf.geometry.plane.corners import reduced
from enf2enf.geometry.plane.crossing import crossing
from enf2enf.geometry.plane.curve import AXES, NOISE, Curve, centroid_of
from enf2enf.geometry.plane.polygon import end_normals
from enf2enf.geometry.plane.smooth import with_corners
from enf2enf.geometry.plane.ties import apportion, ranks

FEWEST = 3
"""Panels of a wall."""
COARSE = 12
"""Panels that a body needs to have a shape."""

Loop = Float[np.ndarray, "_ 2"]
OnWall = Bool[np.ndarray, " sides"] | None


@dataclasses.dataclass(frozen=True, eq=False)
class Placed:
    """Panels in a frame.

    Args:
        ends: start and end of each, the body on its left.
        on_wall: whether each is a wall; others close a boundary that is one in part.
        curve: the number of the curve that each is of.
        normals: of the curve at the start and end of each, away from the body; at corners the panel's own.
    """

    ends: Float[np.ndarray, "panels 2 2"]
    on_wall: Bool[np.ndarray, " panels"]
    curve: Int[np.ndarray, " panels"]
    normals: Float[np.ndarray, "panels 2 2"]


@dataclasses.dataclass(frozen=True, eq=False)
class PanelPlan:
    """How walls are cut into panels: all that does not depend on the frame that they are seen in.

    Args:
        count: how many panels, of all walls together.
        curves: of the walls, their bodies on the left.

    Raises:
        GeometryError: fewer than three panels a wall.
    """

    count: int
    curves: tuple[Curve, ...]

    def __post_init__(self):
        if self.count < FEWEST * len(self.curves):
            wanted = f"at most {self.count // FEWEST}, {FEWEST} of the model's {self.count} panels each"
            raise GeometryError("walls", wanted, str(len(self.curves)))

    @classmethod
    def of(cls, walls: Sequence[Loop], count: int, outer: Loop | None = None) -> Self:
        """The plan of walls, which follows the smooth curves that they stand for, see `smoothed`.

        Where walls are so close together or to what is around them, or a body is so thin, that curves would cross, the
        polygons are cut instead.

        Args:
            walls: their bodies on the left.
            count: how many panels.
            outer: a boundary around all walls that no curve may leave; None if there is none.

        Raises:
            GeometryError: fewer than three panels a wall.
        """
        return cls(count, wall_curves(walls, [] if outer is None else [outer]))

    def place(self, axes: Float[np.ndarray, "2 2"]) -> Float[np.ndarray, "{self.count} 2 2"]:
        """The panels (start, end) alone, see `cut`."""
        return self.cut(axes).ends

    def cut(self, axes: Float[np.ndarray, "2 2"], turning: float = 0.0) -> Placed:
        """The panels in a frame about the same origin, the body on the left of each.

        Walls follow each other by their places in the frame and get panels by their share of the length (largest
        remainder, at least three each). Panels begin at corners, see `Curve.cut`. Walls that are turned or mirrored
        with the frame have the same panels in it. Of a boundary that is a wall in part, the rest is panels too.

        Args:
            axes: of the frame, one a row; orthonormal, in a mirrored one with determinant -1.
            turning: see `Curve.cut`.
        """
        turned = [curve.turned(axes) for curve in self.curves]
        order = _order(turned)
        curves = [turned[number] for number in order]
        shares = apportion(np.array([curve.length for curve in curves]), self.count, FEWEST).tolist()
        pairs = zip(curves, shares, strict=True)
        cuts, on_wall, corners = zip(*[curve.cut(share, turning) for curve, share in pairs], strict=True)
        panels = np.concatenate([np.stack([cut, np.roll(cut, -1, axis=0)], axis=1) for cut in cuts])
        normals = np.concatenate([end_normals(cut, sharp) for cut, sharp in zip(cuts, corners, strict=True)])
        return Placed(panels, np.concatenate(on_wall), np.repeat(order, shares), normals)

    @lazy
    def centroid(self) -> Float[np.ndarray, "2"]:
        """Centre of all curves, weighted by length."""
        return centroid_of(self.curves)

    @lazy
    def coarse(self) -> tuple[tuple[int, int], ...]:
        """Number and panels of every boundary with walls that gets fewer than twelve."""
        shares = apportion(np.array([curve.length for curve in self.curves]), self.count, FEWEST)
        return tuple((number, share) for number, share in enumerate(shares.tolist()) if share < COARSE)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The plan as plain arrays."""
        return {
            "count": np.array(self.count, np.int64),
            "points": np.concatenate([curve.points for curve in self.curves]),
            "lengths": np.array([len(curve.points) for curve in self.curves], np.int64),
            "corners": np.concatenate([curve.corners for curve in self.curves]).astype(np.int64),
            "corner_counts": np.array([len(curve.corners) for curve in self.curves], np.int64),
            "no_wall": np.concatenate([_no_wall(curve) for curve in self.curves]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The same plan again.

        Raises:
            GeometryError: arrays that contradict each other.
        """
        if not _are_sound(arrays):
            raise GeometryError("panels", "arrays that fit each other", "others")
        ends = np.cumsum(arrays["lengths"])
        points = np.split(arrays["points"], ends[:-1])
        corners = np.split(arrays["corners"], np.cumsum(arrays["corner_counts"])[:-1])
        on_wall = np.ones(ends[-1], dtype=bool)
        on_wall[arrays["no_wall"]] = False
        sides = [None if own.all() else own for own in np.split(on_wall, ends[:-1])]
        return cls(int(arrays["count"]), tuple(map(Curve, points, corners, sides)))


_SHAPES = {"count": 0, "points": 2, "lengths": 1, "corners": 1, "corner_counts": 1, "no_wall": 1}


def _no_wall(curve: Curve) -> Int[np.ndarray, " _"]:
    """Which of the segments of a curve are no walls."""
    return np.zeros(0, np.int64) if curve.on_wall is None else np.flatnonzero(~curve.on_wall)


def _are_sound(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether arrays are those of a plan: what they are read from may be damaged."""
    if set(arrays) != set(_SHAPES) or any(arrays[name].ndim != ndim for name, ndim in _SHAPES.items()):
        return False
    points, lengths, corners, counts = (arrays[name] for name in ("points", "lengths", "corners", "corner_counts"))
    whole = [array for name, array in arrays.items() if name != "points"]
    sound = points.dtype == np.float64 and all(array.dtype == np.int64 for array in whole)
    sound = sound and points.shape[1] == 2 and len(lengths) == len(counts) > 0
    sound = sound and lengths.min() >= 3 and counts.min() >= 0 and lengths.max() <= len(points)
    sound = sound and lengths.sum() == len(points) and counts.max() <= len(corners) == counts.sum()
    sound = sound and bool(np.isin(arrays["no_wall"], np.arange(len(points))).all())
    if not (sound and np.isfinite(points).all()):
        return False
    owner = np.repeat(np.arange(len(counts)), counts)
    ascends = (np.diff(corners) > 0) | (np.diff(owner) > 0)
    return bool(ascends.all() and (corners >= 0).all() and (corners < lengths[owner]).all())


def wall_curves(
    loops: Sequence[Loop], around: list[Loop], on_wall: Sequence[OnWall] | None = None
) -> tuple[Curve, ...]:
    """The smooth curves of walls, or their loops where those would cross each other or what is around them.

    Args:
        loops: their bodies on the left.
        around: what is around them and no wall.
        on_wall: for every loop, which of its sides are walls, or None if all are; None: all sides of all loops.
    """
    sides: Sequence[OnWall] = on_wall or [None] * len(loops)
    curves = tuple(Curve(*with_corners(loop, own)) for loop, own in zip(loops, sides, strict=True))
    if all(map(np.array_equal, [curve.points for curve in curves], loops)) or not _cross(curves, around):
        return curves
    polygons = tuple(map(_polygon, loops, sides))
    pairs = zip(curves, polygons, strict=True)
    mended = tuple(polygon if _cross([curve], around) else curve for curve, polygon in pairs)
    return polygons if _cross(mended, around) else mended


def _cross(curves: Sequence[Curve], around: list[Loop]) -> bool:
    return crossing([*(curve.points for curve in curves), *around]) is not None


def _polygon(loop: Loop, on_wall: OnWall) -> Curve:
    kept, corners = reduced(loop, on_wall)
    return Curve(loop, np.flatnonzero(kept)[corners.sharp], on_wall)


def _order(curves: Sequence[Curve]) -> Int[np.ndarray, " curves"]:
    """The numbers of curves by their places along `AXES`, then by their areas, then by their places across."""
    size = max(np.ptp(curve.points, axis=0).max() for curve in curves)
    along, across = AXES @ np.array([curve.centroid for curve in curves]).T
    areas = np.array([curve.area for curve in curves])
    return np.lexsort((across, ranks(areas, NOISE * size**2), ranks(along, NOISE * size)))
