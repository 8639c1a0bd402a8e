"""Files that only VTK's own readers know, converted where pyvista is installed."""

import subprocess
import sys

import numpy as np
import pytest

from enf2enf.client.requests import Upload
from enf2enf.errors import GeometryError, MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes

pyvista = pytest.importorskip("pyvista")
vtk = pytest.importorskip("vtk")

AXES = [np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 1, 2, 3]), np.array([0.0])]


def grid(kind):
    """Four by three cells, of which one in the middle is hidden, with a field."""
    image = pyvista.ImageData(dimensions=(5, 4, 1))
    made = {"vti": image, "vtr": pyvista.RectilinearGrid(*AXES), "vts": image.cast_to_structured_grid()}[kind]
    made["p"] = np.arange(20.0)
    hidden = np.zeros(12, np.uint8)
    hidden[5] = 32
    made.cell_data["vtkGhostType"] = hidden
    return made


@pytest.mark.parametrize("kind", ["vti", "vtr", "vts"])
def test_grids(kind, tmp_path):
    grid(kind).save(tmp_path / f"a.{kind}")
    mesh = read(tmp_path / f"a.{kind}")
    assert mesh.cell_count == 11
    np.testing.assert_array_equal(mesh.point_data["p"], np.arange(20.0))
    (wall,) = Geometry.from_mesh(mesh).walls
    np.testing.assert_array_equal([wall.min(axis=0), wall.max(axis=0)], [[1, 1], [2, 2]])
    with pytest.raises(MeshError, match=rf"expected a mesh in one of the formats .*, got '\.{kind}'"):
        read_bytes((tmp_path / f"a.{kind}").read_bytes(), f"a.{kind}")  # as a server does


def test_a_client_sends_what_it_has_converted(tmp_path):
    grid("vti").save(tmp_path / "a.vti")
    upload = Upload.of(tmp_path / "a.vti", "", (), (), "mm", "", 0)
    assert upload.header.name == "a.vtu"
    np.testing.assert_allclose(upload.mesh().points.max(axis=0), [0.004, 0.003])


def test_blocks_are_joined_where_they_meet(tmp_path):
    whole = grid("vti").cast_to_unstructured_grid()
    parts = ([0, 1, 2, 3, 4, 6, 7], [8, 9, 10, 11])  # without the hidden one
    blocks = pyvista.MultiBlock([whole.extract_cells(cells) for cells in parts])
    blocks.save(tmp_path / "a.vtm")
    with pytest.raises(GeometryError, match="got 3 edges that lie on others between different nodes"):
        Geometry.from_mesh(read(tmp_path / "a.vtm"))
    (wall,) = Geometry.from_mesh(read(tmp_path / "a.vtm", merge=1e-6)).walls
    np.testing.assert_array_equal([wall.min(axis=0), wall.max(axis=0)], [[1, 1], [2, 2]])


@pytest.mark.parametrize("poly", [False, True])
def test_lz4(poly, tmp_path):
    made = grid("vti").cast_to_unstructured_grid()
    writer = vtk.vtkXMLPolyDataWriter() if poly else vtk.vtkXMLUnstructuredGridWriter()
    path = tmp_path / ("a.vtp" if poly else "a.vtu")
    writer.SetFileName(str(path))
    writer.SetCompressorTypeToLZ4()
    writer.SetInputData(made.extract_surface(algorithm="dataset_surface") if poly else made)
    assert writer.Write()
    assert read(path).cell_count == 11
    with pytest.raises(MeshError, match=r"expected VT[UP] data compressed by zlib or LZMA, got LZ4"):
        read_bytes(path.read_bytes(), path.name)


CASE = """(0 "two squares side by side")
(2 2)
(10 (0 1 6 0 2))
(10 (1 1 6 1 2)(0 0 1 0 2 0 0 1 1 1 2 1))
(12 (0 1 2 0 0))
(12 (2 1 2 1 3))
(13 (0 1 7 0 0))
(13 (3 1 1 2 2)(
2 5 1 2
))
(13 (4 2 3 3 2)(
1 2 1 0
2 3 2 0
))
(13 (5 4 7 5 2)(
5 4 1 0
6 5 2 0
3 6 2 0
4 1 1 0
))
(45 (2 fluid fluid)())
(45 (3 interior int)())
(45 (4 wall foot)())
(45 (5 pressure-outlet rest)())
"""
VALUES = '(0 "pressure")\n(33 (2 7 6))\n(300 (1 2 1 0 0 1 2)(\n1.5\n2.5\n))\n'


def test_a_case_of_fluent_has_its_values_by_cell(tmp_path):
    (tmp_path / "a.cas").write_text(CASE)
    (tmp_path / "a.dat").write_text(VALUES)
    mesh = read(tmp_path / "a.cas")
    (quads,) = (block.nodes for block in mesh.cells)
    np.testing.assert_array_equal(mesh.points[quads].mean(axis=1), [[0.5, 0.5], [1.5, 0.5]])
    assert len(mesh.points) == 6 and mesh.cell_data["PRESSURE"].tolist() == [1.5, 2.5]


def test_a_file_without_cells_or_damaged(tmp_path):
    (tmp_path / "a.vti").write_text("<VTKFile type='ImageData'>")
    with pytest.raises(MeshError, match=r"^a\.vti: expected a (data set with cells|complete \.vti file), got"):
        read(tmp_path / "a.vti")


def test_without_pyvista_the_sentence_says_what_to_install(tmp_path):
    grid("vti").save(tmp_path / "a.vti")
    code = "import sys; sys.modules['pyvista'] = None; from enf2enf.io import read; read(sys.argv[1])"
    result = subprocess.run([sys.executable, "-c", code, tmp_path / "a.vti"], capture_output=True, text=True)
    assert "a.vti: expected pip install 'enf2enf[scenes]', which converts .vti files, got a machine" in result.stderr
