"""Closed polygons: the boundaries of plane domains."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.boundary import AbstractBoundary, Part, Role
from enf2enf.geometry.plane.crossing import crossing
from enf2enf.numeric import numbers_of

_NOISE = 1e-9  # of the size: closer points are one point
_LARGEST = 1e100  # a coordinate whose square is still a number

Loop = Float[np.ndarray, "_ 2"]


class Polygon(AbstractBoundary):
    """A closed polygon, counter-clockwise unless it was `reversed`.

    Args:
        points: its vertices in either direction, not repeated at the end, in metres.
        parts: of its sides, side i between points i and i + 1; one wall if there are none.
        name: what a refusal calls it.
        simple: whether it is known, or will be found out, that its sides neither cross nor touch.

    Raises:
        GeometryError: too few, coinciding, not finite or three-dimensional points, no area, a curve across itself;
            parts that are none.
    """

    def __init__(
        self,
        points: Float[np.ndarray, "_ _"],
        parts: Sequence[Part] = (Part(),),
        name: str = "boundary",
        simple: bool = False,
    ):
        self.vertices, self.parts = _validated(name, points, simple), tuple(parts)
        self._check_parts(name, len(self.vertices))
        if area(self.vertices - self.vertices[0]) < 0:
            turned = self.reversed()
            self.vertices, self.parts = turned.vertices, turned.parts

    @classmethod
    def trusted(cls, vertices: Loop, parts: tuple[Part, ...]) -> "Polygon":
        """A polygon from what was one before: nothing is checked or turned."""
        made = cls.__new__(cls)
        made.vertices, made.parts = vertices, parts
        return made

    def reversed(self) -> "Polygon":
        """The same polygon the other way round."""
        count = len(self.vertices)
        ends = [*(part.first for part in self.parts[1:]), count]
        # Side i becomes side count - 2 - i; the last one, which closes the loop, stays the last one.
        firsts = [(count - 1 - end) % count for end in ends]
        parts = [Part(part.patch, part.role, first) for part, first in zip(self.parts, firsts, strict=True)]
        parts.sort(key=lambda part: part.first)
        if parts[0].first:  # a part that went over the end of the loop now begins before its start
            parts.insert(0, Part(parts[-1].patch, parts[-1].role, 0))
        return Polygon.trusted(self.vertices[::-1].copy(), _merged(parts))

    def as_role(self, role: Role) -> "Polygon":
        """The same polygon with another role of all its parts."""
        return Polygon.trusted(self.vertices, tuple(Part(part.patch, role, part.first) for part in self.parts))


def _merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Parts without those that only go on with the one before."""
    kept = [part for k, part in enumerate(parts) if not k or (part.patch, part.role) != _named(parts[k - 1])]
    return tuple(kept)


def _named(part: Part) -> tuple[str, Role]:
    return part.patch, part.role


def box(curves: Sequence[Float[np.ndarray, "_ dim"]]) -> Float[np.ndarray, "2 dim"]:
    """Lowest and highest coordinates of all curves together."""
    lows, highs = [curve.min(axis=0) for curve in curves], [curve.max(axis=0) for curve in curves]
    return np.stack([np.min(lows, axis=0), np.max(highs, axis=0)])


def area(loop: Loop) -> float:
    """Signed area of a closed polygon, positive when it turns counter-clockwise."""
    return float(areas(loop[None])[0])


def areas(polygons: Float[np.ndarray, "polygons points 2"]) -> Float[np.ndarray, " polygons"]:
    """Signed areas of closed polygons."""
    ahead = np.roll(polygons, -1, axis=1)
    return 0.5 * cross(polygons, ahead).sum(axis=1)


def cross(one: Float[np.ndarray, "*_ 2"], other: Float[np.ndarray, "*_ 2"]) -> Float[np.ndarray, "*vectors"]:
    """Cross products of vectors of the plane: above 0 where the second is to the left of the first."""
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]


def angles(one: Float[np.ndarray, "vectors 2"], other: Float[np.ndarray, "vectors 2"]) -> Float[np.ndarray, " vectors"]:
    """Angles from vectors of the plane to others, rad, above 0 to the left."""
    return np.arctan2(cross(one, other), (one * other).sum(axis=1))


def right_of(along: Float[np.ndarray, "vectors 2"]) -> Float[np.ndarray, "vectors 2"]:
    """Unit vectors to the right of others."""
    return np.stack([along[:, 1], -along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)


def normals(loop: Loop) -> Loop:
    """Unit normals at the vertices, to the right of the direction of travel.

    The mean of the two adjoining segments' normals, each weighted by the inverse of its length: of second order on
    any spacing, and exact on a circle.
    """
    ahead = np.roll(loop, -1, axis=0) - loop
    ahead /= (ahead**2).sum(axis=1, keepdims=True)
    return right_of(ahead + np.roll(ahead, 1, axis=0))


def end_normals(loop: Loop, corners: Bool[np.ndarray, " vertices"]) -> Float[np.ndarray, "vertices 2 2"]:
    """Unit normals at the start and end of every segment, to the right of the direction of travel.

    Args:
        loop: its first points.
        corners: which of them are corners. There, and where the loop turns by 90 degrees or more, normals are the
            segments' own, elsewhere those of `normals`.
    """
    ahead = np.roll(loop, -1, axis=0) - loop
    own = right_of(ahead)
    before = np.roll(own, 1, axis=0)
    sharp = (corners | ((before * own).sum(axis=1) <= 0))[:, None]
    with np.errstate(invalid="ignore"):  # where it turns back
        shared = normals(loop)
    return np.stack([np.where(sharp, own, shared), np.roll(np.where(sharp, before, shared), -1, axis=0)], axis=1)


def _validated(name: str, points: Float[np.ndarray, "_ _"], simple: bool) -> Loop:
    """The vertices as float64."""
    raw, wanted = numbers_of(points), "points in the plane, (n, 2)"
    if raw is None:
        raise GeometryError(name, wanted, "an array of which some are masked or no real numbers")
    if raw.ndim != 2 or raw.shape[1] != 2:
        raise GeometryError(name, wanted, f"an array of shape {raw.shape}")
    loop = raw.astype(np.float64)
    if len(loop) < 3:
        raise GeometryError(name, "at least 3 points", str(len(loop)))
    if len(bad := np.flatnonzero(~(np.abs(loop) < _LARGEST).all(axis=1))):
        raise GeometryError(
            name, f"finite coordinates of less than {_LARGEST:g}", f"{loop[bad[0]].tolist()} at point {bad[0]}"
        )
    origin, size = box([loop]).mean(axis=0), np.ptp(loop, axis=0).max()
    local = loop - origin
    lengths = np.linalg.norm(np.roll(local, -1, axis=0) - local, axis=1)
    if len(twice := np.flatnonzero(lengths <= _NOISE * size)):
        pair = f"points {twice[0]} and {(twice[0] + 1) % len(loop)}"
        where = f"{pair} at most {_NOISE:g} of its size apart (duplicated) at {place(loop[twice[0]])}"
        wanted = "every point once (reading a mesh with merge=TOLERANCE or predict --merge TOLERANCE joins them)"
        raise GeometryError(name, wanted, where)
    if np.linalg.svd(local - local.mean(axis=0), compute_uv=False)[1] <= _NOISE * size:
        raise GeometryError(name, "a loop around an area", f"points on one line at {place(origin)}")
    flat = abs(area(local)) <= _NOISE * size * size  # as of a curve that crosses itself
    if (flat or not simple) and (found := crossing([local])) is not None:
        where = f"a self-intersection at {place(found.place + origin)}"
        raise GeometryError(name, "a curve that does not cross or touch itself", where)
    if flat:
        raise GeometryError(name, "a loop around an area", f"an area of zero at {place(origin)}")
    return loop
