"""Self-attention among latents."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.nn.rotary import Waves
from enf2enf.nn.rotary_attention import Gaussian, RotaryBlock

_REACHES = (0.15, 2.0)  # reference lengths over which heads listen at first, from the narrowest to the widest


class Mixer(eqx.Module):
    """Transformer blocks in which all latents ask each other; equivariant to translations of their poses.

    Every head of every block listens through a Gaussian window of its own, learned, width.
    """

    waves: Waves
    blocks: tuple[RotaryBlock, ...]
    log_reach: tuple[Float[Array, " heads"], ...]

    def __init__(
        self,
        dim: int,
        width: int,
        heads: int,
        blocks: int,
        expansion: int,
        wavelengths: tuple[float, float],
        *,
        key: PRNGKeyArray,
    ):
        self.waves = Waves(dim, heads, width // (2 * heads), wavelengths)
        keys = jax.random.split(key, blocks) if blocks else ()
        self.blocks = tuple(RotaryBlock(width, heads, expansion, key=k) for k in keys)
        self.log_reach = tuple(jnp.log(jnp.geomspace(*_REACHES, heads)) for _ in range(blocks))

    def __call__(
        self, context: Float[Array, "latents width"], pose: Float[Array, "latents dim"]
    ) -> Float[Array, "latents width"]:
        """New contexts of all latents; the poses stay."""
        pose = pose - jnp.mean(pose, axis=0)  # small angles, so that float32 keeps them
        turn = self.waves(pose)
        squared = jnp.sum((pose[:, None] - pose) ** 2, axis=-1)
        for block, log_reach in zip(self.blocks, self.log_reach, strict=True):
            context = block(context, turn, block.tell(context, turn), Gaussian(squared, jnp.exp(log_reach)))
        return context
