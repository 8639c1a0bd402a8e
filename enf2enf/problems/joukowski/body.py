"""Sections placed in space; points of the plane are complex numbers x + i y, in metres."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Complex, Float

from enf2enf.problems.joukowski.section import Points, Section


@dataclasses.dataclass(frozen=True)
class Body:
    """A section of any size, in any place.

    Args:
        section: in its own axes, of chord 1.
        nose: where its nose is.
        chord: from there to the trailing edge.
    """

    section: Section
    nose: complex
    chord: complex

    def outward(self, own: Points) -> Points:
        """From the section's axes into space."""
        return self.nose + self.chord * own

    def inward(self, points: Points) -> Points:
        """The inverse."""
        return (points - self.nose) / self.chord

    def excludes(self, points: Points) -> Bool[np.ndarray, "*points"]:
        """Whether points are outside."""
        return self.section.excludes(self.inward(points))

    def wall(self, count: int) -> Complex[np.ndarray, " {count}"]:
        """Points of the wall, counter-clockwise from the trailing edge on, closer to each other at both edges."""
        return self.outward(self.section.wall(count))

    def wall_at(self, angle: Float[np.ndarray, "*points"]) -> Points:
        """Points of the wall at angles about the section's circle, rad, 0 at the trailing edge."""
        return self.outward(self.section.wall_at(angle))


def complex_of(points: Float[np.ndarray, "*points 2"]) -> Points:
    """x + i y."""
    return points[..., 0] + 1j * points[..., 1]


def points_of(numbers: Points) -> Float[np.ndarray, "*points 2"]:
    """The inverse."""
    return np.stack([np.real(numbers), np.imag(numbers)], axis=-1)
