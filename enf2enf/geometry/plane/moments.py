"""How bodies lie: the moments of their area, and which body of several is the largest."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.lazy import lazy
from enf2enf.geometry.plane.chord import antipodes
from enf2enf.geometry.plane.polygon import Loop, area, box, cross

_ALIKE = 0.05  # skewness of the area along it up to which both ends of a long axis are alike: of a NACA 0012 it is 0.3
_STRAIGHT = 0.01  # rise of a mean line over its length up to which it arches to neither side
_OBLONG = 2.0  # ratio of the principal second moments from which on a shape has a long axis
_EVEN_ARC = 15 / 4 / np.sqrt(12)  # an even parabolic arc: its rise over its length, by its third moment
_AS_FAR = 0.99  # of the largest extent: bodies from there on count as equally large, or rounding would decide

Body = Sequence[Loop]
"""The walls that bound it together."""


def ranked(geometry: Geometry) -> tuple[list[Body], list[Body]]:
    """The largest bodies, whose extents are equal to 1 %, and all smaller ones; each list by decreasing extent.

    If a wall goes around the domain, the only body is the domain itself, which all walls bound together.
    """
    walls = geometry.walls
    if any(area(wall - wall[0]) < 0 for wall in walls):
        return [walls], []
    extents = np.array([extent([wall]) for wall in walls])
    bodies: list[Body] = [[walls[k]] for k in np.argsort(-extents, kind="stable")]
    count = int((extents >= _AS_FAR * extents.max()).sum())
    return bodies[:count], bodies[count:]


def size(geometry: Geometry) -> float:
    """Extent of a geometry (of its largest body in a domain without end), m; it reveals a wrong length unit."""
    return geometry.extent if geometry.ends else extent(ranked(geometry)[0][0])


def extent(body: Body) -> float:
    """The largest distance of two points."""
    return float(np.linalg.norm(np.diff(antipodes([wall - body[0][0] for wall in body]), axis=1), axis=2).max())


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Moments of the area of a body about its centroid.

    Args:
        start, end: the points of every side, about that.
        double: twice the area between the side and the centroid.
        unit: what all of them are in, m.
    """

    start: Float[np.ndarray, "sides 2"]
    end: Float[np.ndarray, "sides 2"]
    double: Float[np.ndarray, " sides"]
    unit: float

    @classmethod
    def of(cls, body: Body) -> Self:
        """Those of a body in metres."""
        bounds = box(body)
        unit = float(np.ptp(bounds, axis=0).max())
        walls = [(wall - bounds.mean(axis=0)) / unit for wall in body]
        start, end = np.concatenate(walls), np.concatenate([np.roll(wall, -1, axis=0) for wall in walls])
        double = cross(start, end)
        centre = double @ (start + end) / 3 / double.sum()
        start, end = start - centre, end - centre
        return cls(start, end, cross(start, end), unit)

    @lazy
    def area(self) -> float:
        """In square units; below 0 of a domain with a wall around it."""
        return float(self.double.sum()) / 2

    @lazy
    def second(self) -> Float[np.ndarray, "2 2"]:
        """Mean squares of the distances from the centroid, in square units."""
        corners = np.stack([self.start, self.end, self.start + self.end])
        return np.einsum("s,csi,csj->ij", self.double, corners, corners) / (24 * self.area)

    @property
    def width(self) -> float:
        """That of the ellipse with the same second moments, m."""
        return self.unit * 4 * float(np.sqrt(max(np.linalg.eigvalsh(self.second)[0], 0.0)))

    def incidence(self, axes: Float[np.ndarray, "2 2"]) -> float:
        """Angle from the first of orthonormal axes (one a row) to the long axis, in degrees.

        In (-90, 90], positive towards the second axis; NaN where one principal second moment is not twice the other.
        """
        least, most = np.linalg.eigvalsh(self.second)
        if most < _OBLONG * least:
            return float("nan")
        (xx, xy), (_, yy) = axes @ self.second @ axes.T
        angle = float(np.rad2deg(np.arctan2(2 * xy, xx - yy))) / 2
        return angle if angle > -90 else 90.0

    def heading(self, axes: Float[np.ndarray, "2 2"]) -> float:
        """Angle from the first of orthonormal axes to the way that the thin end points, in degrees.

        Along the long axis, as `incidence`, but in (-180, 180]: towards the side on which the area reaches farther, by
        its third moment. NaN without a long axis, and where both ends are alike.
        """
        angle = np.deg2rad(self.incidence(np.eye(2)))
        if np.isnan(angle):
            return float("nan")
        along = np.array([np.cos(angle), np.sin(angle)])
        skewness = self._third(along, along, along)
        if abs(skewness) < _ALIKE:
            return float("nan")
        return _angle(np.sign(skewness) * along, axes)

    def arch(self, axes: Float[np.ndarray, "2 2"]) -> float:
        """Angle from the first of orthonormal axes to the side to which the area arches, in degrees.

        Across the long axis, in (-180, 180], towards the convex side of the mean line: of an aerofoil, the one to which
        it is cambered. NaN without a long axis, and where the mean line rises by less than 1 % of its length.
        """
        angle = np.deg2rad(self.incidence(np.eye(2)))
        if np.isnan(angle):
            return float("nan")
        along, across = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        rise = -_EVEN_ARC * self._third(along, along, across)
        if abs(rise) < _STRAIGHT:
            return float("nan")
        return _angle(np.sign(rise) * across, axes)

    def lobes(self, axes: Float[np.ndarray, "2 2"], count: int) -> float:
        """Angle from the first of orthonormal axes to one of `count` lobes, in degrees, at most 180 / count either way.

        It is 1 / count times the argument of the harmonic moment, the integral of (x + i y)^count over the area; of a
        square, for a count of 4, it points to a corner. NaN where the magnitude of the moment is less than 5 % of what
        it would be with all area at the radius of gyration.
        """
        a, b = (points @ axes.T @ (1, 1j) for points in (self.start, self.end))
        powers = sum(a**power * b ** (count - power) for power in range(count + 1))
        moment = self.double @ powers / ((count + 1) * (count + 2) * self.area)
        radius = np.sqrt(self.double @ (abs(a) ** 2 + (a * b.conj()).real + abs(b) ** 2) / (12 * self.area))
        if abs(moment) < _ALIKE * radius**count:
            return float("nan")
        return float(np.rad2deg(np.angle(moment))) / count

    def _third(self, *directions: Float[np.ndarray, "2"]) -> float:
        """The third moment of the area along three directions, of which the first two are the same.

        It is divided by the second moment along the first direction to the power of 3/2.
        """
        (a, _, c), (d, _, f) = ([points @ way for way in directions] for points in (self.start, self.end))
        square = self.double @ (a * a + a * d + d * d) / 12 / self.area
        moment = self.double @ (3 * a * a * c + a * a * f + 2 * a * d * c + 2 * a * d * f + d * d * c + 3 * d * d * f)
        return float(moment / 60 / self.area / square**1.5)


def _angle(direction: Float[np.ndarray, "2"], axes: Float[np.ndarray, "2 2"]) -> float:
    """From the first of orthonormal axes to a direction, in degrees in (-180, 180]."""
    x, y = axes @ direction
    return float(np.rad2deg(np.arctan2(y, x))) if y or x > 0 else 180.0
