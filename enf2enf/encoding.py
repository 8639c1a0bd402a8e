"""A geometry that has been encoded."""

import dataclasses

import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.latents import Latents
from enf2enf.model.shape import Shape


@dataclasses.dataclass(frozen=True)
class View:
    """A geometry, or a mirror image of it, as the model knows it.

    Args:
        flip: what coordinates relative to the centre of the geometry's bounds are multiplied by, 1 or -1 each.
        shape: the image's wall and bounds relative to that centre, in reference lengths.
        latents: its latent clouds in the same frame.
    """

    flip: Float[np.ndarray, " dim"]
    shape: Shape
    latents: Latents


@dataclasses.dataclass(frozen=True)
class Encoding:
    """What `decode` needs of a geometry, as often as wanted.

    Args:
        geometry: the geometry, in metres.
        views: the geometry itself, then the mirror images that are asked too.
    """

    geometry: Geometry
    views: tuple[View, ...]

    def poses(self, length: float) -> list[Float[np.ndarray, "latents dim"]]:
        """Positions of the geometry's own latents in metres, one array per cloud, given the reference length."""
        centre = self.geometry.bounds.mean(axis=0)
        return [np.asarray(cloud.pose, np.float64) * length + centre for cloud in self.views[0].latents]
