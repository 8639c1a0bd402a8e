"""The whole model, in normalised numbers."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from enf2enf.model.decoder import AbstractDecoder, Conditioned
from enf2enf.model.encoder import AbstractEncoder
from enf2enf.model.panels import Panels
from enf2enf.model.queries import queries_at
from enf2enf.nn.latents import Latents


class Network(eqx.Module):
    """G = D_u o condition(mu) o E_a (arXiv 2504.18591, eq. 4)."""

    encoder: AbstractEncoder
    decoder: AbstractDecoder

    def encode(self, panels: Panels) -> Latents:
        """The latents of one geometry."""
        return self.encoder(self.encoder.measure(panels))

    def decode(
        self,
        prepared: Conditioned,
        panels: Panels,
        groups: Float[Array, "groups points dim"],
        count: Int[Array, ""],
        on_wall: Bool[Array, ""] | bool = False,
    ) -> Float[Array, "groups points outputs"]:
        """The normalised fields at the points of the first `count` groups; zeros in the rest.

        One group after the other, so that what a group needs stays in the cache of a core.

        Args:
            prepared: latents that `decoder.condition` has prepared.
            panels: the geometry.
            groups: points; those of a group close together where `decoder.is_local`.
            count: how many groups are wanted.
            on_wall: whether they are all points of the wall.
        """

        def step(number: Int[Array, ""], fields: Float[Array, "groups points outputs"]) -> Array:
            return fields.at[number].set(self.decoder.answer(prepared, queries_at(panels, groups[number], on_wall)))

        outputs = jax.eval_shape(lambda: self.decoder(prepared, queries_at(panels, groups[0])))
        return jax.lax.fori_loop(0, count, step, jnp.zeros((len(groups), *outputs.shape), outputs.dtype))
