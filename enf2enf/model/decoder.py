"""Decoders D_u: from conditioned latents to the fields at any point."""

import abc
import dataclasses
from typing import ClassVar, Self

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from enf2enf.model.lengths import Scales
from enf2enf.model.queries import Queries
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.latents import Latents
from enf2enf.schema import Schema
from enf2enf.settings import AbstractKind

Conditioned = PyTree[Float[Array, "..."]]

BLOCK = 64
"""Number of consecutive points that a local decoder takes together; points are sorted so that these are close."""


@dataclasses.dataclass(frozen=True)
class AbstractDecoderConfig(AbstractKind):
    """What a decoder is built from: a frozen dataclass whose field `kind` names it in configurations."""

    most_clouds: ClassVar[int]
    """How many latent clouds it can attend to."""

    @abc.abstractmethod
    def at(self, scales: Scales, spacing: float) -> Self:
        """The same with lengths that fit such data in place of the stated ones; `spacing` is the encoder's."""

    @abc.abstractmethod
    def build(
        self, bi_invariant: AbstractBiInvariant, context: int, schema: Schema, inputs: int, *, key: PRNGKeyArray
    ) -> "AbstractDecoder":
        """The untrained decoder.

        Args:
            bi_invariant: what it knows of a point and a latent.
            context: width of the contexts of the latents.
            schema: conditions and fields.
            inputs: number of condition features.
            key: of the random weights.
        """


class AbstractDecoder(eqx.Module):
    """In two parts: what is done once per geometry and conditions, and what is done per point."""

    @abc.abstractmethod
    def condition(self, latents: Latents, conditions: Float[Array, " conditions"]) -> Conditioned:
        """The latents under global conditions, as the points attend to them."""

    @abc.abstractmethod
    def __call__(self, prepared: Conditioned, queries: Queries) -> Float[Array, "points outputs"]:
        """The normalised fields at the queries."""

    @abc.abstractmethod
    def is_local(self, prepared: Conditioned) -> bool:
        """Whether points close together are cheaper to decode: not where they attend to all latents anyway."""

    @abc.abstractmethod
    def answer(self, prepared: Conditioned, queries: Queries) -> Float[Array, "points outputs"]:
        """The same as `__call__` up to rounding; may leave out latents whose windows contain none of the points."""
