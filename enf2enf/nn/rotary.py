"""Positions as rotations of feature pairs: attention sees relative positions only, without a pair network."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_ADDITIVE = {2: (0.6180339887498949,), 3: (0.7548776662466927, 0.5698402909980532)}  # of the R_d sequences


class RotaryPhase(eqx.Module):
    """The angles by which positions rotate pairs of features.

    Attributes:
        cos, sin: of the angles.
    """

    cos: Float[Array, "heads positions pairs"]
    sin: Float[Array, "heads positions pairs"]

    def __call__(self, x: Float[Array, "heads positions width"]) -> Float[Array, "heads positions width"]:
        """The features of every head, rotated (RoPE, Su et al. 2021, eq. 34)."""
        first, second = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([first * self.cos - second * self.sin, first * self.sin + second * self.cos], axis=-1)

    def back(self) -> "RotaryPhase":
        """The inverse rotation."""
        return RotaryPhase(self.cos, -self.sin)


class PlaneWaves(eqx.Module):
    """Plane waves in n dimensions: the angle of pair k at position x is w_k . x.

    Wavelengths are geometric between two lengths; directions spread evenly over the half sphere, so that no axis
    is preferred. The waves are drawn once and never trained.

    Args:
        dim: 2 or 3.
        heads, pairs: every head gets `pairs` waves over the whole range of lengths.
        wavelengths: the longest and the shortest, in reference lengths.
    """

    vectors: Float[Array, "heads pairs dim"]

    def __init__(self, dim: int, heads: int, pairs: int, wavelengths: tuple[float, float]):
        count = heads * pairs
        size = 2 * jnp.pi / jnp.geomspace(*wavelengths, count)
        vectors = size[:, None] * _directions(count, dim)
        self.vectors = vectors.reshape(pairs, heads, dim).swapaxes(0, 1)

    def __call__(self, positions: Float[Array, "positions dim"]) -> RotaryPhase:
        """The phases at some positions. Keep these small: float32 must resolve the shortest wave."""
        return _phase(jnp.einsum("hpd,nd->hnp", jax.lax.stop_gradient(self.vectors), positions))


def _directions(count: int, dim: int) -> Float[Array, "count dim"]:
    """Unit vectors whose directions are a low-discrepancy sequence (Roberts' R_d), up to sign."""
    shares = [(jnp.arange(count) * step) % 1.0 for step in _ADDITIVE[dim]]
    if dim == 2:
        return jnp.stack([jnp.cos(jnp.pi * shares[0]), jnp.sin(jnp.pi * shares[0])], axis=1)
    height, angle = shares[0], 2 * jnp.pi * shares[1]
    radius = jnp.sqrt(1 - height**2)
    return jnp.stack([radius * jnp.cos(angle), radius * jnp.sin(angle), height], axis=1)


def _phase(angle: Float[Array, "heads positions pairs"]) -> RotaryPhase:
    """Cosine and sine by a polynomial in the half angle, exact to 2e-7: XLA's own are scalar on a CPU, 10x slower."""
    half = (angle - 2 * jnp.pi * jnp.round(angle / (2 * jnp.pi))) / 2
    y = half * half
    sin = half * (1 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 - y / 39916800)))))
    cos = 1 + y * (-1 / 2 + y * (1 / 24 + y * (-1 / 720 + y * (1 / 40320 + y * (-1 / 3628800 + y / 479001600)))))
    return RotaryPhase(1 - 2 * sin * sin, 2 * sin * cos)
