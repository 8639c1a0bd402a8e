"""Boundaries as a mesh of bare curves."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from enf2enf.geometry.boundary import AbstractBoundary
from enf2enf.mesh import Mesh
from enf2enf.mesh.curves import closed_curves

WALLS = "walls"
"""The patch of the walls in the mesh of a geometry."""


def curves_of(boundaries: Sequence[AbstractBoundary]) -> Mesh:
    """Boundaries of the plane as line cells, the sides of their walls in a patch `walls`."""
    mesh = closed_curves([boundary.vertices for boundary in boundaries])
    on_wall = np.concatenate([boundary.on_wall for boundary in boundaries])
    return dataclasses.replace(mesh, patches={WALLS: mesh.cells[0].nodes[on_wall]})
