"""Plane meshes in three columns: noise in z, and slabs of one cell across."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes, write_bytes
from enf2enf.mesh import CellBlock, Mesh

NODES = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)])
QUADS = np.array([(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)])


@pytest.mark.parametrize("name", ["vtu", "vtk", "gmsh", "ply", "obj", "xdmf"])
@settings(max_examples=5, deadline=None)
@given(share=st.floats(0, 4e-7), size=st.sampled_from([1e-3, 1.0, 500.0]), z=st.floats(-2, 2), seed=st.integers(0, 99))
def test_noise_in_z_is_no_third_dimension(name, share, size, z, seed):
    """Up to 8e-7 of the extent; single precision leaves 6e-8 of a coordinate."""
    heights = size * (z + share * np.random.default_rng(seed).uniform(-1, 1, 8))
    mesh = Mesh(np.column_stack([size * NODES, heights]), (CellBlock("quad", QUADS),))
    got = read_bytes(write_bytes(mesh, name), name)
    np.testing.assert_allclose(got.points, size * NODES)
    assert len(Geometry.from_mesh(got).walls) == 1


def test_what_is_curved_in_z_is_refused():
    mesh = Mesh(np.column_stack([NODES, 1e-5 * NODES[:, 0] ** 2]), (CellBlock("quad", QUADS),))
    with pytest.raises(GeometryError, match=r"^mesh: expected a plane mesh, flat in z, got z from 0 to 1e-05$"):
        Geometry.from_mesh(read_bytes(write_bytes(mesh, "vtu"), "vtu"))


@pytest.mark.parametrize("kind", ["hexahedron", "wedge"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slab_of_one_cell_across_is_refused_by_that_name(kind, axis):
    order = [0, 1, 2] if kind == "wedge" else [0, 1, 2, 3]
    points = np.concatenate([np.insert(NODES, axis, height, axis=1) for height in (0.5, 0.6)])
    cells = np.concatenate([QUADS[:, order], QUADS[:, order] + 8], axis=1)
    mesh = Mesh(points, (CellBlock(kind, cells),))
    sentence = f"got {kind} cells in one layer from {'xyz'[axis]} = 0.5 to 0.6: keep the faces on one side of it"
    with pytest.raises(GeometryError, match=sentence):
        Geometry.from_mesh(read_bytes(write_bytes(mesh, "vtu"), "vtu"))
