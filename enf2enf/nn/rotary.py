"""Self-attention over a latent cloud that sees relative positions only, without a pair network."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.errors import ConfigError


def rotary_frequencies(head_width: int, dim: int, longest: float, shortest: float) -> Float[Array, " pairs"]:
    """Angular frequencies per axis, geometric between two wavelengths (in reference lengths)."""
    wavelengths = jnp.geomspace(longest, shortest, head_width // (2 * dim))
    return 2 * jnp.pi / wavelengths


def rotate(
    x: Float[Array, "latents heads width"],
    pose: Float[Array, "latents dim"],
    frequencies: Float[Array, " pairs"],
) -> Float[Array, "latents heads width"]:
    """Turn pairs of features by angles linear in the position (RoPE, Su et al. 2021, eq. 34, in n dimensions).

    The product of a rotated query and a rotated key then depends on the difference of their positions only.
    """
    angle = (pose[:, :, None] * frequencies).reshape(len(pose), 1, -1)
    first, second = jnp.split(x, 2, axis=-1)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return jnp.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


class RotaryBlock(eqx.Module):
    """Pre-norm transformer block on one cloud; equivariant to translations of its poses."""

    norm_attention: eqx.nn.RMSNorm
    norm_mlp: eqx.nn.RMSNorm
    query_key_value: eqx.nn.Linear
    merge: eqx.nn.Linear
    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear
    heads: int = eqx.field(static=True)
    wavelengths: tuple[float, float] = eqx.field(static=True)

    def __init__(
        self, dim: int, width: int, heads: int, expansion: int, wavelengths: tuple[float, float], *, key: PRNGKeyArray
    ):
        if width % (2 * dim * heads):
            raise ConfigError("width", f"a multiple of 2 dim heads = {2 * dim * heads}", str(width))
        keys = jax.random.split(key, 4)
        self.norm_attention, self.norm_mlp = eqx.nn.RMSNorm(width), eqx.nn.RMSNorm(width)
        self.query_key_value = eqx.nn.Linear(width, 3 * width, use_bias=False, key=keys[0])
        self.merge = eqx.nn.Linear(width, width, key=keys[1])
        self.widen = eqx.nn.Linear(width, expansion * width, key=keys[2])
        self.narrow = eqx.nn.Linear(expansion * width, width, key=keys[3])
        self.heads, self.wavelengths = heads, wavelengths

    def __call__(
        self, context: Float[Array, "latents width"], pose: Float[Array, "latents dim"]
    ) -> Float[Array, "latents width"]:
        """New contexts of all latents; the poses stay."""
        context = context + jax.vmap(self.merge)(self._attend(jax.vmap(self.norm_attention)(context), pose))
        hidden = jax.nn.gelu(jax.vmap(self.widen)(jax.vmap(self.norm_mlp)(context)))
        return context + jax.vmap(self.narrow)(hidden)

    def _attend(
        self, x: Float[Array, "latents width"], pose: Float[Array, "latents dim"]
    ) -> Float[Array, "latents width"]:
        latents, width = x.shape
        head_width = width // self.heads
        frequencies = rotary_frequencies(head_width, pose.shape[1], *self.wavelengths)
        query, key, value = jnp.split(jax.vmap(self.query_key_value)(x).reshape(latents, self.heads, -1), 3, axis=-1)
        centred = pose - jnp.mean(pose, axis=0)  # small angles, so that float32 keeps them
        query, key = rotate(query, centred, frequencies), rotate(key, centred, frequencies)
        scores = jnp.einsum("qhd,khd->hqk", query, key) / jnp.sqrt(head_width)
        return jnp.einsum("hqk,khd->qhd", jax.nn.softmax(scores, axis=-1), value).reshape(latents, width)
