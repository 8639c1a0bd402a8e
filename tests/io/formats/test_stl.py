"""STL as binary data."""

import numpy as np

import enf2enf_meshes
from enf2enf.io import read, read_bytes


def test_binary_stl():
    mesh = read(enf2enf_meshes.path("unit_cell_stl"))
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    triangles = np.zeros(mesh.cell_count, dtype=record)
    triangles["corners"][..., :2] = mesh.points[mesh.cells[0].nodes]
    data = b"solid misleading".ljust(80) + np.uint32(len(triangles)).tobytes() + triangles.tobytes()
    got = read_bytes(data, "stl")
    np.testing.assert_allclose(got.points, mesh.points, atol=1e-7)
    np.testing.assert_array_equal(got.cells[0].nodes, mesh.cells[0].nodes)
