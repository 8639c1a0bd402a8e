"""Karman-Trefftz sections: images of a circle, with a trailing edge of any angle."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Complex, Float

Points = Complex[np.ndarray, "*points"]


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of chord 1 in the complex plane, from the nose at 0 to the trailing edge at 1.

    The plane outside is the image of a disc in three steps: t = (1 + v) / (1 - v) is outside the circle through 1 about
    -thickness + i camber; w = v^n with n = 2 - edge / pi; and x = 1 + scale w / (1 - w). So v = 0 is the trailing edge
    and v = 1 is infinity. The chord is the part of the real axis that is in the circle.

    Args:
        thickness, camber: of the circle. To first order the section is 1.3 `thickness` thick beside what the edge adds,
            and its mean line is `camber` / 2 high.
        edge: angle between both sides at the trailing edge, rad, above 0; pi (without camber) for a circle.
    """

    thickness: float
    camber: float
    edge: float

    @property
    def power(self) -> float:
        """The exponent n."""
        return 2 - self.edge / np.pi

    @property
    def spoke(self) -> complex:
        """From the circle's centre to 1, the image of the trailing edge."""
        return complex(1 + self.thickness, -self.camber)

    @property
    def axis(self) -> complex:
        """From 0 to the middle of the disc, of length 1; 0 is on its rim, and powers are cut on the other side."""
        return self.spoke / abs(self.spoke)

    @property
    def scale(self) -> float:
        """Puts the nose, which is at v = 1 + 1 / thickness, at 0."""
        return 1 - (self.thickness / (1 + self.thickness)) ** self.power

    def to_plane(self, disc: Points) -> Points:
        """From the disc to the plane outside the section."""
        w = raised(disc, self.power, self.axis)
        return 1 + self.scale * w / (1 - w)

    def to_disc(self, plane: Points) -> Points:
        """The inverse: of any point outside the section, however it is cambered; points inside leave the disc."""
        y = (plane - 1) / self.scale
        return raised(y / (1 + y), 1 / self.power, self.axis**self.power)

    def excludes(self, plane: Points) -> Bool[np.ndarray, "*points"]:
        """Whether points are outside the section."""
        v = self.to_disc(plane)
        return abs(self.spoke * (1 - v) + 2 * v) > abs(self.spoke * (1 - v))

    def wall(self, count: int) -> Complex[np.ndarray, " {count}"]:
        """Points of the wall, counter-clockwise from the trailing edge on, closer to each other at both edges."""
        return self.wall_at(2 * np.pi * np.arange(count) / count)

    def wall_at(self, angle: Float[np.ndarray, "*points"]) -> Points:
        """Points of the wall at angles about the circle, rad, 0 at the trailing edge."""
        arc = self.spoke * np.expm1(1j * angle)
        return self.to_plane(arc / (2 + arc))


def raised(base: Points, exponent: float, axis: complex) -> Points:
    """A power that is cut opposite to `axis`."""
    return axis**exponent * (base / axis) ** exponent
