"""The whole model, in normalised numbers."""

import equinox as eqx
import jax
from jaxtyping import Array, Float

from enf2enf.latents import Latents
from enf2enf.model.decode import AbstractDecoder, Prepared
from enf2enf.model.encode import AbstractEncoder
from enf2enf.model.shape import Shape
from enf2enf.nn.distance import signed_distance


class Enf2Enf(eqx.Module):
    """G = D_u o condition(mu) o E_a (arXiv 2504.18591, eq. 4)."""

    encoder: AbstractEncoder
    decoder: AbstractDecoder

    def encode(self, shape: Shape) -> Latents:
        """The latents of one geometry."""
        return self.encoder(self.encoder.observe(shape))

    def decode(
        self, prepared: Prepared, shape: Shape, points: Float[Array, "points dim"]
    ) -> Float[Array, "points outputs"]:
        """The normalised fields at points, from latents that `decoder.condition` has prepared."""
        distance = jax.vmap(lambda point: signed_distance(shape.facets, point))(points)
        return self.decoder(prepared, points, distance)
