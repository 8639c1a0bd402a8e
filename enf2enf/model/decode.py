"""Decoders D_u: from conditioned latents to the fields at any point."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from enf2enf.latents import LatentCloud, Latents
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.field import NeuralField

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


class FieldDecoder(AbstractDecoder):
    """The paper's decoder: z-scored latents and conditions into one equivariant neural field."""

    field: NeuralField
    mean: Float[Array, " width"]
    deviation: Float[Array, " width"]

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        context: int,
        conditions: int,
        outputs: int,
        width: int,
        heads: int,
        blocks: int,
        deviation: float,
        *,
        key: PRNGKeyArray,
    ):
        self.field = NeuralField(
            bi_invariant, dim, context + conditions, outputs, width, heads, blocks, 1, deviation, key=key
        )
        self.mean, self.deviation = jnp.zeros(context), jnp.ones(context)

    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Latents:
        """z-score with the training statistics, append the conditions, stem and self-attention."""
        (cloud,) = latents
        mean, deviation = jax.lax.stop_gradient((self.mean, self.deviation))
        scored = (cloud.context - mean) / deviation
        told = jnp.concatenate([scored, jnp.broadcast_to(conditions, (len(scored), len(conditions)))], axis=1)
        return (self.field.prepare(LatentCloud(cloud.pose, told, cloud.window)),)

    def __call__(
        self, prepared: Prepared, points: Float[Array, "points dim"], distance: Float[Array, " points"]
    ) -> Float[Array, "points outputs"]:
        """One cross attention and the head, point by point."""
        return jax.vmap(self.field, in_axes=(None, 0, 0))(prepared[0], points, distance[:, None])

    def is_local(self, prepared: Latents) -> bool:
        """False: Gaussian windows have no end."""
        return False

    def answer(
        self, prepared: Latents, points: Float[Array, "points dim"], distance: Float[Array, " points"]
    ) -> Float[Array, "points outputs"]:
        """All latents are asked."""
        return self(prepared, points, distance)
