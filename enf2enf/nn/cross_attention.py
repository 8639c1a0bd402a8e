"""The paper's equivariant cross attention: every latent, a Gaussian window, FiLM on the value."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.embedding import FourierFeatures
from enf2enf.nn.latents import LatentCloud


class CrossAttention(eqx.Module):
    """ENF attention of one point to one whole cloud (arXiv 2406.05753, eq. 8-10; arXiv 2504.18591, section 3).

    Args:
        dim: space dimensions.
        width: width of contexts and of the result.
        heads: attention heads.
        extra: scalars known at the point beside its position (1 with the signed distance, 0 without).
        deviation: standard deviation of the random Fourier features, cycles per reference length.
    """

    bi_invariant: AbstractBiInvariant
    query_features: FourierFeatures
    value_features: FourierFeatures
    query: eqx.nn.MLP
    key: eqx.nn.Linear
    value: eqx.nn.Linear
    film: eqx.nn.MLP
    mix: eqx.nn.MLP
    merge: eqx.nn.Linear
    heads: int = eqx.field(static=True)

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        width: int,
        heads: int,
        extra: int,
        deviation: float,
        *,
        key: PRNGKeyArray,
    ):
        if width % heads:
            raise ConfigError("width", f"a multiple of heads = {heads}", str(width))
        keys = jax.random.split(key, 8)
        inputs = bi_invariant.width(dim) + extra
        self.bi_invariant, self.heads = bi_invariant, heads
        self.query_features = FourierFeatures(inputs, width // 2, (deviation,), key=keys[0])
        self.value_features = FourierFeatures(inputs, width // 2, (deviation,), key=keys[1])
        self.query = eqx.nn.MLP(self.query_features.width, width, width, 1, jax.nn.gelu, key=keys[2])
        self.film = eqx.nn.MLP(self.value_features.width, 2 * width, width, 1, jax.nn.gelu, key=keys[3])
        self.key = eqx.nn.Linear(width, width, key=keys[4])
        self.value = eqx.nn.Linear(width, width, key=keys[5])
        head_width = width // heads
        self.mix = eqx.nn.MLP(head_width, head_width, head_width, 1, jax.nn.gelu, key=keys[6])
        self.merge = eqx.nn.Linear(width, width, key=keys[7])

    def __call__(
        self, cloud: LatentCloud, point: Float[Array, " dim"], extra: Float[Array, " extra"]
    ) -> Float[Array, " width"]:
        """The windowed attention of one point over all latents."""
        invariant = jax.vmap(lambda pose: jnp.append(self.bi_invariant(point, pose), extra))(cloud.pose)
        query = jax.vmap(lambda inv: self.query(self.query_features(inv)))(invariant)
        scale, shift = jnp.split(jax.vmap(lambda inv: self.film(self.value_features(inv)))(invariant), 2, axis=1)
        value = jax.vmap(self.value)(cloud.context) * (1 + scale) + shift
        value = jax.vmap(jax.vmap(self.mix))(self._by_head(value))
        products = jnp.sum(self._by_head(query) * self._by_head(jax.vmap(self.key)(cloud.context)), axis=-1)
        window = jnp.sum((point - cloud.pose) ** 2, axis=1) / cloud.window**2
        scores = products / jnp.sqrt(value.shape[-1]) - window[:, None]
        attention = jax.nn.softmax(scores, axis=0)
        return self.merge(jnp.sum(attention[:, :, None] * value, axis=0).reshape(-1))

    def _by_head(self, x: Float[Array, "latents width"]) -> Float[Array, "latents heads head_width"]:
        return x.reshape(len(x), self.heads, -1)
