"""The random void of the Geo-FNO "Elasticity" problem, cut off at a smooth number of modes."""

import dataclasses

import numpy as np
from jaxtyping import Float

MODES = 8
"""Angular modes 0 to 7: without a cut-off the curve is rough and no stress converges."""
CENTRE = np.array([0.5, 0.5])
"""Where the void sits in the unit cell [0, 1]^2, m."""


@dataclasses.dataclass(frozen=True)
class Void:
    """A star-shaped hole of radius r = 0.2 + 0.2 / (1 + exp(g)) about the centre of the unit cell.

    g(theta) = sum_k s_k (a_k cos k theta + b_k sin k theta) / sqrt(pi) with s_k = 4 / sqrt(k^2 + 9), and
    s_0 a_0 / sqrt(2 pi) for k = 0: the truncated expansion of N(0, 4^2 (-Laplacian + 3^2)^-1) on the circle.

    Args:
        cosines: the coefficients a_k.
        sines: the coefficients b_k (b_0 has no effect).
    """

    cosines: Float[np.ndarray, " modes"]
    sines: Float[np.ndarray, " modes"]

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Void":
        """A void with standard normal coefficients."""
        return cls(rng.standard_normal(MODES), rng.standard_normal(MODES))

    def radius(self, theta: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
        """Distance of the wall from the centre at these angles (rad, from the x axis), m, in (0.2, 0.4)."""
        k = np.arange(len(self.cosines))
        scale = 4 / np.sqrt((k * k + 9) * np.pi) * np.where(k == 0, np.sqrt(0.5), 1)
        angles = np.multiply.outer(theta, k)
        g = np.cos(angles) @ (scale * self.cosines) + np.sin(angles) @ (scale * self.sines)
        return 0.2 + 0.2 / (1 + np.exp(g))

    def wall(self, theta: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 2"]:
        """Points of the wall at these angles, m."""
        return CENTRE + self.radius(theta)[:, None] * np.stack([np.cos(theta), np.sin(theta)], axis=1)

    def evenly(self, count: int, phase: float = 0.0) -> Float[np.ndarray, " count"]:
        """Angles of `count` points evenly spaced by arc length, the first `phase` of a spacing beyond angle 0."""
        theta = np.linspace(0, 2 * np.pi, 4097)
        length = np.concatenate([[0], np.linalg.norm(np.diff(self.wall(theta), axis=0), axis=1).cumsum()])
        return np.interp((np.arange(count) + phase) * length[-1] / count, length, theta)

    def contains(self, points: Float[np.ndarray, "n 2"]) -> np.ndarray:
        """Which points are in the open hole."""
        d = points - CENTRE
        return np.hypot(*d.T) < self.radius(np.arctan2(d[:, 1], d[:, 0]))
