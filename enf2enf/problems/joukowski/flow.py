"""Potential flow: what all flows have, and that around one section in closed form."""

import abc
import dataclasses
from typing import final

import numpy as np
from jaxtyping import Float

from enf2enf.problems.joukowski.body import Body, complex_of, points_of
from enf2enf.problems.joukowski.section import Section, raised


class AbstractFlow(abc.ABC):
    """Steady, without rotation or compression, around bodies. The first has its nose at the origin and a chord of 1 m.

    It leaves trailing edges smoothly (the condition of Kutta), which decides the circulations: none for circles.

    Args:
        bodies: what it is around.
        direction: angle from the x axis to the inflow, rad.
        speed: of the inflow, m/s.
    """

    bodies: tuple[Body, ...]
    direction: float
    speed: float

    @property
    @abc.abstractmethod
    def circulation(self) -> float:
        """Of the velocity along closed curves around all bodies, clockwise, m2/s."""

    @abc.abstractmethod
    def velocity(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """At points outside the bodies, m/s."""

    @abc.abstractmethod
    def error(self, points: Float[np.ndarray, "points 2"]) -> float | None:
        """Relative L2 error of the fields at points outside, the largest of all fields; None for a closed form."""

    @final
    @property
    def inflow(self) -> Float[np.ndarray, "2"]:
        """The undisturbed velocity, m/s."""
        return self.speed * np.array([np.cos(self.direction), np.sin(self.direction)])

    @final
    @property
    def lift(self) -> float:
        """Force on all bodies to the left of the inflow, over density and per metre of span, m3/s2; no drag."""
        return self.speed * self.circulation

    @final
    @property
    def lift_coefficient(self) -> float:
        """The lift over U^2 / 2 and the chord of the first body."""
        return 2 * self.lift / (self.speed**2 * abs(self.bodies[0].chord))

    @final
    def fields(self, points: Float[np.ndarray, "points 2"]) -> dict[str, np.ndarray]:
        """`velocity`, and `pressure` over density above that of the inflow, m2/s2: the coefficient times U^2 / 2."""
        velocity = self.velocity(points)
        return {"velocity": velocity, "pressure": (self.speed**2 - (velocity**2).sum(axis=1)) / 2}

    @final
    def forces(self, sides: int = 4096) -> Float[np.ndarray, "bodies 2"]:
        """Of the pressure on each body, over density and per metre of span, m3/s2; of second order in `sides`."""
        ends, forces = 2 * np.pi * np.arange(sides + 1) / sides, []
        for body in self.bodies:
            pressure = self.fields(points_of(body.wall_at(ends[:-1] + np.pi / sides)))["pressure"]
            forces.append((1j * np.diff(body.wall_at(ends)) * pressure).sum())  # the body is on the left of its wall
        return points_of(np.array(forces))


@final
@dataclasses.dataclass(frozen=True)
class Flow(AbstractFlow):
    """Around one section, in closed form.

    Args:
        section: in its own axes.
        incidence: angle from the chord to the inflow, rad; none for a circle.
        direction, speed: of the inflow.
    """

    section: Section
    incidence: float
    direction: float
    speed: float

    @property
    def body(self) -> Body:
        """The section, turned so that it has its incidence."""
        return Body(self.section, 0.0, np.exp(1j * (self.direction - self.incidence)))

    @property
    def bodies(self) -> tuple[Body, ...]:
        """The only one."""
        return (self.body,)

    @property
    def circulation(self) -> float:
        """Of the velocity along closed curves around the section, clockwise, m2/s."""
        height = (np.exp(1j * self.incidence) * self.section.spoke.conjugate()).imag
        return 2 * np.pi * self.speed * height * self.section.scale / self.section.power

    def velocity(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """Velocity at points outside the section, m/s.

        Around the circle it goes as (s - spoke) (s - rear) / s^2, with s from the centre and the other stagnation point
        at `rear`; s - spoke = 2 v / (1 - v) cancels the singularity of the map at the trailing edge.
        """
        section, x = self.section, self.body.inward(complex_of(points))
        n, spoke, v = section.power, section.spoke, section.to_disc(x)
        rear = -np.exp(2j * self.incidence) * spoke.conjugate()
        from_centre = spoke * (1 - v) + 2 * v  # times 1 - v, as s - rear is
        around_circle = 2 * (from_centre - rear * (1 - v)) / from_centre**2
        of_map = raised(v, 2 - n, section.axis) / (n * (1 - v) * (1 + (x - 1) / section.scale)) ** 2
        return points_of(self.speed * np.exp(1j * self.direction) * (around_circle * of_map).conj())

    def error(self, points: Float[np.ndarray, "points 2"]) -> None:
        """None: rounding alone."""
        return None
