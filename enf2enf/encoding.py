"""A geometry that has been encoded."""

import dataclasses

import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.latents import Latents
from enf2enf.model.shape import Shape


@dataclasses.dataclass(frozen=True)
class Encoding:
    """What `decode` needs of a geometry, as often as wanted.

    Args:
        geometry: the geometry, in metres.
        shape: its wall and bounds relative to the centre of its bounds, in reference lengths.
        latents: its latent clouds in the same frame.
    """

    geometry: Geometry
    shape: Shape
    latents: Latents

    def poses(self, length: float) -> list[Float[np.ndarray, "latents dim"]]:
        """Positions of the latents in metres, one array per cloud, given the reference length."""
        centre = self.geometry.bounds.mean(axis=0)
        return [np.asarray(cloud.pose, np.float64) * length + centre for cloud in self.latents]
