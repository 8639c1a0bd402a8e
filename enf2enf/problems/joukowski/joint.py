"""Potential flow around several sections at once, as series in the planes of their circles."""

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.linalg
from jaxtyping import Complex, Float

from enf2enf.errors import SolverError
from enf2enf.problems.joukowski.body import Body, complex_of, points_of
from enf2enf.problems.joukowski.flow import AbstractFlow
from enf2enf.problems.joukowski.section import Points, Section, raised

_TERMS, _MOST = 64, 300
_POINTS = 3  # collocation points on every wall for each term
_FLAT = 1e-8  # largest accepted deviation of the stream function on a wall, m2/s in an inflow of 1 m/s
_POWERS = 2  # powers of y with a basis function of their own
_DEPENDENT = 1e-14  # relative size below which a basis function counts as dependent on the others


@final
@dataclasses.dataclass(frozen=True)
class JointFlow(AbstractFlow):
    """Flow around any number of bodies that do not touch, solved on first use.

    The complex potential is that of the inflow plus, for every body, a vortex, powers of 1 / s (s in the plane of the
    body's circle |s| = 1, its trailing edge at s = 1) and two more functions, needed at the edge: a body's own flow is
    smooth in s there, but the flow from other bodies is smooth in space, a series in the distance y from the edge, and
    y starts as (s - 1)^n. Powers of 1 / s alone would converge slower than 1 / terms; the functions y - g and
    y^2 - g^2, with g linear in s and equal to y far away, remove the two strongest of these powers.

    The strengths follow by least squares at 3 points a term: the stream function is constant on every wall, and the
    velocity in the s plane is 0 at s = 1 (Kutta condition; a circle, without an edge, has no circulation instead).
    Terms are added beyond the number asked for if bodies are close for their size.

    Args:
        bodies: the sections.
        direction, speed: of the inflow.
        terms: of every series, at the least.

    Raises:
        SolverError: on first use, if bodies are too close to each other.
    """

    bodies: tuple[Body, ...]
    direction: float
    speed: float
    terms: int = _TERMS

    @property
    def circulation(self) -> float:
        """Of the velocity along closed curves around all bodies, clockwise, m2/s."""
        return float(self.circulations.sum())

    @property
    def circulations(self) -> Float[np.ndarray, " bodies"]:
        """The same around each of them."""
        return self.speed * np.array([strengths[-1] for strengths in self._solution[1]])

    def velocity(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """At points outside the bodies, m/s; not at the trailing edges themselves."""
        z = complex_of(points)
        slope = np.full(z.shape, np.exp(-1j * self.direction))
        terms, solution = self._solution
        for body, strengths in zip(self.bodies, solution, strict=True):
            real, imaginary, (circulation,) = np.split(strengths, [terms + _POWERS, -1])
            slope += _slope(body.section, body.inward(z), real + 1j * imaginary, float(circulation)) / body.chord
        return points_of(self.speed * slope.conj())

    def error(self, points: Float[np.ndarray, "points 2"]) -> float:
        """Relative L2 difference of the fields at points outside from those of twice the terms, that of the worse."""
        own, better = self.fields(points), dataclasses.replace(self, terms=2 * self._solution[0]).fields(points)
        return max(float(np.linalg.norm(own[key] - better[key]) / np.linalg.norm(better[key])) for key in own)

    @functools.cached_property
    def _solution(self) -> tuple[int, list[Float[np.ndarray, " strengths"]]]:
        """The number of terms, and of every body in an inflow of 1 m/s the strengths.

        Real parts, then imaginary parts, then the clockwise circulation.
        """
        terms = self.terms
        strengths, uneven = self._solved(terms)
        while uneven > _FLAT:
            if terms > _MOST:
                got = f"a stream function that differs by {uneven:.1e} on a wall"
                raise SolverError("flow around several bodies", f"a solution with {terms} terms", got)
            terms = terms * 3 // 2
            strengths, uneven = self._solved(terms)
        return terms, strengths

    def _solved(self, terms: int) -> tuple[list[Float[np.ndarray, " strengths"]], float]:
        """Strengths by least squares, and what the stream function is at the most off its value on a wall."""
        bodies, count = self.bodies, _POINTS * terms
        walls = [body.wall_at(2 * np.pi * (np.arange(count) + 0.5) / count) for body in bodies]
        streams = np.block([[_streams(body, wall, terms) for body in bodies] for wall in walls])
        levels = np.kron(np.eye(len(bodies)), np.ones((count, 1)))
        edges = np.asarray(scipy.linalg.block_diag(*(_at_edge(body.section, terms) for body in bodies)))
        matrix = np.block([[streams, levels], [edges, np.zeros((len(edges), len(bodies)))]])
        given = [-(np.exp(-1j * self.direction) * wall).imag for wall in walls]
        right = np.concatenate([*given, np.zeros(len(edges))])
        solved = scipy.linalg.lstsq(matrix, right, cond=_DEPENDENT, lapack_driver="gelsy", check_finite=False)
        found = np.asarray(solved[0])  # pyright: ignore[reportOptionalSubscript]
        return np.split(found[: -len(bodies)], len(bodies)), float(np.abs(matrix @ found - right).max())


def _planes(section: Section, x: Points) -> tuple[Points, Points, Points, Points]:
    """Where points are in the disc, y and how it grows, and 1 / s."""
    v, n, spoke = section.to_disc(x), section.power, section.spoke
    return v, (x - 1) / section.scale, ((1 + v) / (1 - v) - n) / (2 * n), spoke * (1 - v) / (spoke * (1 - v) + 2 * v)


def _streams(body: Body, points: Points, terms: int) -> Float[np.ndarray, "points strengths"]:
    """Stream functions of unit strengths."""
    _, y, grown, inverse = _planes(body.section, body.inward(points))
    powers = np.cumprod(np.broadcast_to(inverse[:, None], (len(points), terms)), axis=1)
    known = np.column_stack([powers, y - grown, y**2 - grown**2])
    return np.column_stack([np.imag(known), np.real(known), -np.log(abs(inverse)) / (2 * np.pi)])


def _at_edge(section: Section, terms: int) -> Float[np.ndarray, "2 strengths"]:
    """Real and imaginary part of the slopes of their potentials over s, at s = 1; of a circle, the circulation."""
    n = section.power
    growth = section.spoke / (2 * n)
    slopes = np.array([*-np.arange(1.0, terms + 1), -growth, growth * (n - 1) / n])
    if section.edge == np.pi:
        return np.eye(2, 2 * len(slopes) + 1, 2 * len(slopes))
    real, imaginary = np.real(slopes), np.imag(slopes)
    rows = [[*real, *-imaginary, 0.0], [*imaginary, *real, 1 / (2 * np.pi)]]
    return np.array(rows)


def _slope(section: Section, x: Points, powers: Complex[np.ndarray, " _"], circulation: float) -> Points:
    """The slope of a body's own potential over the section's coordinates."""
    v, y, grown, inverse = _planes(section, x)
    n, growth, (first, second) = section.power, section.spoke / (2 * section.power), powers[-_POWERS:]
    series = [0, 1j * circulation / (2 * np.pi), *(-np.arange(1, len(powers) - 1) * powers[:-_POWERS])]
    over_s = np.polynomial.polynomial.polyval(inverse, series) - growth * (first + 2 * grown * second)
    of_map = 2 * raised(v, 1 - n, section.axis) / (section.spoke * section.scale * n * ((1 - v) * (1 + y)) ** 2)
    return over_s * of_map + (first + 2 * y * second) / section.scale
