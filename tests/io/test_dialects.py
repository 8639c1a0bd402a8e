"""What other programs write: names of patches, element types, layouts, and text that readers trip over."""

import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes, write, write_bytes

# The unit square without a square in its middle: four corners, four inner corners, four trapezia.
NODES = [(0, 0), (1, 0), (1, 1), (0, 1), (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
QUADS = [(1, 2, 6, 5), (2, 3, 7, 6), (3, 4, 8, 7), (4, 1, 5, 8)]
HOLE = {(4, 5), (5, 6), (6, 7), (4, 7)}

GMSH_41 = (
    """$MeshFormat
4.1 0 8
$EndMeshFormat
$PhysicalNames
1
1 7 "the hole"
$EndPhysicalNames
$Entities
0 2 1 0
1 0 0 0 1 1 0 0 0
2 0.4 0.4 0 0.6 0.6 0 2 7 9 0
1 0 0 0 1 1 0 1 3 0
$EndEntities
$Nodes
1 8 1 8
2 1 0 8
1
2
3
4
5
6
7
8
"""
    + "\n".join(f"{x} {y} 0" for x, y in NODES)
    + """
$EndNodes
$Elements
3 12 1 12
1 1 1 4
1 1 2
2 2 3
3 3 4
4 4 1
1 2 1 4
5 5 6
6 6 7
7 7 8
8 8 5
2 1 3 4
"""
    + "\n".join(f"{9 + k} {' '.join(map(str, quad))}" for k, quad in enumerate(QUADS))
    + """
$EndElements
"""
)

SU2 = (
    """% a comment
NDIME = 2
NELEM=4
"""
    + "\n".join("9 " + " ".join(str(n - 1) for n in quad) + f" {k}" for k, quad in enumerate(QUADS))
    + """
NPOIN= 8
"""
    + "\n".join(f"{x} {y} {k}" for k, (x, y) in enumerate(NODES))
    + """
NMARK= 2
MARKER_TAG= the hole
MARKER_ELEMS= 4
3 4 5
3 5 6
3 6 7
3 7 4
MARKER_TAG= 3
MARKER_ELEMS= 1
3 0 1
"""
)

ABAQUS = (
    """*HEADING
*Node
"""
    + "\n".join(f"{10 + k}, {x}, {y}" for k, (x, y) in enumerate(NODES))
    + """
*ELEMENT, type=CPE4R, ELSET=solid
"""
    + "\n".join(f"{k + 1}, " + ", ".join(str(9 + n) for n in quad) for k, quad in enumerate(QUADS))
    + """
*NSET, NSET=the hole
14, 15, 16, 17
*NSET, NSET=row, GENERATE
10, 11, 1
"""
)

NASTRAN = (
    """$HMNAME PROP                  12"the hole"
BEGIN BULK
"""
    + "\n".join(f"GRID    {k + 1:<8d}        {x:<8}{y:<8}0.0" for k, (x, y) in enumerate(NODES))
    + "\n"
    + "\n".join(f"CQUAD4  {k + 1:<8d}1       " + "".join(f"{n:<8d}" for n in quad) for k, quad in enumerate(QUADS))
    + """
CBAR    11      12      5       6
CBAR    12      12      6       7
CBAR    13      12      7       8
CBAR    14      12      8       5
CROD    15      4       1       2
CROD    16      1       3       4
ENDDATA
"""
)

OBJ = (
    "\n".join(f"v {x} {y} 0" for x, y in NODES)
    + "\nvt 0 0\nvn 0 0 1\n"
    + "\n".join("f " + " ".join(f"{n}/1/1" for n in quad) for quad in QUADS)
)

FOREIGN = {
    "a.msh": (GMSH_41, {"the hole": HOLE}),
    "a.su2": (SU2, {"the hole": HOLE, "tag_3": {(0, 1)}}),
    "a.inp": (ABAQUS, {"the hole": HOLE, "row": {(0, 1)}}),
    "a.bdf": (NASTRAN, {"the hole": HOLE, "tag_4": {(0, 1)}}),
    "a.obj": (OBJ, {}),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_programs(name, newline):
    text, patches = FOREIGN[name]
    mesh = read_bytes(text.replace("\n", newline).encode(), name)
    np.testing.assert_array_equal(mesh.points, np.array(NODES, dtype=float))
    found = {key: {tuple(sorted(edge)) for edge in facets.tolist()} for key, facets in mesh.patches.items()}
    assert found == patches  # and none for the property of the cells themselves
    geometry = Geometry.from_mesh(mesh, ["the hole"] if patches else ())
    np.testing.assert_allclose(np.ptp(geometry.walls[0], axis=0), 0.2)
    assert geometry.extent == 1


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n0,0\n1,0\n1,1\n0,1\n\n.4,.4\n.6,.4\n.6,.6\n.4,.6\n.4,.4\n",  # closed by hand, the second one
        "0 0\n1 0\n1 1\n0 1\n\n\n.4 .4\n.6 .4\n.6 .6\n.4 .6\n",
        "# two loops\nx;y;loop\n0;0;0\n1;0;0\n1;1;0\n0;1;0\n.4;.4;1\n.6;.4;1\n.6;.6;1\n.4;.6;1\n",
        "X, Y, Z\n0,0,5\n1,0,5\n1,1,5\n0,1,5\n\n.4,.4,5\n.6,.4,5\n.6,.6,5\n.4,.6,5\n",
    ],
)
def test_curves_as_text(text):
    geometry = Geometry.from_mesh(read_bytes(text.encode(), "a.csv"))
    assert len(geometry.walls) == 1 and len(geometry.walls[0]) == 4
    np.testing.assert_allclose(geometry.bounds, [[0, 0], [1, 1]])


def test_curve_labels_that_are_words_name_patches():
    mesh = read_bytes(b"x,y,loop\n0,0,box\n1,0,box\n1,1,box\n.2,.2,a\n.3,.2,a\n.3,.3,a\n", "csv")
    assert {key: len(facets) for key, facets in mesh.patches.items()} == {"a": 3, "box": 3}
    with pytest.raises(MeshError, match=r"line 2 is not x, y: '1,two'"):
        read_bytes(b"x,y\n1,two\n", "a.csv")


def test_later_vtu_versions_and_one_piece_only():
    data = enf2enf_meshes.path("unit_cell_vtu").read_bytes()
    assert read_bytes(data.replace(b'version="0.1"', b'version="2.2"'), "vtu").cell_count == 480
    with pytest.raises(MeshError, match="expected VTU data compressed by zlib or LZMA, got LZ4"):
        read_bytes(data.replace(b"vtkZLibDataCompressor", b"vtkLZ4DataCompressor"), "vtu")


def test_xdmf_with_its_customary_document_type():
    data = enf2enf_meshes.path("unit_cell_xdmf").read_bytes()
    assert read_bytes(b'<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>\n' + data, "xdmf").cell_count == 480


def test_xdmf_may_refer_to_hdf5_beside_it_and_to_nothing_else(tmp_path):
    import meshio

    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    mesh = meshio.Mesh(np.array(NODES, dtype=float), [("quad", np.array(QUADS) - 1)])
    meshio.xdmf.write(str(inside / "a.xdmf"), mesh)
    assert len(read(inside / "a.xdmf").points) == 8
    data = (inside / "a.xdmf").read_bytes()
    with pytest.raises(MeshError, match=r"expected inline data \(Format=\"XML\"\), got a reference to the file 'a.h5'"):
        read_bytes(data, "a.xdmf")
    (inside / "a.h5").rename(outside / "a.h5")
    for reference in (b"a.h5", b"../outside/a.h5", str(outside / "a.h5").encode()):
        (inside / "a.xdmf").write_bytes(data.replace(b"a.h5", reference))
        with pytest.raises(MeshError, match="expected HDF5 data in a file beside it, got a reference to"):
            read(inside / "a.xdmf")
    (inside / "a.h5").symlink_to(outside / "a.h5")
    (inside / "a.xdmf").write_bytes(data)
    with pytest.raises(MeshError, match="got a reference to 'a.h5'"):
        read(inside / "a.xdmf")


def test_binary_stl():
    mesh = read(enf2enf_meshes.path("unit_cell_stl"))
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    triangles = np.zeros(mesh.cell_count, dtype=record)
    triangles["corners"][..., :2] = mesh.points[mesh.cells[0].nodes]
    data = b"solid misleading".ljust(80) + np.uint32(len(triangles)).tobytes() + triangles.tobytes()
    got = read_bytes(data, "stl")
    np.testing.assert_allclose(got.points, mesh.points, atol=1e-7)
    np.testing.assert_array_equal(got.cells[0].nodes, mesh.cells[0].nodes)


def test_what_vtk_itself_makes_of_our_files(tmp_path):
    vtk = pytest.importorskip("vtk")
    mesh = read(enf2enf_meshes.path("unit_cell_vtu")).with_point_data({"a b": np.arange(240.0)})
    for name, reader in (("vtu", vtk.vtkXMLUnstructuredGridReader()), ("vtk", vtk.vtkUnstructuredGridReader())):
        write(tmp_path / f"a.{name}", mesh)
        reader.SetFileName(str(tmp_path / f"a.{name}"))
        reader.Update()
        cells = reader.GetOutput().GetCellData()
        assert reader.GetOutput().GetNumberOfCells() == 480
        assert reader.GetOutput().GetPointData().GetArray("a b").GetValue(7) == 7
        assert cells.GetArray("patch:void").GetRange() == (0, 1)
    assert read_bytes(write_bytes(mesh, "vtk"), "vtk").point_data["a b"][7] == 7
