"""Bi-invariants: what a pair (point, pose) looks like to every member of a group at once."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class AbstractBiInvariant(eqx.Module):
    """A map inv(x, p) with inv(g.x, g.p) = inv(x, p) for every g of its group (arXiv 2406.05753, eq. 5)."""

    @abc.abstractmethod
    def __call__(self, point: Float[Array, " dim"], pose: Float[Array, " dim"]) -> Float[Array, " features"]:
        """The invariant of one point and one pose."""

    @abc.abstractmethod
    def width(self, dim: int) -> int:
        """Number of features in `dim` dimensions."""


class Translation(AbstractBiInvariant):
    """x - p: complete for the translations of R^n. The paper's default."""

    def __call__(self, point: Float[Array, " dim"], pose: Float[Array, " dim"]) -> Float[Array, " features"]:
        """The position of the point as seen from the pose."""
        return point - pose

    def width(self, dim: int) -> int:
        """One component per dimension."""
        return dim


class Absolute(AbstractBiInvariant):
    """(x, p): invariant to nothing, an ablation."""

    def __call__(self, point: Float[Array, " dim"], pose: Float[Array, " dim"]) -> Float[Array, " features"]:
        """Both positions as they stand."""
        return jnp.concatenate([point, pose])

    def width(self, dim: int) -> int:
        """Two positions."""
        return 2 * dim


BI_INVARIANTS: dict[str, type[AbstractBiInvariant]] = {"translation": Translation, "absolute": Absolute}
