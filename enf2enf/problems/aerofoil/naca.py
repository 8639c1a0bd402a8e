"""NACA sections of four and five digits in closed form, their digits any numbers, their trailing edge closed.

Jacobs, Ward and Pinkerton 1933, NACA report 460; Jacobs and Pinkerton 1935, NACA report 537.
"""

import abc
import dataclasses
from typing import final

import numpy as np
from jaxtyping import Float

from enf2enf.problems.aerofoil.root import root
from enf2enf.problems.aerofoil.section import AbstractSection
from enf2enf.problems.thickness import COEFFICIENTS, half_thickness

Line = tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]


class AbstractNaca(AbstractSection):
    """A thickness across a mean line.

    Args:
        thickness: in hundredths of the chord: the last two digits.
    """

    thickness: float

    @abc.abstractmethod
    def mean_line(self, x: Float[np.ndarray, " points"]) -> Line:
        """Height and slope of the mean line, by the distance from the nose along the chord."""

    @final
    @property
    def nose_radius(self) -> float:
        """Radius (chords) of the parabola that the thickness follows at the nose."""
        return (5 * COEFFICIENTS[0] * self.thickness / 100) ** 2 / 2

    @final
    def side(self, upper: bool, at: Float[np.ndarray, " points"]) -> Float[np.ndarray, "points 2"]:
        """Points across the mean line at stations that crowd to both of its ends."""
        x = (1 - np.cos(np.pi * at)) / 2
        half = (1 if upper else -1) * 5 * self.thickness / 100 * half_thickness(x)
        height, slope = self.mean_line(x)
        across = np.arctan(slope)
        return np.stack([x - half * np.sin(across), height + half * np.cos(across)], axis=1)


@final
@dataclasses.dataclass(frozen=True)
class FourDigits(AbstractNaca):
    """A mean line of two parabolas.

    Args:
        camber: its greatest height, in hundredths of the chord; 0 for a symmetric section.
        position: where that is, in tenths.
        thickness: in hundredths.
    """

    camber: float
    position: float
    thickness: float

    def mean_line(self, x: Float[np.ndarray, " points"]) -> Line:
        """Height and slope of the mean line."""
        if self.camber == 0:
            return np.zeros_like(x), np.zeros_like(x)
        p, fore = self.position / 10, x < self.position / 10
        scale = self.camber / 100 / np.where(fore, p, 1 - p) ** 2
        return scale * (np.where(fore, 0, 1 - 2 * p) + 2 * p * x - x**2), 2 * scale * (p - x)


@final
@dataclasses.dataclass(frozen=True)
class FiveDigits(AbstractNaca):
    """A mean line of a cubic and a straight line, without reflex.

    Args:
        lift: the design lift coefficient, in twentieths of 3.
        position: of the greatest camber, in twentieths of the chord, at most 8.
        thickness: in hundredths.
    """

    lift: float
    position: float
    thickness: float

    def mean_line(self, x: Float[np.ndarray, " points"]) -> Line:
        """Height and slope of the mean line, which is straight from x = m on."""
        m = root(lambda m: m * (1 - np.sqrt(m / 3)) - self.position / 20, 0.0, 1.0)
        turn = (3 * m - 7 * m**2 + 8 * m**3 - 4 * m**4) / np.sqrt(m * (1 - m))
        scale = 3 / 20 * self.lift / (turn - 1.5 * (1 - 2 * m) * (np.pi / 2 - np.arcsin(1 - 2 * m)))
        fore = x <= m
        height = np.where(fore, x**3 - 3 * m * x**2 + m**2 * (3 - m) * x, m**3 * (1 - x))
        return scale * height, scale * np.where(fore, 3 * x**2 - 6 * m * x + m**2 * (3 - m), -(m**3))
