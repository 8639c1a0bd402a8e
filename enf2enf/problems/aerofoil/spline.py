"""Any section, given as points."""

import dataclasses
import functools
from typing import Self, final

import numpy as np
import shapely
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.plane.polygon import area
from enf2enf.problems.aerofoil.section import AbstractSection

LEAST_POINTS = 20
THICKEST_EDGE = 0.02
"""Largest thickness of a blunt trailing edge that is closed, in chords."""
_FINE, _AROUND_NOSE = 20_000, 40  # equal parts of the curve; parts on each side of the nose that give its radius
_SHARPEST_NOSE, _ROUNDING = 2e-4, 1e-9  # chords
_BACK, _EDGE = np.radians(90), np.radians(140)  # turn of a corner that may be the edge; of ends that surely are
_CLEARLY = np.radians(10)  # by which a corner must be sharper than the ends


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SplineSection(AbstractSection):
    """The cubic spline through points; its nose is where it is farthest from the trailing edge.

    Args:
        points: from the trailing edge along the lower side, around the nose and back, closed, placed as sections are.
    """

    points: Float[np.ndarray, "points 2"]

    @classmethod
    def through(cls, points: Float[np.ndarray, "points 2"], name: str = "section") -> Self:
        """The section through points of any place, size and direction, brought to its own.

        A blunt trailing edge is closed: both sides are sheared towards each other, in proportion to the distance from
        the nose along the chord.

        Args:
            points: from the trailing edge around the nose and back to it; where the last is not the first, they are
                the corners of a blunt edge.
            name: what a refusal calls it.

        Raises:
            GeometryError: too few points, numbers that are not finite, a curve that crosses itself or begins somewhere
                else, or a trailing edge that is too thick to be closed.
        """
        section = cls(_placed(_checked(points, name)))
        gap = section.points[-1] - section.points[0]
        if (thickness := float(np.hypot(*gap))) > THICKEST_EDGE:
            raise GeometryError(name, f"a trailing edge at most {THICKEST_EDGE:g} chords thick", f"{thickness:.3g}")
        towards = np.where(_lengths(section.points) < section._nose, 0.5, -0.5) * section.points[:, 0]
        section = cls(_placed(section.points + towards[:, None] * gap))
        outline = section._spline(np.linspace(0, section._length, _FINE // 10 + 1)[:-1])
        if not shapely.LinearRing(outline).is_simple:
            raise GeometryError(name, "a curve that does not cross itself", "one that does")
        return section

    @functools.cached_property
    def _spline(self) -> CubicSpline:
        return CubicSpline(_lengths(self.points), self.points)

    @property
    def _length(self) -> float:
        return float(self._spline.x[-1])

    @functools.cached_property
    def _nose(self) -> float:
        """Parameter of the spline at the nose."""
        at = np.linspace(0, self._length, _FINE + 1)
        return float(at[_farthest(self._spline(at), self.points)])

    @functools.cached_property
    def nose_radius(self) -> float:
        """From the median of the curvature around the nose, and no less than the grid can follow."""
        part = self._length / _FINE
        at = self._nose + part * np.arange(-_AROUND_NOSE, _AROUND_NOSE + 1)
        (x1, y1), (x2, y2) = self._spline(at, 1).T, self._spline(at, 2).T
        return max(float(1 / np.median(abs(x1 * y2 - y1 * x2) / np.hypot(x1, y1) ** 3)), _SHARPEST_NOSE)

    def side(self, upper: bool, at: Float[np.ndarray, " points"]) -> Float[np.ndarray, "points 2"]:
        """Points at parameters of the spline, its length along the polygon of its points."""
        end = self._length if upper else 0.0
        return self._spline(self._nose + (end - self._nose) * at)


def _checked(points: Float[np.ndarray, "points 2"], name: str) -> Float[np.ndarray, "points 2"]:
    """The points as float64, lower side first. Raises `GeometryError` if they cannot be a section."""
    points = np.array(points, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < LEAST_POINTS:
        raise GeometryError(name, f"at least {LEAST_POINTS} points in the plane", f"an array {points.shape}")
    if len(bad := np.flatnonzero(~np.isfinite(points).all(axis=1))):
        raise GeometryError(name, "finite coordinates", f"{points[bad[0]].tolist()} at point {bad[0]}")
    if not (steps := np.hypot(*np.diff(points, axis=0).T)).all():
        raise GeometryError(name, "points that differ from the one before", f"the same at point {steps.argmin() + 1}")
    if np.hypot(*(points[-1] - points[0])) < _ROUNDING * np.ptp(points):  # else they may cross each other
        points[-1] = points[0]
    if not shapely.LineString(points).is_simple:
        raise GeometryError(name, "a curve that does not cross itself", "one that does")
    if (corner := _sharper_corner(points)) is not None:
        got = f"a sharper corner at point {corner}, {place(points[corner])}"
        raise GeometryError(name, "points that begin at the trailing edge", got)
    return points[::-1] if area(points) > 0 else points


def _sharper_corner(points: Float[np.ndarray, "points 2"]) -> int | None:
    """Index of a corner (the first of two of a blunt edge) that is sharper than the ends, hence the trailing edge.

    None if there is none, or if the ends are an edge themselves: a sharp nose may then turn even more.
    """
    sides = np.diff(points @ (1, 1j))
    corners = abs(np.angle(sides[1:] / sides[:-1]))
    is_edge = abs(sides[1:-1]) < THICKEST_EDGE * np.hypot(*np.ptp(points, axis=0))
    is_edge &= np.minimum(corners[1:], corners[:-1]) > _BACK / 2
    turns = np.maximum(corners, np.append(is_edge * abs(np.angle(sides[2:] / sides[:-2])), 0))
    at_ends = abs(np.angle(sides[0] / sides[-1]))
    return int(turns.argmax()) + 1 if at_ends < _EDGE and turns.max() > max(_BACK, at_ends + _CLEARLY) else None


def _placed(points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
    """Moved, turned and scaled so that the nose is at the origin and the middle of the trailing edge at (1, 0)."""
    lengths = _lengths(points)
    fine = CubicSpline(lengths, points)(np.linspace(0, lengths[-1], _FINE + 1))
    numbers, nose = points @ (1, 1j), fine[_farthest(fine, points)] @ (1, 1j)
    placed = (numbers - nose) / ((numbers[0] + numbers[-1]) / 2 - nose)
    return np.stack([placed.real, placed.imag], axis=1)


def _farthest(curve: Float[np.ndarray, "many 2"], points: Float[np.ndarray, "points 2"]) -> int:
    return int(np.hypot(*(curve - (points[0] + points[-1]) / 2).T).argmax())


def _lengths(points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " points"]:
    """Along the polygon, from the first point on."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
