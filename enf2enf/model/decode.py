"""Decoders D_u: from conditioned latents to the fields at any point."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.latents import LatentCloud, Latents
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.field import NeuralField
from enf2enf.nn.nearest import NearestAttention
from enf2enf.nn.rotary import RotaryBlock


class AbstractDecoder(eqx.Module):
    """In two parts: what is done once per geometry and conditions, and what is done per point."""

    @abc.abstractmethod
    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Latents:
        """The latents under global conditions, ready to be asked."""

    @abc.abstractmethod
    def __call__(
        self, conditioned: Latents, point: Float[Array, " dim"], distance: Float[Array, ""]
    ) -> Float[Array, " outputs"]:
        """The normalised fields at one point, given its signed distance to the wall."""


class NearestDecoder(AbstractDecoder):
    """Rotary self-attention over all latents, then a few nearest latents of each cloud per point."""

    stem: eqx.nn.MLP
    blocks: tuple[RotaryBlock, ...]
    norm: eqx.nn.RMSNorm
    attention: tuple[NearestAttention, ...]
    residual: tuple[eqx.nn.Linear, ...]
    head: eqx.nn.Linear

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        conditions: int,
        outputs: int,
        width: int,
        heads: int,
        blocks: int,
        expansion: int,
        wavelengths: tuple[float, float],
        counts: tuple[int, ...],
        frequencies: int,
        deviations: tuple[float, ...],
        residuals: int,
        *,
        key: PRNGKeyArray,
    ):
        keys = iter(jax.random.split(key, 2 + blocks + len(counts) + residuals))
        self.stem = eqx.nn.MLP(width + conditions + width * conditions, width, width, 1, jax.nn.gelu, key=next(keys))
        self.blocks = tuple(
            RotaryBlock(dim, width, heads, expansion, wavelengths, key=next(keys)) for _ in range(blocks)
        )
        self.norm = eqx.nn.RMSNorm(width)
        self.attention = tuple(
            NearestAttention(bi_invariant, dim, width, count, frequencies, deviations, key=next(keys))
            for count in counts
        )
        self.residual = tuple(eqx.nn.Linear(width, width, key=next(keys)) for _ in range(residuals))
        self.head = eqx.nn.Linear(width, outputs, key=next(keys))

    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Latents:
        """Tell every latent the conditions, let all attend to each other, and prepare their FiLM terms."""
        context = jnp.concatenate([cloud.context for cloud in latents])
        pose = jnp.concatenate([cloud.pose for cloud in latents])
        context = context + jax.vmap(lambda c: self.stem(_told(c, conditions)))(context)
        for block in self.blocks:
            context = block(context, pose)
        context = jax.vmap(self.norm)(context)
        ends = [sum(len(cloud.pose) for cloud in latents[: i + 1]) for i in range(len(latents) - 1)]
        return tuple(
            attend.modulate(LatentCloud(cloud.pose, part, cloud.window))
            for attend, cloud, part in zip(self.attention, latents, jnp.split(context, ends), strict=True)
        )

    def __call__(
        self, conditioned: Latents, point: Float[Array, " dim"], distance: Float[Array, ""]
    ) -> Float[Array, " outputs"]:
        """The sum of what the clouds say, refined by residual layers."""
        hidden = sum(attend(cloud, point, distance) for attend, cloud in zip(self.attention, conditioned, strict=True))
        for layer in self.residual:
            hidden = hidden + jax.nn.gelu(layer(hidden))
        return self.head(hidden)


def _told(context: Float[Array, " width"], conditions: Float[Array, " conditions"]) -> Float[Array, " features"]:
    """A context, the conditions, and their products: a response linear in a condition needs no network to find it."""
    return jnp.concatenate([context, conditions, jnp.outer(conditions, context).ravel()])


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
        self, conditioned: Latents, point: Float[Array, " dim"], distance: Float[Array, ""]
    ) -> Float[Array, " outputs"]:
        """One cross attention and the head."""
        return self.field(conditioned[0], point, distance[None])
