"""Encoders E_a: from a geometry to a latent point cloud."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from enf2enf.model.panels import Shape
from enf2enf.model.placement import Placement
from enf2enf.nn.latents import Latents

Observation = PyTree[Float[Array, "..."]]


class AbstractEncoder(eqx.Module):
    """Deterministic, one geometry at a time, so that no batch can change the answer."""

    @abc.abstractmethod
    def observe(self, shape: Shape, placement: Placement = 0) -> Observation:
        """What the encoder measures on the geometry; no parameter is involved, so it is done once.

        Args:
            shape: the geometry.
            placement: where its latents are placed, see `grid_points`.
        """

    @abc.abstractmethod
    def __call__(self, observation: Observation) -> Latents:
        """The latents, differentiable in the observation and through it in the wall."""
