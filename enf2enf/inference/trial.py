"""A geometry to try a model with."""

import numpy as np

from enf2enf.geometry import Geometry
from enf2enf.geometry.boundary import Part
from enf2enf.geometry.plane.polygon import Polygon
from enf2enf.normalise import Normaliser


def trial_geometry(normaliser: Normaliser) -> Geometry:
    """A square with a round hole, or with one side that is a wall, of the size of the training geometries."""
    half, angle = np.mean(normaliser.extents) / 2, np.linspace(0, 2 * np.pi, 32, endpoint=False)
    square = half * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    circle = half * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if normaliser.schema.outer_is_far:
        return Geometry.of((circle,), 2 * square, outer_is_far=True)
    if normaliser.schema.open_walls:
        parts = (Part("", "wall", 0), Part("", "other", 1))
        return Geometry((Polygon(square, parts).reversed(),))
    return Geometry.of((circle / 2,), square)
