"""Decoders D_u: from conditioned latents to the fields at any point."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from enf2enf.model.queries import Queries
from enf2enf.nn.latents import Latents

Prepared = PyTree[Float[Array, "..."]]

BLOCK = 64
"""Consecutive points that a local decoder takes together: whoever orders points brings so many close together."""


class AbstractDecoder(eqx.Module):
    """In two parts: what is done once per geometry and conditions, and what is done per point."""

    @abc.abstractmethod
    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Prepared:
        """The latents under global conditions, as the points attend to them."""

    @abc.abstractmethod
    def __call__(self, prepared: Prepared, queries: Queries) -> Float[Array, "points outputs"]:
        """The normalised fields at the queries."""

    @abc.abstractmethod
    def is_local(self, prepared: Prepared) -> bool:
        """Whether points close together are cheaper to decode: not where they attend to all latents anyway."""

    @abc.abstractmethod
    def answer(self, prepared: Prepared, queries: Queries) -> Float[Array, "points outputs"]:
        """The same as `__call__`, but for rounding, without latents that have none of the points in their windows."""
