"""Encoders E_a: from a geometry to a latent point cloud."""

import abc
import dataclasses

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.latents import Latents
from enf2enf.settings import AbstractKind

Measurements = PyTree[Float[Array, "..."]]


@dataclasses.dataclass(frozen=True)
class AbstractEncoderConfig(AbstractKind):
    """What an encoder is built from: a frozen dataclass whose field `kind` names it in configurations."""

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Width of the contexts that it makes."""

    @property
    @abc.abstractmethod
    def clouds(self) -> int:
        """Number of latent clouds that it makes."""

    @property
    @abc.abstractmethod
    def panels_multiple(self) -> int:
        """What the number of panels must be a multiple of."""

    @property
    @abc.abstractmethod
    def reconstructs(self) -> bool:
        """Whether its encoder has a `reconstruction_loss`, so that it can be trained before a decoder."""

    @abc.abstractmethod
    def build(self, bi_invariant: AbstractBiInvariant, dim: int, *, key: PRNGKeyArray) -> "AbstractEncoder":
        """The untrained encoder."""


class AbstractEncoder(eqx.Module):
    """Deterministic, one geometry at a time, so that no batch can change the answer."""

    @abc.abstractmethod
    def measure(self, panels: Panels, placement: Placement = 0) -> Measurements:
        """What the encoder measures on the geometry; no parameter is involved, so it is done once.

        Args:
            shape: the geometry.
            placement: where its latents are placed, see `grid_points`.
        """

    @abc.abstractmethod
    def __call__(self, measurements: Measurements) -> Latents:
        """The latents, differentiable in the measurements and through it in the wall."""
