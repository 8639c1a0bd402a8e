"""A geometry that has been encoded: the one bridge from NumPy in metres to JAX in normalised frames."""

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import Frame
from enf2enf.model.network import Network
from enf2enf.model.panels import ROLES, Panels
from enf2enf.nn.latents import Latents
from enf2enf.precision import compiled
from enf2enf.threads import map_in_threads

_RIM = 0.05  # of a side of the box
_DIGITS = 12  # of a direction: it is the same one at any speed
MOST_DIRECTIONS = 16
"""Directions of the frames of a geometry whose views are kept."""


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

    def covers(self, points: Float[np.ndarray, "points dim"]) -> Bool[np.ndarray, " points"]:
        """Whether points are in the box that the network covers, or so little beyond it that it still knows them."""
        box = np.asarray(self.panels.box, np.float64)
        rim = _RIM * (box[1] - box[0])
        return self.frame.holds(points, box + [-rim, rim])

    def poses(self) -> list[Float[np.ndarray, "latents dim"]]:
        """Positions of the latents in metres, one array per cloud."""
        return [self.frame.outward(np.asarray(cloud.pose, np.float64)) for cloud in self.latents]


@dataclasses.dataclass(frozen=True, eq=False)
class Encoding:
    """What `decode` needs of a geometry, as often as wanted. Safe to share between threads.

    It knows no conditions. Where frames follow them, the geometry is seen anew in every direction, and the views of the
    last `MOST_DIRECTIONS` are kept.

    Args:
        geometry: the geometry, in metres.
        described: plain numbers of its shape, see `describe`.
    """

    geometry: Geometry
    described: Mapping[str, float]
    _held: OrderedDict[bytes, tuple[View, ...]] = dataclasses.field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def at(self, frames: Sequence[Frame], see: Callable[[Frame], View]) -> tuple[View, ...]:
        """The geometry in frames, which differ by their axes alone; computed where it was not seen in them lately.

        Args:
            frames: of one direction; the first is not mirrored.
            see: computes a view.
        """
        key = (np.round([frame.axes for frame in frames], _DIGITS) + 0.0).tobytes()
        with self._lock:
            if (known := self._held.get(key)) is not None:
                self._held.move_to_end(key)
                return known
        views = tuple(map_in_threads(see, frames))
        with self._lock:
            self._held[key] = views
            while len(self._held) > MOST_DIRECTIONS:
                self._held.popitem(last=False)
        return views


def panels_from(vertices: Float[np.ndarray, "panels dim dim"], box: Float[np.ndarray, "2 dim"]) -> Panels:
    """The boundary as the model sees it: panels and box of a frame in reference lengths, as float32."""
    role = np.full(len(vertices), ROLES.index("wall"), np.int32)
    return Panels(jnp.asarray(vertices, jnp.float32), jnp.asarray(role), jnp.asarray(box, jnp.float32))


@compiled
def encode_panels(model: Network, panels: Panels) -> Latents:
    """The latents of a geometry, by one compiled program."""
    return model.encode(panels)
