"""The decoder of the `fast` preset: points ask the latents around them through rotary attention."""

import dataclasses
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.model.decoder import BLOCK, AbstractDecoder
from enf2enf.nn.bi_invariant import AbstractBiInvariant, Translation
from enf2enf.nn.embedding import DISTANCE_FEATURES, distance_features
from enf2enf.nn.latents import Latents
from enf2enf.nn.mixer import Mixer
from enf2enf.nn.nearby import heard
from enf2enf.nn.rotary import Waves
from enf2enf.nn.rotary_attention import Compact, RotaryBlock, Told
from enf2enf.schema import Schema
from enf2enf.settings import check_ranges, options_of

_TINY = 1e-6  # keeps a length differentiable at 0
_NEAR = 112  # latents that a block of points asks where there are more


@dataclasses.dataclass(frozen=True)
class RotaryConfig:
    """A `RotaryDecoder`.

    Args:
        blocks, expansion: of the self-attention among the latents.
        wavelengths: of that attention; points hear waves down to half the shortest.
        reaches: how far every head listens to a latent, in units of the latent's window.
        layers, layer_expansion: blocks in which a point asks the latents, and the widening of their networks.
        magnitude: components of the vector whose magnitude is a part of every output.
    """

    kind: Literal["rotary"] = "rotary"
    width: int = 96
    heads: int = 4
    blocks: int = 2
    expansion: int = 4
    wavelengths: tuple[float, float] = (2.0, 0.12)
    reaches: tuple[float, ...] = (0.5, 0.7, 1.0, 1.4)
    layers: int = 2
    layer_expansion: int = 2
    magnitude: int = 4

    def __post_init__(self):
        check_ranges(self)

    def build(
        self, bi_invariant: AbstractBiInvariant, context: int, schema: Schema, inputs: int, *, key: PRNGKeyArray
    ) -> AbstractDecoder:
        """The untrained decoder. Its bi-invariant is that of rotary attention, x - p."""
        if context != self.width:
            raise ConfigError("decoder width", f"the encoder's {context}", str(self.width))
        if not isinstance(bi_invariant, Translation):
            raise ConfigError("bi_invariant", "translation, the one of rotary attention", "another")
        return RotaryDecoder(schema, **options_of(self), key=key)


class Prepared(eqx.Module):
    """Latents under conditions, as the points ask them.

    Attributes:
        centre: the origin that positions are counted from.
        pose: positions of all latents, relative to the centre.
        radius: window of every latent for every head.
        told: what the latents say to every block.
        response, offset: the head under these conditions, see `RotaryDecoder`.
    """

    centre: Float[Array, " dim"]
    pose: Float[Array, "latents dim"]
    radius: Float[Array, "heads latents"]
    told: tuple[Told, ...]
    response: Float[Array, "outputs parts features"]
    offset: Float[Array, " outputs"]

    def only(self, index: Int[Array, " some"]) -> "Prepared":
        """What these latents say, and no others."""
        told = tuple(Told(one.key[:, index], one.value[:, index]) for one in self.told)
        return Prepared(self.centre, self.pose[index], self.radius[:, index], told, self.response, self.offset)


class RotaryDecoder(AbstractDecoder):
    """Self-attention over all latents, then a few blocks in which a point asks the latents around it.

    Every output is a + |b| + a constant, where the number a and the vector b are linear in the direction of the
    condition that the field scales with: to first order a field is linear in its load, or, like a von Mises stress,
    the magnitude of something that is. What is not linear enters through the latents, who are told the conditions.
    """

    stem: eqx.nn.MLP
    mixer: Mixer
    waves: Waves
    embed: eqx.nn.MLP
    blocks: tuple[RotaryBlock, ...]
    head: Float[Array, "outputs parts drives features"]
    offset: Float[Array, " outputs"]
    schema: Schema = eqx.field(static=True)
    reaches: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        schema: Schema,
        width: int,
        heads: int,
        blocks: int,
        expansion: int,
        wavelengths: tuple[float, float],
        reaches: tuple[float, ...],
        layers: int,
        layer_expansion: int,
        magnitude: int,
        *,
        key: PRNGKeyArray,
    ):
        if len(reaches) != heads:
            raise ConfigError("reaches", f"one for each of {heads} heads", str(len(reaches)))
        keys = iter(jax.random.split(key, 4 + layers))
        levels = schema.condition_width
        self.stem = eqx.nn.MLP(width * (1 + levels) + levels, width, width, 1, jax.nn.gelu, key=next(keys))
        self.mixer = Mixer(schema.dim, width, heads, blocks, expansion, wavelengths, key=next(keys))
        self.waves = Waves(schema.dim, heads, width // (2 * heads), (wavelengths[0], wavelengths[1] / 2))
        self.embed = eqx.nn.MLP(DISTANCE_FEATURES, width, width, 1, jax.nn.gelu, key=next(keys))
        shape = (schema.field_width, 1 + magnitude, schema.dim + 1, width + 1)
        self.head = jax.random.normal(next(keys), shape) / jnp.sqrt(width)
        self.blocks = tuple(RotaryBlock(width, heads, layer_expansion, key=k) for k in keys)
        self.offset = jnp.zeros(schema.field_width)
        self.schema, self.reaches = schema, reaches

    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Prepared:
        """Tell every latent the conditions, let all attend to each other, and prepare what they say to points."""
        context, pose, window = (
            jnp.concatenate(parts) for parts in zip(*[(c.context, c.pose, c.window) for c in latents], strict=True)
        )
        levels = conditions[: self.schema.condition_width]
        context = self.mixer(context + jax.vmap(lambda c: self.stem(_tell(c, levels)))(context), pose)
        centre = jnp.mean(pose, axis=0)
        turn = self.waves(pose - centre)
        told = tuple(block.tell(context, turn) for block in self.blocks)
        response = jnp.einsum("opdf,od->opf", self.head, drives(self.schema, conditions))
        return Prepared(centre, pose - centre, jnp.outer(jnp.array(self.reaches), window), told, response, self.offset)

    def __call__(
        self, prepared: Prepared, points: Float[Array, "points dim"], distance: Float[Array, " points"]
    ) -> Float[Array, "points outputs"]:
        """The points listen to the latents in reach, block by block."""
        places = points - prepared.centre
        turn = self.waves(places)
        weigh = Compact(jnp.sum((places[:, None] - prepared.pose) ** 2, axis=-1), prepared.radius)
        hidden = jax.vmap(lambda d: self.embed(distance_features(d)))(distance)
        for block, told in zip(self.blocks, prepared.told, strict=True):
            hidden = block(hidden, turn, told, weigh)
        weight, bias = prepared.response[..., :-1], prepared.response[..., -1]
        parts = jnp.einsum("nf,opf->nop", hidden, weight) + bias
        return parts[..., 0] + jnp.sqrt(jnp.sum(parts[..., 1:] ** 2, axis=-1) + _TINY) + prepared.offset

    def is_local(self, prepared: Prepared) -> bool:
        """Whether there are more latents than a block of points need ask."""
        return len(prepared.pose) > _NEAR

    def answer(
        self, prepared: Prepared, points: Float[Array, "points dim"], distance: Float[Array, " points"]
    ) -> Float[Array, "points outputs"]:
        """Blocks of consecutive points ask a fixed number of latents, where that is all they hear; else all.

        So the cost of a point does not grow with the number of latents as long as the windows shrink with their
        spacing. The windows are compact: what is left out would have had no weight.
        """
        if not self.is_local(prepared) or len(points) % BLOCK:
            return self(prepared, points, distance)
        places = (points - prepared.centre).reshape(-1, BLOCK, points.shape[-1])
        radius = jnp.max(prepared.radius, axis=0)
        index, whole = jax.vmap(lambda block: heard(prepared.pose, radius, block, _NEAR))(places)

        def near() -> Float[Array, "points outputs"]:
            blocks = points.reshape(places.shape), distance.reshape(-1, BLOCK)
            return jax.vmap(lambda i, *block: self(prepared.only(i), *block))(index, *blocks).reshape(len(points), -1)

        return jax.lax.cond(jnp.all(whole), near, lambda: self(prepared, points, distance))


def drives(schema: Schema, conditions: Float[Array, " conditions"]) -> Float[Array, "outputs drives"]:
    """What every output is linear in: the direction of the vector condition it scales with, or 1.

    Args:
        conditions: as `Normaliser.condition` returns them: all levels, then the directions of all vectors.
    """
    vectors = [quantity.name for quantity in schema.conditions if quantity.kind == "vector"]
    directions = conditions[schema.condition_width :].reshape(len(vectors), schema.dim)
    rows = []
    for field in schema.fields:
        linear = [name for name, power in field.scales_with if power == 1 and name in vectors]
        row = jnp.append(directions[vectors.index(linear[0])], 0.0) if linear else jnp.eye(schema.dim + 1)[-1]
        rows += [row] * field.width(schema.dim)
    return jnp.stack(rows)


def _tell(context: Float[Array, " width"], levels: Float[Array, " levels"]) -> Float[Array, " features"]:
    """A context, the conditions, and their products: a response linear in a condition needs no network to find it."""
    return jnp.concatenate([context, levels, jnp.outer(levels, context).ravel()])
