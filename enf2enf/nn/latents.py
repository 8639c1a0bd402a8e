"""The latent point cloud that a geometry is encoded into."""

import equinox as eqx
from jaxtyping import Array, Float


class LatentCloud(eqx.Module):
    """Latents z = {(p_j, c_j)} with the reach of each (Wessels et al. 2024, arXiv 2406.05753, section 3).

    All in the normalised frame: lengths in units of the data set's reference length, float32.

    Attributes:
        pose: positions p_j.
        context: context vectors c_j.
        window: the distance over which latent j speaks: standard deviation of a Gaussian window, or
            radius of a compact one.
    """

    pose: Float[Array, "latents dim"]
    context: Float[Array, "latents width"]
    window: Float[Array, " latents"]


Latents = tuple[LatentCloud, ...]
