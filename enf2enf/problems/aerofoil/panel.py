"""Plane potential flow around a polygon: panels of linear vorticity, which leaves the trailing edge smoothly.

Kuethe and Chow 1998, Foundations of Aerodynamics, section 5.10.
"""

import dataclasses

import numpy as np
from jaxtyping import Float

_OUTSIDE = 1e-7  # how far outside the wall the flow is made to follow it, chords

Numbers = Float[np.ndarray, "points panels"]


@dataclasses.dataclass(frozen=True, eq=False)
class PanelFlow:
    """Flow around a wall in an inflow of speed 1.

    Args:
        wall: from the trailing edge along the lower side, around the nose and back, closed.
        incidence: angle from the x axis to the inflow, rad.
        strength: of the vorticity at the nodes of the wall, clockwise.
    """

    wall: Float[np.ndarray, "nodes 2"]
    incidence: float
    strength: Float[np.ndarray, " nodes"]

    @classmethod
    def around(cls, wall: Float[np.ndarray, "nodes 2"], incidence: float) -> "PanelFlow":
        """No flow through the middles of the panels, and no vorticity at the trailing edge."""
        side = np.diff(wall, axis=0)
        outward = np.stack([-side[:, 1], side[:, 0]], axis=1) / np.hypot(*side.T)[:, None]
        middles = (wall[1:] + wall[:-1]) / 2 + _OUTSIDE * outward
        influence = np.einsum("pnd,pd->pn", _influence(wall, middles), outward)
        edge = np.zeros((1, len(wall)))
        edge[0, [0, -1]] = 1
        wanted = np.append(-outward @ _inflow(incidence), 0)
        return cls(wall, incidence, np.linalg.lstsq(np.concatenate([influence, edge]), wanted, rcond=None)[0])

    def velocity(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """At points outside the wall."""
        return _inflow(self.incidence) + np.einsum("pnd,n->pd", _influence(self.wall, points), self.strength)

    @property
    def lift_coefficient(self) -> float:
        """Twice the circulation: the law of Kutta and Joukowski, over a chord of 1."""
        lengths = np.hypot(*np.diff(self.wall, axis=0).T)
        return float((self.strength[1:] + self.strength[:-1]) @ lengths)


def _inflow(incidence: float) -> Float[np.ndarray, "2"]:
    return np.array([np.cos(incidence), np.sin(incidence)])


def _influence(
    wall: Float[np.ndarray, "nodes 2"], points: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, "points nodes 2"]:
    """Velocities at points of vorticity that is 1 at one node and falls to 0 at both of its neighbours."""
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
