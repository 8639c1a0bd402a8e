"""Plain numbers by which shapes unlike those of the training data are told, whatever frame they are seen in."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.descriptors import descriptors, incidence

INCIDENCE = "incidence"
"""The one of the numbers that depends on the frame."""


def describe(geometry: Geometry, length: float) -> dict[str, float]:
    """The `descriptors` of a geometry, and the angle from the x axis of space to its long axis in degrees, or NaN.

    Args:
        geometry: the geometry.
        length: the reference length, in metres.
    """
    return {**descriptors(geometry, length), INCIDENCE: incidence(geometry, np.eye(2))}


def in_frame(described: Mapping[str, float], axes: Float[np.ndarray, "2 2"]) -> dict[str, float]:
    """The same in a frame with these axes: `incidence` is the angle from its first axis, in (-90, 90]."""
    ahead = np.rad2deg(np.arctan2(axes[0, 1], axes[0, 0]))
    turned = np.sign(np.linalg.det(axes)) * (described[INCIDENCE] - ahead)
    return {**described, INCIDENCE: float(90 - (90 - turned) % 180)}
