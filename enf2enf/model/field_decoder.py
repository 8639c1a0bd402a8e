"""The decoder of the `paper` preset."""

import dataclasses
from typing import Literal, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.model.decoder import AbstractDecoder, AbstractDecoderConfig, Conditioned
from enf2enf.model.lengths import Scales, rounded
from enf2enf.model.queries import Queries
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.field import NeuralField
from enf2enf.nn.latents import LatentCloud, Latents
from enf2enf.schema import Schema
from enf2enf.settings import check_ranges, options_of


@dataclasses.dataclass(frozen=True)
class FieldConfig(AbstractDecoderConfig):
    """A `FieldDecoder`; `deviation` is that of its random frequencies, in cycles per reference length."""

    kind: Literal["field"] = "field"
    width: int = 256
    heads: int = 2
    blocks: int = 2
    deviation: float = 0.5

    most_clouds = 1

    def __post_init__(self):
        check_ranges(self)

    def at(self, scales: Scales, spacing: float) -> Self:
        """As many cycles in the box as the paper has in its own."""
        return dataclasses.replace(self, deviation=rounded(0.5 / scales.largest))

    def build(
        self, bi_invariant: AbstractBiInvariant, context: int, schema: Schema, inputs: int, *, key: PRNGKeyArray
    ) -> AbstractDecoder:
        """The untrained decoder of `inputs` condition features."""
        return FieldDecoder(bi_invariant, schema.dim, context, inputs, schema.field_width, **options_of(self), key=key)


class FieldDecoder(AbstractDecoder):
    """The paper's decoder: z-scored latents and conditions into one equivariant neural field."""

    field: NeuralField
    mean: Float[Array, " width"]
    deviation: Float[Array, " width"]

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        context: int,
        conditions: int,
        outputs: int,
        width: int,
        heads: int,
        blocks: int,
        deviation: float,
        *,
        key: PRNGKeyArray,
    ):
        self.field = NeuralField(
            bi_invariant, dim, context + conditions, outputs, width, heads, blocks, 1, deviation, key=key
        )
        self.mean, self.deviation = jnp.zeros(context), jnp.ones(context)

    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Latents:
        """z-score with the training statistics, append the conditions, stem and self-attention."""
        (cloud,) = latents
        mean, deviation = jax.lax.stop_gradient((self.mean, self.deviation))
        scored = (cloud.context - mean) / deviation
        context = jnp.concatenate([scored, jnp.broadcast_to(conditions, (len(scored), len(conditions)))], axis=1)
        return (self.field.prepare(LatentCloud(cloud.pose, context, cloud.window)),)

    def __call__(self, prepared: Conditioned, queries: Queries) -> Float[Array, "points outputs"]:
        """One cross attention and the head, point by point."""
        return jax.vmap(self.field, in_axes=(None, 0, 0))(prepared[0], queries.points, queries.distance[:, None])

    def is_local(self, prepared: Latents) -> bool:
        """False: Gaussian windows have no end."""
        return False

    def answer(self, prepared: Latents, queries: Queries) -> Float[Array, "points outputs"]:
        """The points attend to all latents."""
        return self(prepared, queries)
