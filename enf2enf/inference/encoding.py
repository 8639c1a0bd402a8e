"""A geometry that has been encoded: the one bridge from NumPy in metres to JAX in normalised frames."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import Frame
from enf2enf.model.network import Network
from enf2enf.model.panels import ROLES, Panels
from enf2enf.nn.latents import Latents
from enf2enf.precision import compiled


@dataclasses.dataclass(frozen=True)
class View:
    """A geometry in one frame.

    Args:
        frame: the frame.
        panels: the boundary in it.
        latents: its latent clouds in it.
    """

    frame: Frame
    panels: Panels
    latents: Latents


@dataclasses.dataclass(frozen=True)
class Encoding:
    """What `decode` needs of a geometry, as often as wanted.

    Args:
        geometry: the geometry, in metres.
        views: the geometry in all frames that are asked; the first is not mirrored.
    """

    geometry: Geometry
    views: tuple[View, ...]

    def poses(self) -> list[Float[np.ndarray, "latents dim"]]:
        """Positions of the first view's latents in metres, one array per cloud."""
        view = self.views[0]
        return [view.frame.outward(np.asarray(cloud.pose, np.float64)) for cloud in view.latents]


def panels_of(geometry: Geometry, frame: Frame, count: int) -> Panels:
    """The boundary of a geometry as the model sees it in a frame: `count` panels, in reference lengths, float32."""
    return panels_from(geometry.panels(count, frame), geometry, frame)


def panels_from(vertices: Float[np.ndarray, "panels dim dim"], geometry: Geometry, frame: Frame) -> Panels:
    """The same of panels that were made before, by `Geometry.panels`."""
    count = len(vertices)
    box = np.sort(frame.inward(geometry.bounds), axis=0)
    role = np.full(count, ROLES.index("wall"), np.int32)
    return Panels(jnp.asarray(vertices, jnp.float32), jnp.asarray(role), jnp.asarray(box, jnp.float32))


@compiled
def encode_panels(model: Network, panels: Panels) -> Latents:
    """The latents of a geometry, by one compiled program."""
    return model.encode(panels)
