"""The decoder of the `fast` preset: points attend to the latents around them through rotary attention."""

import dataclasses
from typing import Literal, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.model.decoder import BLOCK, AbstractDecoder, AbstractDecoderConfig
from enf2enf.model.heads import drives, magnitude_head
from enf2enf.model.lengths import Scales, geometric
from enf2enf.model.queries import Queries
from enf2enf.nn.bi_invariant import AbstractBiInvariant, Translation
from enf2enf.nn.embedding import distance_features
from enf2enf.nn.identity import identity
from enf2enf.nn.latents import Latents
from enf2enf.nn.nearby import latents_in_reach
from enf2enf.nn.rotary import PlaneWaves
from enf2enf.nn.rotary_attention import CompactWindow, KeysValues, RotaryBlock
from enf2enf.nn.transformer import LatentTransformer
from enf2enf.schema import Schema
from enf2enf.settings import LARGEST, check_ranges, options_of

_NEAR = 112  # latents that a block of points attends to where there are more


@dataclasses.dataclass(frozen=True)
class RotaryConfig(AbstractDecoderConfig):
    """A `RotaryDecoder`; lengths are in reference lengths.

    Args:
        blocks, expansion: of the self-attention among the latents.
        wavelengths: of that attention's waves, the longest and the shortest.
        latent_reaches: of its windows at first, the narrowest and the widest.
        point_wavelengths: of the waves of the points' attention.
        reaches: window of every head, in units of the latent's own.
        layers, layer_expansion: blocks of cross attention from points to latents, and the widening of their networks.
        magnitude: components of the vector whose magnitude is a part of every output.
        decays: lengths over which a point's nearness to the wall fades.
        directed: whether points are given the normal of the wall at its nearest point, times their nearness to it.
    """

    kind: Literal["rotary"] = "rotary"
    width: int = 96
    heads: int = 4
    blocks: int = 2
    expansion: int = 4
    wavelengths: tuple[float, float] = (2.0, 0.12)
    latent_reaches: tuple[float, float] = (0.15, 2.0)
    point_wavelengths: tuple[float, float] = (2.0, 0.06)
    reaches: tuple[float, ...] = (0.5, 0.7, 1.0, 1.4)
    layers: int = 2
    layer_expansion: int = 2
    magnitude: int = 4
    decays: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)
    directed: bool = False

    most_clouds = LARGEST  # any number

    def __post_init__(self):
        check_ranges(self)

    def at(self, scales: Scales, spacing: float) -> Self:
        """Windows that by head are a third of the latents' own to twice that: from a few neighbours to most latents."""
        return dataclasses.replace(
            self,
            wavelengths=scales.wavelengths(4 * spacing),
            latent_reaches=scales.reaches(spacing),
            point_wavelengths=scales.wavelengths(2 * spacing),
            reaches=geometric(0.35, 2, self.heads),
            decays=scales.decays,
        )

    def build(
        self, bi_invariant: AbstractBiInvariant, context: int, schema: Schema, inputs: int, *, key: PRNGKeyArray
    ) -> AbstractDecoder:
        """The untrained decoder. Its bi-invariant is that of rotary attention, x - p."""
        if context != self.width:
            raise ConfigError("decoder width", f"the encoder's {context}", str(self.width))
        if not isinstance(bi_invariant, Translation):
            raise ConfigError("bi_invariant", "translation, the one of rotary attention", "another")
        return RotaryDecoder(schema, **options_of(self), key=key)


class ConditionedLatents(eqx.Module):
    """Latents under conditions, as the points attend to them.

    Attributes:
        centre: the origin that positions are counted from.
        pose: positions of all latents, relative to the centre.
        radius: window of every latent for every head.
        keys_values: of the latents, for every block.
        response, offset: the head under these conditions, see `RotaryDecoder`.
    """

    centre: Float[Array, " dim"]
    pose: Float[Array, "latents dim"]
    radius: Float[Array, "heads latents"]
    keys_values: tuple[KeysValues, ...]
    response: Float[Array, "outputs parts features"]
    offset: Float[Array, " outputs"]

    def only(self, index: Int[Array, " some"]) -> "ConditionedLatents":
        """These latents, and no others."""
        keys_values = tuple(KeysValues(one.key[:, index], one.value[:, index]) for one in self.keys_values)
        return ConditionedLatents(
            self.centre, self.pose[index], self.radius[:, index], keys_values, self.response, self.offset
        )


class RotaryDecoder(AbstractDecoder):
    """Self-attention over all latents, then a few blocks of cross attention from a point to the latents around it.

    Every output is a + |b| + a constant, where the number a and the vector b are linear in the direction of the
    condition that the field scales with: to first order a field is linear in its load, or, like a von Mises stress,
    the magnitude of something that is. What is not linear enters through the latents, whose contexts depend on the
    conditions.
    """

    stem: eqx.nn.MLP
    transformer: LatentTransformer
    waves: PlaneWaves
    embed: eqx.nn.MLP
    blocks: tuple[RotaryBlock, ...]
    head: Float[Array, "outputs parts drives features"]
    offset: Float[Array, " outputs"]
    schema: Schema = eqx.field(static=True)
    reaches: tuple[float, ...] = eqx.field(static=True)
    decays: tuple[float, ...] = eqx.field(static=True)
    directed: bool = eqx.field(static=True)

    def __init__(
        self,
        schema: Schema,
        width: int,
        heads: int,
        blocks: int,
        expansion: int,
        wavelengths: tuple[float, float],
        latent_reaches: tuple[float, float],
        point_wavelengths: tuple[float, float],
        reaches: tuple[float, ...],
        layers: int,
        layer_expansion: int,
        magnitude: int,
        decays: tuple[float, ...],
        directed: bool,
        *,
        key: PRNGKeyArray,
    ):
        if len(reaches) != heads:
            raise ConfigError("reaches", f"one for each of {heads} heads", str(len(reaches)))
        keys = iter(jax.random.split(key, 4 + layers))
        levels = schema.condition_width
        self.stem = eqx.nn.MLP(width * (1 + levels) + levels, width, width, 1, jax.nn.gelu, identity, key=next(keys))
        self.transformer = LatentTransformer(
            schema.dim, width, heads, blocks, expansion, wavelengths, latent_reaches, key=next(keys)
        )
        self.waves = PlaneWaves(schema.dim, heads, width // (2 * heads), point_wavelengths)
        near = 1 + len(decays) * (1 + schema.dim * directed)
        self.embed = eqx.nn.MLP(near, width, width, 1, jax.nn.gelu, identity, key=next(keys))
        shape = (schema.field_width, 1 + magnitude, schema.dim + 1, width + 1)
        self.head = jax.random.normal(next(keys), shape) / jnp.sqrt(width)
        self.blocks = tuple(RotaryBlock(width, heads, layer_expansion, key=k) for k in keys)
        self.offset = jnp.zeros(schema.field_width)
        self.schema, self.reaches, self.decays, self.directed = schema, reaches, decays, directed

    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> ConditionedLatents:
        """Condition every latent, let all attend to each other, and prepare their keys and values for the points."""
        context, pose, window = (
            jnp.concatenate(parts) for parts in zip(*[(c.context, c.pose, c.window) for c in latents], strict=True)
        )
        levels = conditions[: self.schema.condition_width]
        context = self.transformer(context + jax.vmap(lambda c: self.stem(_with_conditions(c, levels)))(context), pose)
        centre = jnp.mean(pose, axis=0)
        phase = self.waves(pose - centre)
        keys_values = tuple(block.keys_values(context, phase) for block in self.blocks)
        response = jnp.einsum("opdf,od->opf", self.head, drives(self.schema, conditions))
        return ConditionedLatents(
            centre, pose - centre, jnp.outer(jnp.array(self.reaches), window), keys_values, response, self.offset
        )

    def __call__(self, prepared: ConditionedLatents, queries: Queries) -> Float[Array, "points outputs"]:
        """The points attend to the latents in reach, block by block."""
        places = queries.points - prepared.centre
        phase = self.waves(places)
        window = CompactWindow(jnp.sum((places[:, None] - prepared.pose) ** 2, axis=-1), prepared.radius)
        hidden = jax.vmap(lambda d, n: self.embed(self._near(d, n)))(queries.distance, queries.direction)
        for block, keys_values in zip(self.blocks, prepared.keys_values, strict=True):
            hidden = block(hidden, phase, keys_values, window)
        return magnitude_head(hidden, prepared.response, prepared.offset)

    def _near(self, distance: Float[Array, ""], direction: Float[Array, " dim"]) -> Float[Array, " features"]:
        features = distance_features(distance, self.decays)
        if not self.directed:
            return features
        return jnp.concatenate([features, jnp.outer(features[:-1], direction).ravel()])

    def is_local(self, prepared: ConditionedLatents) -> bool:
        """Whether there are more latents than a block of points needs."""
        return len(prepared.pose) > _NEAR

    def answer(self, prepared: ConditionedLatents, queries: Queries) -> Float[Array, "points outputs"]:
        """Blocks of consecutive points attend to a fixed number of latents, where no others are in reach; else to all.

        So the cost of a point does not grow with the number of latents as long as the windows shrink with their
        spacing. The windows are compact: what is left out would have had no weight.
        """
        count = len(queries.points)
        if not self.is_local(prepared) or count % BLOCK:
            return self(prepared, queries)
        blocks = jax.tree.map(lambda leaf: leaf.reshape(-1, BLOCK, *leaf.shape[1:]), queries)
        places = blocks.points - prepared.centre
        radius = jnp.max(prepared.radius, axis=0)
        index, whole = jax.vmap(lambda block: latents_in_reach(prepared.pose, radius, block, _NEAR))(places)

        def near() -> Float[Array, "points outputs"]:
            return jax.vmap(lambda i, block: self(prepared.only(i), block))(index, blocks).reshape(count, -1)

        return jax.lax.cond(jnp.all(whole), near, lambda: self(prepared, queries))


def _with_conditions(context: Float[Array, " width"], levels: Float[Array, " levels"]) -> Float[Array, " features"]:
    """A context, the conditions, and their products: a response linear in a condition needs no network to find it."""
    return jnp.concatenate([context, levels, jnp.outer(levels, context).ravel()])
