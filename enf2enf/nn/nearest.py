"""Attention of a query point to its few nearest latents, with weights that are smooth where the set changes."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from enf2enf.latents import LatentCloud
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.embedding import FourierFeatures

_BACKGROUND = 1e-3  # weight of "nothing": lets a cloud fade out smoothly beyond its last window
_LARGEST_LOGIT = 8.0  # so that no weight overflows
_TINY = 1e-12


def nearest_weights(
    squared_distance: Float[Array, " latents"], radius: Float[Array, " latents"], count: int
) -> tuple[Int[Array, " count"], Float[Array, " count"]]:
    """The at most `count` latents that speak at a point, and their weights.

    With reach u_j = max(0, 1 - d_j^2 / R_j^2), latent j weighs max(0, u_j - t)^2 where
    t^2 = sum_j u_j^2 / (count + 1). If count + 1 latents had u_j > t, their squares alone would exceed
    (count + 1) t^2: at most `count` weights are positive, and more than `count` tied latents all weigh
    nothing. t is a symmetric, continuously differentiable function of all distances, so a weight and its
    first derivative vanish where its latent leaves the set, and no other weight notices. (The distance to
    the next nearest latent, used as a cut-off, has kinks of its own.)
    """
    reach = jax.nn.relu(1 - squared_distance / radius**2)
    threshold = jnp.sqrt(jnp.sum(reach**2) / (count + 1) + _TINY)
    excess, index = jax.lax.top_k(jax.nn.relu(reach - threshold), min(count, len(reach)))
    return index, excess**2


class NearestAttention(eqx.Module):
    """Cross attention of one point to one cloud through a small shared pair network.

    The pair network sees the bi-invariant in units of the latent's window and the signed distance at the
    point; each of its two layers is scaled and shifted (FiLM, Perez et al. 2018) by the latent's context.
    """

    bi_invariant: AbstractBiInvariant
    features: FourierFeatures
    film: eqx.nn.Linear
    first: eqx.nn.Linear
    second: eqx.nn.Linear
    logit: eqx.nn.Linear
    count: int = eqx.field(static=True)

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        width: int,
        count: int,
        frequencies: int,
        deviations: tuple[float, ...],
        *,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 5)
        self.bi_invariant, self.count = bi_invariant, count
        self.features = FourierFeatures(bi_invariant.width(dim) + 1, frequencies, deviations, key=keys[0])
        self.film = eqx.nn.Linear(width, 4 * width, key=keys[1])
        self.first = eqx.nn.Linear(self.features.width, width, use_bias=False, key=keys[2])
        self.second = eqx.nn.Linear(width, width, use_bias=False, key=keys[3])
        self.logit = eqx.nn.Linear(width, 1, key=keys[4])

    def modulate(self, cloud: LatentCloud) -> LatentCloud:
        """The cloud with contexts replaced by their FiLM terms: once per geometry, not per point."""
        return LatentCloud(cloud.pose, jax.vmap(self.film)(cloud.context), cloud.window)

    def __call__(
        self, modulated: LatentCloud, point: Float[Array, " dim"], distance: Float[Array, ""]
    ) -> Float[Array, " width"]:
        """What the cloud says at one point: the weighted mean of its nearest latents' answers."""
        squared = jnp.sum((modulated.pose - point) ** 2, axis=1)
        index, weights = nearest_weights(squared, modulated.window, self.count)
        near = jax.tree.map(lambda leaf: leaf[index], modulated)
        answers, logits = jax.vmap(self._answer, in_axes=(0, None, None))(near, point, distance)
        weights = weights * jnp.exp(logits)
        return weights @ answers / (jnp.sum(weights) + _BACKGROUND)

    def _answer(self, latent: LatentCloud, point: Array, distance: Array) -> tuple[Array, Array]:
        local = self.bi_invariant(point, latent.pose) / latent.window
        scale_1, shift_1, scale_2, shift_2 = jnp.split(latent.context, 4)
        hidden = self.first(self.features(jnp.append(local, distance / latent.window)))
        hidden = jax.nn.gelu(hidden * (1 + scale_1) + shift_1)
        hidden = jax.nn.gelu(self.second(hidden) * (1 + scale_2) + shift_2)
        return hidden, _LARGEST_LOGIT * jnp.tanh(self.logit(hidden)[0] / _LARGEST_LOGIT)
