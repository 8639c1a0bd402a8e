"""Boundaries as a mesh of bare curves."""

from collections.abc import Sequence

import numpy as np

from enf2enf.geometry.boundary import AbstractBoundary
from enf2enf.mesh import CellBlock, Mesh

WALLS = "walls"
"""The patch of the walls in the mesh of a geometry."""


def curves_of(boundaries: Sequence[AbstractBoundary]) -> Mesh:
    """Boundaries of the plane as line cells, the sides of their walls in a patch `walls`."""
    sizes = [len(boundary.vertices) for boundary in boundaries]
    starts = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)
    here = np.arange(len(starts)) - starts
    lines = np.stack([starts + here, starts + (here + 1) % np.repeat(sizes, sizes)], axis=1)
    on_wall = np.concatenate([boundary.on_wall for boundary in boundaries])
    points = np.concatenate([boundary.vertices for boundary in boundaries])
    return Mesh(points, (CellBlock("line", lines),), {WALLS: lines[on_wall]})
