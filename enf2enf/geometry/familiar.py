"""Plain numbers by which shapes unlike those of the training data are told, whatever frame they are seen in."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.descriptors import arch, descriptors, heading, incidence

_ANGLES = {"incidence": incidence, "heading": heading, "arch": arch}
TURNS = {"incidence": 180.0, "heading": 360.0, "arch": 360.0}
"""Those of the numbers that depend on the frame: angles in degrees, and the turn after which they are the same."""


def describe(geometry: Geometry, length: float) -> dict[str, float]:
    """The `descriptors` of a geometry, and its `incidence`, `heading` and `arch` against the axes of space.

    Args:
        geometry: the geometry.
        length: the reference length, in metres.
    """
    space = np.eye(2)
    return descriptors(geometry, length) | {name: angle(geometry, space) for name, angle in _ANGLES.items()}


def in_frame(described: Mapping[str, float], axes: Float[np.ndarray, "2 2"]) -> dict[str, float]:
    """The same in a frame with these axes, angles up to half a turn to either side."""
    ahead, hand = np.rad2deg(np.arctan2(axes[0, 1], axes[0, 0])), np.sign(np.linalg.det(axes))
    half = {name: TURNS[name] / 2 for name in described if name in TURNS}
    turned = {name: hand * (described[name] - ahead) for name in half}
    return {**described, **{name: float(half[name] - (half[name] - turned[name]) % TURNS[name]) for name in half}}
