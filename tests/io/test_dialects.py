"""What other programs write: names of patches, element types, layouts, and text that readers trip over.

One small mesh in the words of many programs; what concerns one format alone is in `tests/io/formats/`.
"""

import numpy as np
import pytest

import enf2enf_meshes
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
