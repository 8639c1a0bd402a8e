"""Encoders E_a: from a geometry to a latent point cloud."""

import abc
import dataclasses
from typing import ClassVar, Protocol, Self, runtime_checkable

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from enf2enf.model.lengths import Scales
from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.latents import Latents
from enf2enf.settings import AbstractKind

Measurements = PyTree[Float[Array, "..."]]


@dataclasses.dataclass(frozen=True)
class AbstractEncoderConfig(AbstractKind):
    """What an encoder is built from: a frozen dataclass whose field `kind` names it in configurations."""

    clouds: ClassVar[int]
    """Number of latent clouds that it makes."""
    panels_multiple: ClassVar[int]
    """What the number of panels must be a multiple of; a property where a setting decides it."""
    reconstructs: ClassVar[bool]
    """Whether its encoder has a `reconstruction_loss`, so that it can be trained before a decoder."""

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Width of the contexts that it makes."""

    @abc.abstractmethod
    def spacing(self, scales: Scales) -> float:
        """Between neighbours in the closest of its latent clouds, on a typical geometry of such data."""

    @abc.abstractmethod
    def at(self, scales: Scales) -> Self:
        """The same with lengths that fit such data in place of the stated ones."""

    @abc.abstractmethod
    def build(self, bi_invariant: AbstractBiInvariant, dim: int, *, key: PRNGKeyArray) -> "AbstractEncoder":
        """The untrained encoder."""


@runtime_checkable
class ReconstructingEncoder(Protocol):
    """What an encoder has besides where its configuration `reconstructs`."""

    def reconstruction_loss(
        self,
        measurements: Measurements,
        points: Float[Array, "points dim"] | None = None,
        distance: Float[Array, " points"] | None = None,
    ) -> Float[Array, ""]:
        """How far what it reconstructs of one geometry is from what it measured there; it can be trained by this.

        Args:
            measurements: of the geometry.
            points, distance: where the distance to its walls is known, too.
        """
        ...


class AbstractEncoder(eqx.Module):
    """Deterministic, one geometry at a time, so that no batch can change the answer."""

    @abc.abstractmethod
    def measure(self, panels: Panels, placement: Placement = 0) -> Measurements:
        """What the encoder measures on the geometry; no parameter is involved, so it is done once.

        Args:
            panels: the geometry.
            placement: where its latents are placed, see `grid_points`.
        """

    @abc.abstractmethod
    def __call__(self, measurements: Measurements) -> Latents:
        """The latents, differentiable in the measurements and through it in the wall."""
