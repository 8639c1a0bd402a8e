"""A geometry that has been encoded."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.model.network import Enf2Enf
from enf2enf.model.panels import Shape
from enf2enf.nn.latents import Latents


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


def shape_of(geometry: Geometry, length: float, facets: int, flip: Float[np.ndarray, " dim"] | None = None) -> Shape:
    """A geometry, or its mirror image, as the model sees it: centred on its bounds, in reference lengths, float32."""
    centre = geometry.bounds.mean(axis=0)
    wall, box = (geometry.facets(facets, flip) - centre) / length, (geometry.bounds - centre) / length
    return Shape(jnp.asarray(wall, jnp.float32), jnp.asarray(box, jnp.float32))


@eqx.filter_jit
def encode_shape(model: Enf2Enf, shape: Shape) -> Latents:
    """The latents of a geometry, by one compiled program."""
    return model.encode(shape)
