"""Plane potential flow around polygons: panels of linear vorticity, which leaves trailing edges smoothly.

Kuethe and Chow 1998, Foundations of Aerodynamics, section 5.10, for any number of walls: an edge each.
"""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
import scipy.linalg
from jaxtyping import Float

_OUTSIDE = 1e-7  # distance outside the wall at which no flow through it is imposed, chords

Numbers = Float[np.ndarray, "points panels"]
Walls = tuple[Float[np.ndarray, "_ 2"], ...]


@dataclasses.dataclass(frozen=True, eq=False)
class PanelFlow:
    """Flow around walls in an inflow of speed 1.

    Args:
        walls: each from its trailing edge along the lower side, around the nose and back, closed.
        incidence: angle from the x axis to the inflow, rad.
        strengths: vorticity at the nodes of every wall, clockwise positive; it equals the speed along the wall there.
    """

    walls: Walls
    incidence: float
    strengths: tuple[Float[np.ndarray, " _"], ...]

    @classmethod
    def around(cls, walls: Sequence[Float[np.ndarray, "_ 2"]], incidence: float) -> Self:
        """The flow that passes no panel's middle; at a trailing edge the vorticities of both sides sum to 0 (Kutta)."""
        sides = np.concatenate([np.diff(wall, axis=0) for wall in walls])
        outward = np.stack([-sides[:, 1], sides[:, 0]], axis=1) / np.hypot(*sides.T)[:, None]
        middles = np.concatenate([(wall[1:] + wall[:-1]) / 2 for wall in walls]) + _OUTSIDE * outward
        through = np.concatenate([_influence(wall, middles) for wall in walls], axis=1)
        ends = [np.eye(1, len(wall)) + np.eye(1, len(wall), len(wall) - 1) for wall in walls]
        edges = np.asarray(scipy.linalg.block_diag(*ends))
        wanted = np.append(-outward @ _inflow(incidence), np.zeros(len(walls)))
        influence = np.concatenate([np.einsum("pnd,pd->pn", through, outward), edges])
        found = np.linalg.lstsq(influence, wanted, rcond=None)[0]
        return cls(tuple(walls), incidence, tuple(np.split(found, np.cumsum([len(wall) for wall in walls])[:-1])))

    def velocity(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """At points outside the walls."""
        pairs = zip(self.walls, self.strengths, strict=True)
        return _inflow(self.incidence) + sum(
            np.einsum("pnd,n->pd", _influence(wall, points), own) for wall, own in pairs
        )

    @property
    def wall_speeds(self) -> tuple[Float[np.ndarray, " _"], ...]:
        """Speeds along every wall, at the middles of its panels.

        The condition at an edge makes the speeds of both sides equal, but does not fix their value: the speed at the
        next node is used in its place, with an error of some hundredths there.
        """
        ends = (np.concatenate([own[1:2], own[1:-1], own[-2:-1]]) for own in self.strengths)
        return tuple((own[1:] + own[:-1]) / 2 for own in ends)

    @property
    def lift_coefficients(self) -> Float[np.ndarray, " walls"]:
        """Twice the circulation around every wall, over a chord of 1.

        Their sum is the lift coefficient of all walls (Kutta-Joukowski); one wall's lift also depends on the others.
        """
        lengths = [np.hypot(*np.diff(wall, axis=0).T) for wall in self.walls]
        return np.array([length @ (own[1:] + own[:-1]) for length, own in zip(lengths, self.strengths, strict=True)])


def _inflow(incidence: float) -> Float[np.ndarray, "2"]:
    return np.array([np.cos(incidence), np.sin(incidence)])


def _influence(
    wall: Float[np.ndarray, "nodes 2"], points: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, "points nodes 2"]:
    """Velocities at points, for each node: from vorticity 1 at the node, falling linearly to 0 at both neighbours."""
    side = np.diff(wall, axis=0)
    length = np.hypot(*side.T)
    along = side / length[:, None]
    x, y = points[:, None, 0] - wall[:-1, 0], points[:, None, 1] - wall[:-1, 1]
    x, y = x * along[:, 0] + y * along[:, 1], y * along[:, 0] - x * along[:, 1]
    first, second = _own_axes(x, y, length)
    nodes = np.zeros((len(points), len(wall)), complex)
    nodes[:, :-1] += first * (along @ (1, 1j))
    nodes[:, 1:] += second * (along @ (1, 1j))
    return np.stack([np.real(nodes), np.imag(nodes)], axis=-1)


def _own_axes(x: Numbers, y: Numbers, length: Float[np.ndarray, " panels"]) -> tuple[np.ndarray, np.ndarray]:
    """Velocities u + i v, along the panels and across, of vorticity 1 at their first and at their second end."""
    tiny = np.finfo(float).tiny
    ratio = 0.5 * np.log(((x - length) ** 2 + y**2 + tiny) / (x**2 + y**2 + tiny))
    seen = np.arctan2(y * length, x * (x - length) + y**2)
    second = ((x * seen + y * ratio) + 1j * (length + x * ratio - y * seen)) / (2 * np.pi * length)
    return (seen + 1j * ratio) / (2 * np.pi) - second, second
