"""Encoders E_a: from a geometry to a latent point cloud."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement
from enf2enf.nn.latents import Latents

Measurements = PyTree[Float[Array, "..."]]


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
