"""What VTK itself writes, in every form that it has: one ring of cells of all kinds."""

import itertools

import numpy as np
import pytest

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.polygon import area
from enf2enf.io import read, read_bytes
from enf2enf.mesh import topology

vtk = pytest.importorskip("vtk")
from vtk.util.numpy_support import numpy_to_vtk  # noqa: E402

COUNT = 8
ANGLE = 2 * np.pi * np.arange(COUNT) / COUNT
RING = np.stack([np.cos(ANGLE), np.sin(ANGLE), 0 * ANGLE], axis=1)
POINTS = np.concatenate([0.2 * RING, 0.35 * RING, 0.5 * RING]).round(6)  # as text has them
WALL = 4 * 0.04 * np.sin(2 * np.pi / COUNT)  # the area of the octagon inside
TYPES = [
    "Char", "SignedChar", "UnsignedChar", "Short", "UnsignedShort", "Int", "UnsignedInt", "Long", "UnsignedLong",
    "LongLong", "UnsignedLongLong", "Float", "Double", "IdType",
]  # fmt: skip


def cells(poly: bool):
    """(type, nodes): a strip around the inner ring, quads, triangles and polygons around the outer one, lines."""
    after = np.roll(np.arange(COUNT), -1)
    yield vtk.VTK_POLY_LINE, [16, 17, 18]
    yield vtk.VTK_LINE, [18, 19]
    for k in range(4 if poly else 2):
        yield vtk.VTK_QUAD, [8 + k, 16 + k, 16 + after[k], 8 + after[k]]
    for k in () if poly else (2, 3):
        yield vtk.VTK_PIXEL, [8 + k, 16 + k, 8 + after[k], 16 + after[k]]
    yield vtk.VTK_TRIANGLE, [12, 20, 21]
    yield vtk.VTK_TRIANGLE, [12, 21, 13]
    yield vtk.VTK_POLYGON, [13, 21, 22, 23, 15, 14]
    yield vtk.VTK_POLYGON, [15, 23, 16, 8]
    yield vtk.VTK_TRIANGLE_STRIP, [node for k in [*range(COUNT), 0] for node in (k, 8 + k)]


def dataset(poly: bool):
    """The ring with data of every type of numbers, texts, and all attributes that VTK has names for."""
    made = vtk.vtkPolyData() if poly else vtk.vtkUnstructuredGrid()
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(POINTS, deep=True))
    made.SetPoints(points)
    made.Allocate(20) if not poly else made.AllocateExact(9, 9, 9, 99, 9, 99, 9, 99)
    for kind, nodes in cells(poly):
        made.InsertNextCell(kind, len(nodes), [int(node) for node in nodes])
    for data, count in ((made.GetPointData(), len(POINTS)), (made.GetCellData(), made.GetNumberOfCells())):
        for kind in [f"vtk{kind}Array" for kind in TYPES]:
            array = getattr(vtk, kind)()
            array.SetName(f"of {kind}")
            array.SetNumberOfComponents(2)
            for number in range(count):
                array.InsertNextTuple2(2 * number, 2 * number + 1)
            data.AddArray(array)
        for attribute, width in (("Scalars", 1), ("Vectors", 3), ("Normals", 3), ("TCoords", 2), ("Tensors", 9)):
            array = vtk.vtkDoubleArray()
            array.SetName(attribute)
            array.SetNumberOfComponents(width)
            for number in range(width * count):
                array.InsertNextValue(number / 3)
            getattr(data, f"Set{attribute}")(array)
        bits = vtk.vtkBitArray()
        bits.SetName("bits")
        for number in range(count):
            bits.InsertNextValue(number % 3 == 0)
        names = vtk.vtkStringArray()
        names.SetName("names")
        for number in range(count):
            names.InsertNextValue("a b\n" * 20 * number)
        data.AddArray(names)
        data.AddArray(bits)
    title = vtk.vtkStringArray()
    title.SetName("title")
    title.InsertNextValue("a ring")
    made.GetFieldData().AddArray(title)
    return made


def check(path, made):
    mesh = read(path)
    np.testing.assert_array_equal(mesh.points, POINTS[:, :2])
    for kind in (f"vtk{kind}Array" for kind in TYPES):
        np.testing.assert_array_equal(mesh.point_data[f"of {kind}"].ravel(), np.arange(2.0 * len(POINTS)))
    np.testing.assert_allclose(mesh.point_data["Tensors"].ravel(), np.arange(9 * len(POINTS)) / 3, rtol=1e-5)
    if path.suffix == ".vtk":
        np.testing.assert_array_equal(mesh.point_data["bits"], np.arange(len(POINTS)) % 3 == 0)
    sides = [block.nodes for block in mesh.cells if topology.is_surface(block.kind)]
    assert sum(map(len, sides)) == made.GetNumberOfCells() - 2 - 1 + 2 * COUNT  # a strip is so many triangles
    lines = [tuple(row) for block in mesh.cells if block.kind == "line" for row in block.nodes.tolist()]
    assert sorted(lines) == [(16, 17), (17, 18), (18, 19)]
    geometry = Geometry.from_mesh(mesh)
    assert len(geometry.walls) == 1 and area(geometry.walls[0]) == pytest.approx(WALL, rel=1e-5)
    assert area(geometry.outer) == pytest.approx(WALL * 6.25, rel=1e-5)


@pytest.mark.parametrize("poly", [False, True])
@pytest.mark.parametrize("version, binary", itertools.product([42, 51], [False, True]))
def test_legacy_files(version, binary, poly, tmp_path):
    made = dataset(poly)
    writer = vtk.vtkPolyDataWriter() if poly else vtk.vtkUnstructuredGridWriter()
    writer.SetFileName(str(tmp_path / "a.vtk"))
    writer.SetFileVersion(version)
    writer.SetFileTypeToBinary() if binary else writer.SetFileTypeToASCII()
    writer.SetInputData(made)
    assert writer.Write()
    check(tmp_path / "a.vtk", made)
    data = (tmp_path / "a.vtk").read_bytes()
    (tmp_path / "a.vtk").write_bytes(data.rstrip(b"\n") if version == 42 else data)  # some do not end the last line
    check(tmp_path / "a.vtk", made)


FORMS = ["ascii", "binary", "appended", "raw"]
COMPRESSORS = ["None", "ZLib", "LZMA"]


@pytest.mark.parametrize("form, compressor", itertools.product(FORMS, COMPRESSORS))
def test_xml_files(form, compressor, tmp_path):
    """Both widths of headers and both orders of bytes with each form and each compressor, though not with each pair."""
    for poly in (False, True):
        made = dataset(poly)
        writer = vtk.vtkXMLPolyDataWriter() if poly else vtk.vtkXMLUnstructuredGridWriter()
        path = tmp_path / f"a.{'vtp' if poly else 'vtu'}"
        number = FORMS.index(form) + COMPRESSORS.index(compressor)
        writer.SetFileName(str(path))
        writer.SetDataMode({"ascii": 0, "binary": 1}.get(form, 2))
        writer.SetEncodeAppendedData(form == "appended")
        writer.SetCompressorType({"None": 0, "ZLib": 1, "LZMA": 3}[compressor])
        writer.SetHeaderTypeToUInt64() if number % 2 else writer.SetHeaderTypeToUInt32()
        writer.SetByteOrderToBigEndian() if (number + poly) % 2 else writer.SetByteOrderToLittleEndian()
        writer.SetBlockSize(256)  # several blocks of an array
        writer.SetInputData(made)
        assert writer.Write()
        check(path, made)


@pytest.mark.parametrize("kind", ["StructuredPoints", "StructuredGrid", "RectilinearGrid"])
@pytest.mark.parametrize("binary", [False, True])
def test_legacy_grids(kind, binary, tmp_path):
    """Four by three points a unit apart, first axis fastest; the last axis is one point long."""
    made = getattr(vtk, f"vtk{kind}")()
    made.SetDimensions(4, 3, 1)
    points = np.array([(x, y, 0.0) for y in (1.0, 2, 3) for x in (5.0, 6, 7, 8)])
    if kind == "StructuredPoints":
        made.SetOrigin(5, 1, 0)
    elif kind == "StructuredGrid":
        nodes = vtk.vtkPoints()
        nodes.SetData(numpy_to_vtk(points, deep=True))
        made.SetPoints(nodes)
    else:
        for axis, values in (("X", [5.0, 6, 7, 8]), ("Y", [1.0, 2, 3]), ("Z", [0.0])):
            getattr(made, f"Set{axis}Coordinates")(numpy_to_vtk(np.array(values), deep=True))
    writer = getattr(vtk, f"vtk{kind}Writer")()
    writer.SetFileName(str(tmp_path / "a.vtk"))
    writer.SetFileTypeToBinary() if binary else writer.SetFileTypeToASCII()
    writer.SetInputData(made)
    assert writer.Write()
    mesh = read(tmp_path / "a.vtk")
    np.testing.assert_array_equal(mesh.points, points[:, :2])
    corners = mesh.points[mesh.cells[0].nodes]
    assert mesh.cells[0].kind == "quad" and len(corners) == 6
    np.testing.assert_array_equal(corners - corners[:, :1], [[(0, 0), (1, 0), (1, 1), (0, 1)]] * 6)


LEGACY = b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 3 float\n0 0 0 1 0 0 0 1 0\n"
CELL = b"CELLS 1 4\n3 0 1 2\nCELL_TYPES 1\n5\n"


@pytest.mark.parametrize(
    "data, sentence",
    [
        (LEGACY + CELL + b"POINTS 3 float\n0 0 0 1 0 0 0 1 0\n", "POINTS twice"),
        (LEGACY + CELL[:18] + CELL, "CELLS twice"),
        (LEGACY + CELL[:18], "CELLS without CELL_TYPES"),
        (LEGACY + CELL.replace(b"CELLS 1 4\n3", b"CELLS 1 4\n2"), "3 numbers in 1 cells, of 4"),
        (LEGACY + CELL + b"CELL_MARKS 1\n7\n", "an unknown section 'CELL_MARKS'"),
        (LEGACY + CELL + b"POINT_DATA 2\nSCALARS a int\nLOOKUP_TABLE default\n1 2\n", "2 values of 'a' at 3 points"),
        (LEGACY.replace(b"UNSTRUCTURED_GRID", b"FIELD"), "no DATASET among UNSTRUCTURED_GRID"),
        (LEGACY.replace(b"float", b"half"), "numbers of the unknown type 'half'"),
        (LEGACY.replace(b"1 0\n", b"1\n"), "8 of 9 numbers"),
    ],
)
def test_what_is_left_over_or_missing_in_a_legacy_file_is_named(data, sentence):
    with pytest.raises(MeshError, match=rf"^a\.vtk: expected a complete legacy VTK file, got .*\({sentence}"):
        read_bytes(data, "a.vtk")
    assert read_bytes(LEGACY + CELL, "a.vtk").cell_count == 1
