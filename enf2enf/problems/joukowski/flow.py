"""Potential flow around a section, in closed form."""

import dataclasses

import numpy as np
from jaxtyping import Float

from enf2enf.problems.joukowski.section import Points, Section, raised


@dataclasses.dataclass(frozen=True)
class Flow:
    """Steady, without rotation or compression, around a section of chord 1 m whose nose is at the origin.

    It leaves the trailing edge smoothly (the condition of Kutta), which decides the circulation: none for a circle
    without incidence. Points of the section's own complex plane are placed in space by `turn`.

    Args:
        section: in its own axes.
        incidence: angle from the chord to the inflow, rad.
        direction: angle from the x axis to the inflow, rad.
        speed: of the inflow, m/s.
    """

    section: Section
    incidence: float
    direction: float
    speed: float

    @property
    def inflow(self) -> Float[np.ndarray, "2"]:
        """The undisturbed velocity, m/s."""
        return self.speed * np.array([np.cos(self.direction), np.sin(self.direction)])

    @property
    def turn(self) -> complex:
        """What turns the section."""
        return np.exp(1j * (self.direction - self.incidence))

    @property
    def circulation(self) -> float:
        """Of the velocity along closed curves around the section, clockwise, m2/s."""
        height = (np.exp(1j * self.incidence) * self.section.spoke.conjugate()).imag
        return 2 * np.pi * self.speed * height * self.section.scale / self.section.power

    @property
    def lift(self) -> float:
        """Force to the left of the inflow, over density and per metre of span, m3/s2; there is no drag."""
        return self.speed * self.circulation

    def velocity(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """At points outside the section, m/s.

        That around the circle is as (s - spoke) (s - rear) / s^2, s from its centre, `rear` the other stagnation point;
        the first factor is 2 v / (1 - v), and cancels what the map does at the trailing edge.
        """
        section, x = self.section, complex_of(points) / self.turn
        n, spoke, v = section.power, section.spoke, section.to_disc(x)
        rear = -np.exp(2j * self.incidence) * spoke.conjugate()
        from_centre = spoke * (1 - v) + 2 * v  # times 1 - v, as s - rear is
        around_circle = 2 * (from_centre - rear * (1 - v)) / from_centre**2
        of_map = raised(v, 2 - n, section.axis) / (n * (1 - v) * (1 + (x - 1) / section.scale)) ** 2
        return points_of(self.speed * np.exp(1j * self.direction) * (around_circle * of_map).conj())

    def fields(self, points: Float[np.ndarray, "points 2"]) -> dict[str, np.ndarray]:
        """`velocity`, and `pressure` over density above that of the inflow, m2/s2: the coefficient times U^2 / 2."""
        velocity = self.velocity(points)
        return {"velocity": velocity, "pressure": (self.speed**2 - (velocity**2).sum(axis=1)) / 2}

    def wall(self, count: int) -> Float[np.ndarray, "{count} 2"]:
        """Points of the wall, counter-clockwise from the trailing edge on."""
        return points_of(self.section.wall(count) * self.turn)


def complex_of(points: Float[np.ndarray, "*points 2"]) -> Points:
    """x + i y."""
    return points[..., 0] + 1j * points[..., 1]


def points_of(numbers: Points) -> Float[np.ndarray, "*points 2"]:
    """The inverse."""
    return np.stack([np.real(numbers), np.imag(numbers)], axis=-1)
