"""Coordinates that follow a section and its wake, the same for all sections: where fields of different ones compare.

The square root about a point within the nose, z = focus + q^2 / 2, unrolls a section and the line of its wake to one
that is nearly straight, the fluid above it, as the C-grid of the problem `aerofoil` does. There `around` is the
abscissa, in nose radii near the nose and -1 and 1 at the trailing edge; `out` is the logarithm of the height above the
line, 0 at the points of the case next to it and 1 at the height `REACH`. Both ways are closed forms. Fractions of the
wall and distances to it would not do: in front of a nose and behind an edge many points have one nearest wall point.
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Complex, Float
from scipy.interpolate import CubicSpline
from scipy.ndimage import minimum_filter1d

from benchmarks.peers.section import Section

REACH = 2.6
"""Height in the unrolled plane that no corner of the box [-2, 4] x [-1.5, 1.5] chords exceeds."""
_WAKE, _BENDS = 6.0, 0.7  # chords behind the edge, and over which the wake turns into the inflow
_NEAR_NOSE = np.array([0.004, 0.006, 0.009, 0.013])  # chords from the leading edge where its radius is read
_LEAST, _BESIDE, _SAME = 1e-7, 150, 1.4  # least height; neighbours to compare with; factor of heights in one layer


@dataclasses.dataclass(frozen=True, eq=False)
class BodyFitted:
    """Of one section in one flow.

    Args:
        section: and its frame.
        points: of the case, in metres, of which the layer next to the wall is at `out` = 0.
    """

    section: Section
    points: Float[np.ndarray, "points 2"]

    def coordinates(self, points: Float[np.ndarray, "asked 2"]) -> Float[np.ndarray, "asked 2"]:
        """`around` and `out` of points in metres; on the wall, `out` means nothing."""
        q = self._unrolled(self.section.frame.inward(points) @ (1, 1j))
        return np.stack([self._around(q.real), self._out(q)], axis=1)

    def places(self, coordinates: Float[np.ndarray, "asked 2"]) -> Float[np.ndarray, "asked 2"]:
        """The inverse of `coordinates`."""
        x = self._abscissa(coordinates[:, 0])
        low = np.interp(x, *self._first)
        q = x + 1j * (self._line(x) + np.exp(low + coordinates[:, 1] * (np.log(REACH) - low)))
        z = self._focus + 0.5 * q**2
        return self.section.frame.outward(np.stack([z.real, z.imag], axis=1))

    def tangents(self, around: Float[np.ndarray, " asked"]) -> Float[np.ndarray, "asked 2"]:
        """Unit vectors along the wall, from the lower side at the trailing edge around to the upper, in the frame."""
        x = self._abscissa(around)
        way = (x + 1j * self._wall(x)) * (1 + 1j * self._wall(x, 1))
        return np.stack([way.real, way.imag], axis=1) / abs(way)[:, None]

    def outline(self, around: Float[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        """Heights of the wall in the unrolled plane."""
        return self._wall(self._abscissa(around))

    @functools.cached_property
    def radius(self) -> float:
        """Of the nose, in chords: of the parabola as thick as the section next to it."""
        upper, lower = (np.interp(_NEAR_NOSE, *side.T) for side in (self.section.upper, self.section.lower))
        return float(np.median((upper - lower) ** 2 / (8 * _NEAR_NOSE)))

    def _around(self, x: np.ndarray) -> np.ndarray:
        nose = np.sqrt(self.radius)
        return np.arcsinh(x / nose) / np.arcsinh(self._edge / nose)

    def _abscissa(self, around: np.ndarray) -> np.ndarray:
        nose = np.sqrt(self.radius)
        return nose * np.sinh(around * np.arcsinh(self._edge / nose))

    def _out(self, q: Complex[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        low = np.interp(q.real, *self._first)
        return (self._height(q) - low) / (np.log(REACH) - low)

    def _height(self, q: Complex[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        return np.log(np.maximum(q.imag - self._line(q.real), _LEAST))

    @functools.cached_property
    def _first(self) -> tuple[np.ndarray, np.ndarray]:
        """Abscissa and logarithm of the height of the points next to the line."""
        q = self._unrolled(self.section.frame.inward(self.points) @ (1, 1j))
        q = q[np.argsort(q.real)]
        height = self._height(q)
        lowest = height < minimum_filter1d(height, _BESIDE, mode="nearest") + np.log(_SAME)
        return q.real[lowest], height[lowest]

    @functools.cached_property
    def _focus(self) -> complex:
        return complex(self.radius / 2, float(self._middle(np.array([self.radius / 2]))[0]))

    @functools.cached_property
    def _edge(self) -> float:
        """The abscissa of the trailing edge in the unrolled plane."""
        return float(np.sqrt(2 * (1 - self._focus)).real)

    def _middle(self, x: Float[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        """The line between upper and lower: the mean one of the section, then that of the wake."""
        upper, lower = (np.interp(x, *side.T) for side in (self.section.upper, self.section.lower))
        return np.where(x > 1, np.interp(x, *self._behind.T), (upper + lower) / 2)

    @functools.cached_property
    def _behind(self) -> Float[np.ndarray, "points 2"]:
        """The line of the wake: from the trailing edge along its bisector and then into the inflow."""
        ways = [side[-1] - side[-2] for side in (self.section.lower, self.section.upper)]
        bisector = float(np.mean([np.arctan2(way[1], way[0]) for way in ways]))
        x, inflow = np.concatenate([[0], np.geomspace(1e-4, _WAKE, 400)]), self.section.incidence
        slope = np.tan(inflow + (bisector - inflow) * np.exp(-x / _BENDS))
        return np.stack([1 + x, np.append(0, np.cumsum(np.diff(x) * (slope[1:] + slope[:-1]) / 2))], axis=1)

    def _unrolled(self, z: Complex[np.ndarray, " asked"]) -> Complex[np.ndarray, " asked"]:
        """The root of points in the fluid, cut along the middle of the section and its wake."""
        return self._root(z, z.imag > self._middle(z.real))

    def _root(self, z: Complex[np.ndarray, " asked"], is_upper: np.ndarray | bool) -> Complex[np.ndarray, " asked"]:
        """The root: on the right for upper points, the left for lower ones, above for points before the nose.

        Behind the focus `is_upper` decides alone, on whichever side of the straight line behind it the points are.
        """
        arm = z - self._focus
        angle = np.mod(np.angle(arm), 2 * np.pi)
        behind = arm.real > 0
        angle = angle - 2 * np.pi * (behind & is_upper & (angle > np.pi))
        angle = angle + 2 * np.pi * (behind & np.logical_not(is_upper) & (angle < np.pi))
        return np.sqrt(2 * abs(arm)) * np.exp(0.5j * angle)

    @functools.cached_property
    def _wall(self) -> CubicSpline:
        """Height of the wall over the abscissa, in the unrolled plane."""
        lower, upper = (
            self._root(side @ (1, 1j), is_upper)
            for side, is_upper in ((self.section.lower, False), (self.section.upper, True))
        )
        q = np.concatenate([lower[:0:-1], upper])
        return CubicSpline(q.real, q.imag)

    def _line(self, x: Float[np.ndarray, " asked"]) -> Float[np.ndarray, " asked"]:
        """Height of the wall, and of the line of the wake on both sides of it, over the abscissa."""
        wake = self._root(self._behind @ (1, 1j), True)
        line = self._wall(np.clip(x, -self._edge, self._edge))
        line = np.where(x > self._edge, np.interp(x, wake.real, wake.imag), line)
        return np.where(x < -self._edge, np.interp(-x, wake.real, -wake.imag), line)
