"""What is computed of a geometry: one compiled program for each step."""

import jax
from jax import Array

from enf2enf.geometry.frame import Frame
from enf2enf.inference.encoding import View
from enf2enf.model.decoder import Conditioned
from enf2enf.model.network import Network
from enf2enf.model.panels import Panels
from enf2enf.nn.latents import Latents
from enf2enf.precision import bound


class Programs:
    """The programs of a network, which is taken apart here, and not at every call.

    Args:
        network: the network.

    Attributes:
        encode: panels -> latents.
        condition: latents, conditions as `Normaliser.condition` returns them -> latents as the points attend to them.
        decode: such latents, panels, groups of points, how many of these, and whether they are on the wall -> fields.
    """

    def __init__(self, network: Network):
        self.network = network
        self.encode = bound(encode, network)
        self.condition = bound(condition, network)
        self.decode = bound(_decode, network)

    def view(self, frame: Frame, panels: Panels) -> View:
        """A geometry in a frame, encoded."""
        return View(frame, panels, jax.block_until_ready(self.encode(panels)))


def encode(network: Network, panels: Panels) -> Latents:
    """The latents of a geometry."""
    return network.encode(panels)


def condition(network: Network, latents: Latents, conditions: Array) -> Conditioned:
    """The latents under conditions, as the points attend to them."""
    return network.decoder.condition(latents, conditions)


def _decode(
    network: Network, prepared: Conditioned, panels: Panels, groups: Array, count: Array, on_wall: Array
) -> Array:
    return network.decode(prepared, panels, groups, count, on_wall)
