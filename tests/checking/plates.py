"""A square of side 1 around a regular octagon, in eight quadrilaterals; for the tests of text formats."""

import numpy as np

from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.polygon import area
from enf2enf.io import read_bytes

RADIUS = 0.2
TURN = np.arange(8) * np.pi / 4
OCTAGON = RADIUS * np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
SQUARE = 0.5 * np.array([[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]])
POINTS = np.concatenate([OCTAGON, SQUARE])
INNER = np.arange(1, 9)
QUADS = np.stack([INNER, INNER + 8, np.roll(INNER, -1) + 8, np.roll(INNER, -1)], axis=1)  # from 1, as in the files
HOLE_AREA = 2 * 2**0.5 * RADIUS**2


def understood(text: str, name: str, walls=()):
    """The mesh in a text, which is the plate: one wall that is the octagon, in the square."""
    mesh = read_bytes(text.encode(), name)
    geometry = Geometry.from_mesh(mesh, walls)
    assert len(geometry.walls) == 1 and geometry.outer is not None
    np.testing.assert_allclose(abs(area(geometry.walls[0])), HOLE_AREA, rtol=1e-5)
    np.testing.assert_allclose(abs(area(geometry.outer)), 1, rtol=1e-5)
    return mesh
