"""Self-attention among latents."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.nn.rotary import PlaneWaves
from enf2enf.nn.rotary_attention import GaussianWindow, RotaryBlock


class LatentTransformer(eqx.Module):
    """Transformer blocks in which all latents attend to each other; equivariant to translations of their poses.

    Every head of every block has a Gaussian window of its own, learned, width.

    Args:
        dim, width, heads, blocks, expansion: of the attention.
        wavelengths: of its waves.
        reaches: widths of the windows at first, in reference lengths, from the narrowest to the widest.
    """

    waves: PlaneWaves
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
        reaches: tuple[float, float],
        *,
        key: PRNGKeyArray,
    ):
        self.waves = PlaneWaves(dim, heads, width // (2 * heads), wavelengths)
        keys = jax.random.split(key, blocks) if blocks else ()
        self.blocks = tuple(RotaryBlock(width, heads, expansion, key=k) for k in keys)
        self.log_reach = tuple(jnp.log(jnp.geomspace(*reaches, heads)) for _ in range(blocks))

    def __call__(
        self, context: Float[Array, "latents width"], pose: Float[Array, "latents dim"]
    ) -> Float[Array, "latents width"]:
        """New contexts of all latents; the poses stay."""
        pose = pose - jnp.mean(pose, axis=0)  # small angles, so that float32 keeps them
        phase = self.waves(pose)
        squared = jnp.sum((pose[:, None] - pose) ** 2, axis=-1)
        for block, log_reach in zip(self.blocks, self.log_reach, strict=True):
            context = block(
                context, phase, block.keys_values(context, phase), GaussianWindow(squared, jnp.exp(log_reach))
            )
        return context
