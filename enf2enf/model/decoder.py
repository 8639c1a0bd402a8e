"""Decoders D_u: from conditioned latents to the fields at any point."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from enf2enf.nn.latents import Latents

Prepared = PyTree[Float[Array, "..."]]

BLOCK = 64
"""Consecutive points that a local decoder answers together: whoever orders points brings so many close together."""


class AbstractDecoder(eqx.Module):
    """In two parts: what is done once per geometry and conditions, and what is done per point."""

    @abc.abstractmethod
    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Prepared:
        """The latents under global conditions, ready to be asked."""

    @abc.abstractmethod
    def __call__(
        self, prepared: Prepared, points: Float[Array, "points dim"], distance: Float[Array, " points"]
    ) -> Float[Array, "points outputs"]:
        """The normalised fields at points, given their signed distance to the wall."""

    @abc.abstractmethod
    def is_local(self, prepared: Prepared) -> bool:
        """Whether points that lie close together are cheaper to answer: not where they ask all latents anyway."""

    @abc.abstractmethod
    def answer(
        self, prepared: Prepared, points: Float[Array, "points dim"], distance: Float[Array, " points"]
    ) -> Float[Array, "points outputs"]:
        """The same as `__call__`, but for rounding, without asking latents that none of the points hears."""
