"""An equivariant neural field: self-attention among the latents, cross attention to a point, a head."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.cross_attention import CrossAttention
from enf2enf.nn.identity import identity
from enf2enf.nn.latents import LatentCloud


class SelfAttentionBlock(eqx.Module):
    """Pre-norm block in which the latents query each other through the same equivariant attention."""

    attention: CrossAttention
    norm_attention: eqx.nn.LayerNorm
    norm_mlp: eqx.nn.LayerNorm
    mlp: eqx.nn.MLP

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        width: int,
        heads: int,
        deviation: float,
        *,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key)
        self.attention = CrossAttention(bi_invariant, dim, width, heads, 0, deviation, key=keys[0])
        self.norm_attention, self.norm_mlp = eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width)
        self.mlp = eqx.nn.MLP(width, width, width, 1, jax.nn.gelu, identity, key=keys[1])

    def __call__(self, cloud: LatentCloud) -> LatentCloud:
        """The cloud with new contexts."""
        normed = LatentCloud(cloud.pose, jax.vmap(self.norm_attention)(cloud.context), cloud.window)
        summed = jax.vmap(lambda pose: self.attention(normed, pose, jnp.zeros(0)))(cloud.pose)
        context = cloud.context + summed
        context = context + jax.vmap(lambda c: self.mlp(self.norm_mlp(c)))(context)
        return LatentCloud(cloud.pose, context, cloud.window)


class NeuralField(eqx.Module):
    """f(x; z) of the paper: stem, `blocks` self-attention blocks, one cross attention, an MLP head.

    Args:
        context: width of the contexts that come in.
        outputs: width of the field.
    """

    stem: eqx.nn.MLP
    blocks: tuple[SelfAttentionBlock, ...]
    attention: CrossAttention
    head: eqx.nn.MLP

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        context: int,
        outputs: int,
        width: int,
        heads: int,
        blocks: int,
        extra: int,
        deviation: float,
        *,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 3 + blocks)
        self.stem = eqx.nn.MLP(context, width, width, 1, jax.nn.gelu, identity, key=keys[0])
        self.attention = CrossAttention(bi_invariant, dim, width, heads, extra, deviation, key=keys[1])
        self.head = eqx.nn.MLP(width, outputs, width, 2, jax.nn.gelu, identity, key=keys[2])
        self.blocks = tuple(SelfAttentionBlock(bi_invariant, dim, width, heads, deviation, key=k) for k in keys[3:])

    def prepare(self, cloud: LatentCloud) -> LatentCloud:
        """All that does not depend on the point: stem and self-attention."""
        cloud = LatentCloud(cloud.pose, jax.vmap(self.stem)(cloud.context), cloud.window)
        for block in self.blocks:
            cloud = block(cloud)
        return cloud

    def __call__(
        self, prepared: LatentCloud, point: Float[Array, " dim"], extra: Float[Array, " extra"]
    ) -> Float[Array, " outputs"]:
        """The field at one point, from a prepared cloud."""
        return self.head(self.attention(prepared, point, extra))
