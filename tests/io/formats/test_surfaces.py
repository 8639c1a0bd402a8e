"""PLY and OBJ the ways that programs write them."""

import struct

import numpy as np
import pytest

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes

NODES = [(0, 0), (1, 0), (1, 1), (0, 1), (0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]
FACES = [(0, 1, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7, 6), (3, 0, 4), (3, 4, 7)]  # of two widths, one after the other
KINDS = {"char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f", "double": "d"}


def ply(form, count, index, coordinate, name):
    """A plate with a hole: vertices with a colour, faces with a flag before their list and a list behind it, edges."""
    head = ["ply", f"format {form} 1.0", "comment mine", "element vertex 8"]
    head += [f"property {coordinate} {axis}" for axis in "xyz"] + ["property uchar red", "element face 6"]
    head += ["property uchar flag", f"property list {count} {index} {name}", "property list uchar float texcoord"]
    head += ["element edge 2", f"property {index} vertex1", f"property {index} vertex2", "property uchar red"]
    head += ["element material 1", "property int ambient", "end_header"]
    c, i, x = KINDS[count], KINDS[index], KINDS[coordinate]
    rows = [(f"{x * 3}B", *node, 0, 7) for node in NODES]
    rows += [(f"B{c}{len(face)}{i}B{2 * k}f", 1, len(face), *face, 2 * k, *[0.5] * 2 * k)
             for k, face in enumerate(FACES)]  # fmt: skip
    rows += [(f"{i}{i}B", 0, 1, 255), (f"{i}{i}B", 4, 5, 255), ("i", 3)]
    order = {"binary_little_endian": "<", "binary_big_endian": ">"}.get(form)
    if order is None:
        body = "\n".join(" ".join(map(str, numbers)) for _, *numbers in rows).encode() + b"\n"
    else:
        body = b"".join(struct.pack(order + kinds, *numbers) for kinds, *numbers in rows)
    return "\n".join([*head, ""]).encode() + body


def assert_plate(mesh):
    np.testing.assert_array_equal(mesh.points, NODES)
    found = {block.kind: block.nodes.tolist() for block in mesh.cells}
    assert found["quad"] == [list(face) for face in FACES if len(face) == 4]
    assert found["triangle"] == [list(face) for face in FACES if len(face) == 3]
    np.testing.assert_array_equal(np.ptp(Geometry.from_mesh(mesh).walls[0], axis=0), 0.5)


@pytest.mark.parametrize(
    "count, index, coordinate",
    [("uchar", "int", "float"), ("int", "uint", "double"), ("char", "short", "float"), ("ushort", "uchar", "double")],
)
@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("name", ["vertex_indices", "vertex_index"])
def test_ply(form, count, index, coordinate, name):
    data = ply(form, count, index, coordinate, name)
    mesh = read_bytes(data, "a.ply")
    assert_plate(mesh)
    assert mesh.point_data["red"].tolist() == [7] * 8
    assert {block.kind: block.nodes.tolist() for block in mesh.cells}["line"] == [[0, 1], [4, 5]]
    for damaged in (data[:-3], data + b"9 9"):
        with pytest.raises(MeshError, match=r"^a\.ply: .*(break off|more data)"):
            read_bytes(damaged, "a.ply")


def test_what_ply_holds_beside_faces():
    data = ply("ascii", "uchar", "int", "float", "vertex_indices").replace(b"element material", b"element blob")
    assert read_bytes(data, "ply").warnings == ("elements: expected vertices, faces and edges, got 1 'blob', left out",)
    with pytest.raises(MeshError, match=r"cells: expected faces, got triangle strips \(tristrips\)"):
        read_bytes(data.replace(b"element blob", b"element tristrips"), "ply")
    with pytest.raises(MeshError, match="faces without vertex_indices"):
        read_bytes(data.replace(b" vertex_indices", b" corners"), "ply")


FIRST = "\n".join(f"v {x} {y} 0" for x, y in NODES)
BACK = "\n".join("f " + " ".join(f"{node - 8}/1/{node - 8}" for node in face) for face in FACES)
AHEAD = "\n".join("f " + " ".join(f"{node + 1}//1" for node in face) for face in FACES)
OBJ = {
    "negative": f"{FIRST}\n{BACK}\nv 9 9 9e-9\n",  # the last vertex is not yet there where the faces count back
    "colours": FIRST.replace(" 0\n", " 0 0.5 0.5 1.0\n") + f" 0 0 0\n{AHEAD}\n",
    "a mark of bytes": f"\ufeff{FIRST}\n{AHEAD}\n",
    "broken lines": FIRST + "\n" + AHEAD.replace(" 7//1", " \\\n 7//1") + "\n",
    "words": f"# made\nmtllib a.mtl\no plate\ng a b\n{FIRST}\nvt 0 0\nvn 0 0 1\nusemtl b\ns off\n{AHEAD}\nl 1 2 3\n",
}


@pytest.mark.parametrize("way", OBJ)
def test_obj(way):
    mesh = read_bytes(OBJ[way].encode(), "a.obj")
    assert not mesh.point_data
    if way == "negative":
        assert len(mesh.points) == 9
        mesh = type(mesh)(mesh.points[:8], mesh.cells)
    assert_plate(mesh)
    if way == "words":
        assert {block.kind: block.nodes.tolist() for block in mesh.cells}["line"] == [[0, 1], [1, 2]]


def test_what_obj_holds_beside_faces():
    text = OBJ["words"]
    with pytest.raises(MeshError, match=r"a.obj: cells: expected faces of straight sides, got free-form .* \(surf\)"):
        read_bytes((text + "surf 0 1 0 1 1 2\n").encode(), "a.obj")
    assert read_bytes((text + "face 1 2 3\n" * 2).encode(), "obj").warnings == (
        "lines: expected statements of OBJ, got 2 of 'face', left out",
    )
    for line in ("f 1 2 0", "f 1 2 -9", "f 1 2 x", "v 1"):
        with pytest.raises(MeshError, match=f"line 24 is no '{line[0]}': '{line}'"):
            read_bytes((text + line).encode(), "obj")
