"""The whole model, in normalised numbers."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from enf2enf.model.decoder import AbstractDecoder, Prepared
from enf2enf.model.encoder import AbstractEncoder
from enf2enf.model.panels import Shape
from enf2enf.nn.distance import signed_distance
from enf2enf.nn.latents import Latents


class Enf2Enf(eqx.Module):
    """G = D_u o condition(mu) o E_a (arXiv 2504.18591, eq. 4)."""

    encoder: AbstractEncoder
    decoder: AbstractDecoder

    def encode(self, shape: Shape) -> Latents:
        """The latents of one geometry."""
        return self.encoder(self.encoder.observe(shape))

    def decode(
        self, prepared: Prepared, shape: Shape, groups: Float[Array, "groups points dim"], count: Int[Array, ""]
    ) -> Float[Array, "groups points outputs"]:
        """The normalised fields at the points of the first `count` groups; zeros in the rest.

        One group after the other, so that what a group needs stays in the cache of a core.

        Args:
            prepared: latents that `decoder.condition` has prepared.
            shape: the geometry.
            groups: points; those of a group close together where `decoder.is_local`.
        """

        def step(number: Int[Array, ""], fields: Float[Array, "groups points outputs"]) -> Array:
            points = groups[number]
            distance = jax.vmap(lambda point: signed_distance(shape.facets, point))(points)
            on_or_off = jax.nn.relu(distance)  # what is in the domain and a sagitta beyond a facet, is on the wall
            return fields.at[number].set(self.decoder.answer(prepared, points, on_or_off))

        outputs = jax.eval_shape(self.decoder, prepared, groups[0], groups[0, :, 0])
        return jax.lax.fori_loop(0, count, step, jnp.zeros((len(groups), *outputs.shape), outputs.dtype))
