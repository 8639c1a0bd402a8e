"""Fields are added to the mesh that was asked about: of a file of the same format all that was in it stays."""

import struct

import h5py
import meshio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import MeshError
from enf2enf.io import read, write
from enf2enf.io.attach import attach
from enf2enf.io.formats import FORMATS
from enf2enf.mesh import CellBlock, Mesh

POINTS = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0], [2, 0], [2, 1], [1.5, 0], [0.5, 0.5]], np.float64)
SPATIAL = np.pad(POINTS, ((0, 0), (0, 1)))
BLOCKS = [  # in an order of their own, with pieces of curves between
    ("triangle", np.array([[0, 1, 2]])), ("line3", np.array([[0, 1, 4]])), ("quad", np.array([[1, 5, 6, 2]])),
    ("line3", np.array([[1, 5, 7]])), ("triangle", np.array([[0, 2, 3]])), ("line", np.array([[5, 6]])),
]  # fmt: skip
BY_CELL = [np.arange(len(nodes)) + 10.0 * number for number, (_, nodes) in enumerate(BLOCKS)]
P = np.array([1, 2, 3, 4, np.nan, 6, 7, 8, 9], np.float32)
FIELDS = {"p": P, "u": np.stack([P, 1e-30 * P], axis=1)}


def raw(**more) -> meshio.Mesh:
    """With points that no cell uses, fields of its own, numbers by cell."""
    data = {"point_data": {"t": np.arange(9.0)}, "cell_data": {"zone": BY_CELL}, **more}
    return meshio.Mesh(SPATIAL, BLOCKS, **data)


def vtu(path, **how):
    meshio.vtu.write(path, raw(), **how)
    time = b'<DataArray type="Float64" Name="time" format="ascii">3.5</DataArray>'
    text = path.read_bytes().replace(b"<UnstructuredGrid>", b"<UnstructuredGrid><FieldData>" + time + b"</FieldData>")
    path.write_bytes(text)


def msh(path):
    """Two curves and two surfaces, of which a curve and a surface have one number."""
    kinds, tags = {"line": 1, "triangle": 2, "quad": 3, "line3": 8}, (7, 7, 12, 8, 7, 8)
    rows = [(kind, tag, nodes) for (kind, rows), tag in zip(BLOCKS, tags, strict=True) for nodes in rows.tolist()]
    text = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", "4", '1 7 "foot"', '1 8 "side"']
    text += ['2 7 "plate"', '2 12 "rest"', "$EndPhysicalNames", "$Nodes", "9"]
    text += [f"{number + 11} {x} {y} 0" for number, (x, y) in enumerate(POINTS)]
    text += ["$EndNodes", "$Elements", str(len(rows))]
    for number, (kind, tag, nodes) in enumerate(rows, start=1):
        text.append(" ".join(map(str, [number, kinds[kind], 2, tag, tag, *(node + 11 for node in nodes)])))
    text += [
        "$EndElements",
        "$ElementData",
        "1",
        '"zone"',
        "1",
        "0",
        "3",
        "0",
        "1",
        "1",
        "1 5.5",
        "$EndElementData",
        "",
    ]
    path.write_text("\n".join(text))


def xdmf(path):
    kinds = [(kind, nodes) for kind, nodes in BLOCKS if kind != "line3"]  # which meshio does not read again
    made = meshio.Mesh(
        SPATIAL, kinds, point_data={"t": np.arange(9.0)}, cell_data={"zone": [BY_CELL[k] for k in (0, 2, 4, 5)]}
    )
    meshio.xdmf.write(path, made, data_format="XML")


def med(path):
    kinds = [
        ("triangle", np.array([[0, 1, 2], [0, 2, 3]])),
        ("quad", np.array([[1, 5, 6, 2]])),
        ("line3", BLOCKS[1][1]),
    ]
    made = meshio.Mesh(SPATIAL[:, :2], kinds, point_data={"t": np.arange(9.0)},
                       cell_data={"cell_tags": [np.array([-1, -2]), np.array([-2]), np.array([-3])],
                                  "zone": [np.arange(2.0), np.arange(1.0), np.arange(1.0)]})  # fmt: skip
    made.cell_tags = {-1: ["one"], -2: ["one", "two"], -3: ["foot"]}
    meshio.med.write(path, made)


def cgns(path):
    cells = (CellBlock("quad", BLOCKS[2][1]), CellBlock("line3", np.array([[1, 5, 7]])))
    write(path, Mesh(POINTS, cells, {"foot": np.array([[1, 5]])}, {"t": np.arange(9.0)}))
    with h5py.File(path, "r+") as file:
        file.copy("Base/Zone/FlowSolution", "Base/Zone/Centres")  # what is at cells, as a solver has it
        file["Base/Zone/Centres/GridLocation"].attrs["type"] = np.array(b"C1", dtype="S3")
        del file["Base/Zone/Centres/GridLocation/ data"]
        file["Base/Zone/Centres/GridLocation/ data"] = np.frombuffer(b"CellCenter", np.int8)


def everything(path) -> dict:
    """What a file holds, by a reader that is not ours, but for nodal data."""
    if path.suffix == ".msh":
        return {"bytes": path.read_bytes().partition(b"$NodeData")[0]}
    if path.suffix in (".med", ".cgns"):
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda key, item: found.update({key: item[()] if isinstance(item, h5py.Dataset) else 0}))
            return {key: value for key, value in found.items() if not key.startswith(ADDED)}
    made = {".vtu": meshio.vtu, ".xdmf": meshio.xdmf}[path.suffix].read(path)
    cells = {f"{block.type} {k}": block.data for k, block in enumerate(made.cells)}
    data = {f"{name} {k}": part for name, parts in made.cell_data.items() for k, part in enumerate(parts)}
    return {"points": made.points, **cells, **data, **made.field_data, "t": made.point_data["t"]}


ADDED = ("CHA/p", "CHA/u", "Base/Zone/FlowSolution/p", "Base/Zone/FlowSolution/u")
FILES = {
    **{f"vtu {c} {h}": ("vtu", lambda path, c=c, h=h: vtu(path, compression=c, header_type=h))
       for c in ("zlib", "lzma", None) for h in ("UInt32", "UInt64")},
    "vtu text": ("vtu", lambda path: vtu(path, binary=False)),
    "msh": ("msh", msh), "xdmf": ("xdmf", xdmf), "med": ("med", med), "cgns": ("cgns", cgns),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_all_that_was_in_a_file_stays(kind, tmp_path):
    ending, make = FILES[kind]
    path, out = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    make(path)
    mesh = read(path)
    assert attach(out, mesh, FIELDS) == ()
    before, after = everything(path), everything(out)
    assert before.keys() == after.keys() and ("time" in after) == (ending == "vtu")
    for name, value in before.items():
        np.testing.assert_array_equal(np.asarray(after[name]), np.asarray(value), err_msg=name)
    again = read(out)
    for name, values in {**mesh.point_data, **FIELDS}.items():
        np.testing.assert_array_equal(again.point_data[name], np.asarray(values, np.float64))
    assert again.patches.keys() == mesh.patches.keys() and (kind in ("xdmf",) or ending == "vtu" or mesh.patches)
    twice = {"p": 2 * P, "u": FIELDS["u"]}
    assert attach(tmp_path / f"c.{ending}", again, twice) == ()  # in place of those that are there
    np.testing.assert_array_equal(read(tmp_path / f"c.{ending}").point_data["p"], np.float64(2 * P))
    assert attach(out, read(path), twice) == ()
    assert ending in ("med", "cgns") or (tmp_path / f"c.{ending}").read_bytes().count(b'"p"') == 1
    if ending == "msh":
        assert out.read_bytes() == (tmp_path / "c.msh").read_bytes()


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("ending", ["vtk", "vtp", "vtu"])
@pytest.mark.parametrize("last", ["points", "cells"])
def test_what_vtk_writes_it_reads_with_fields(ending, binary, last, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    made = pyvista.ImageData(dimensions=(5, 4, 1)).cast_to_unstructured_grid()
    if ending == "vtp":
        made = made.extract_surface(algorithm="dataset_surface")
        made.clear_data()
    if last == "points" or ending != "vtk":
        made.point_data["t t"] = np.arange(20.0)
    if last == "cells":
        made.cell_data["zone"] = np.arange(12)
    made.field_data["note"] = ["a text"]
    path, out = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    made.save(path, binary=binary)
    p = np.arange(20.0)
    p[3] = np.nan
    mesh = read(path)
    assert attach(out, mesh, {"p q": p, "u": np.stack([p, p], axis=1)}) == ()
    found = pyvista.read(out)
    np.testing.assert_array_equal(found.point_data["p q"], p)
    np.testing.assert_array_equal(found.point_data["u"][:, 1], p)
    for old, new in ((made.point_data, found.point_data), (made.cell_data, found.cell_data)):
        for name in old:
            np.testing.assert_array_equal(new[name], old[name])
    assert list(found.field_data["note"]) == ["a text"]
    np.testing.assert_array_equal(
        found.regular_faces if ending == "vtp" else found.cells, made.regular_faces if ending == "vtp" else made.cells
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, format_ in FORMATS.items() if format_.attach])
@settings(max_examples=5, deadline=None)
@given(values=st.lists(st.floats(width=32, allow_infinity=False), min_size=9, max_size=9), swap=st.booleans())
def test_every_number_comes_back(name, values, swap, tmp_path_factory):
    folder, ending = tmp_path_factory.mktemp("attach"), FORMATS[name].extensions[0]
    cells = (CellBlock("quad", BLOCKS[2][1]), CellBlock("triangle", np.array([[0, 1, 2], [0, 2, 3]])))
    write(folder / f"a{ending}", Mesh(POINTS, cells[:: -1 if swap else 1], {"foot": np.array([[1, 5]])}))
    p = np.array(values, np.float32)
    fields = {"p": p, "u": np.stack([p, 0 * p + 1], axis=1)}  # no number is no vector either
    if name == "ply":
        del fields["u"]
    mesh = read(folder / f"a{ending}").scaled("mm")
    assert attach(folder / f"b{ending}", mesh, fields) == ()
    again = read(folder / f"b{ending}")
    np.testing.assert_array_equal(again.points, POINTS)  # in the unit that it came in
    for key, part in fields.items():
        np.testing.assert_array_equal(again.point_data[key], part.astype(np.float64))


def test_another_format_keeps_what_it_can_and_says_what_it_cannot(tmp_path):
    msh(tmp_path / "a.msh")
    vtu(tmp_path / "a.vtu")
    assert attach(tmp_path / "b.vtu", read(tmp_path / "a.msh"), FIELDS) == (
        "b.vtu: expected groups of surfaces 'plate', 'rest', got none: left out",
        "b.vtu: expected values of elements 'zone', got none: left out",
    )
    again = read(tmp_path / "b.vtu")
    assert set(again.patches) == {"foot", "side"} and {block.kind for block in again.cells} >= {"line3", "line"}
    assert len(next(block.nodes for block in again.cells if block.kind == "line3")) == 2
    assert attach(tmp_path / "c.msh", read(tmp_path / "a.vtu"), FIELDS) == (
        "c.msh: expected a format that holds values of cells, got Gmsh: left out",
        "c.msh: expected field data 'time', got none: left out",
    )


def test_a_file_that_is_another_by_now_is_not_added_to(tmp_path):
    vtu(tmp_path / "a.vtu")
    mesh = read(tmp_path / "a.vtu")
    wrong = {
        "other nodes": lambda: meshio.vtu.write(tmp_path / "a.vtu", meshio.Mesh(2 * SPATIAL, BLOCKS)),
        "other cells": lambda: meshio.vtu.write(tmp_path / "a.vtu", meshio.Mesh(SPATIAL, BLOCKS[:1])),
        "No such file": (tmp_path / "a.vtu").unlink,
    }
    for got, spoil in wrong.items():
        spoil()
        sentence, time = attach(tmp_path / "b.vtu", mesh, FIELDS)
        assert time == "b.vtu: expected field data 'time', got none: left out"
        assert sentence.startswith("b.vtu: expected the fields added to a.vtu as it is, got ") and got in sentence
        again = read(tmp_path / "b.vtu")
        np.testing.assert_array_equal(again.points, mesh.points)
        np.testing.assert_array_equal(again.point_data["p"], np.float64(P))
        np.testing.assert_array_equal(np.sort(again.cell_data["zone"]), np.sort(mesh.cell_data["zone"]))
    write(tmp_path / "a.vtu", Mesh(POINTS, (CellBlock("quad", BLOCKS[2][1]),)))
    more = read(tmp_path / "a.vtu").with_point_data({"mine": np.arange(9.0)})
    (sentence,) = attach(tmp_path / "b.vtu", more, FIELDS)  # what was added to the mesh is not in the file
    assert "other fields" in sentence and set(read(tmp_path / "b.vtu").point_data) == {"mine", "p", "u"}


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_ply_keeps_its_edges_colours_and_comments(form, tmp_path):
    head = f"""ply
format {form} 1.0
comment of mine
element vertex 4
property float x
property uchar red
property float p
property float y
element face 1
property list uchar int vertex_indices
element edge 1
property int vertex1
property int vertex2
property uchar red
end_header
"""
    rows = [(0.0, 7, 1.5, 0.0), (1.0, 8, 2.5, 0.0), (1.0, 9, 3.5, 1.0), (0.0, 10, 4.5, 1.0)]
    behind = (4, 0, 1, 2, 3), (0, 1, 200)
    order = ">" if form.endswith("big_endian") else "<"
    if form == "ascii":
        body = "".join(" ".join(map(str, row)) + "\n" for row in (*rows, *behind)).encode()
        rest = body.split(b"\n", 4)[4]
    else:
        rest = struct.pack(f"{order}B4i", *behind[0]) + struct.pack(f"{order}iiB", *behind[1])
        body = b"".join(struct.pack(f"{order}fBff", *row) for row in rows) + rest
    (tmp_path / "a.ply").write_bytes(head.encode() + body)
    p = np.array([np.nan, 1, 2, 3], np.float32)
    mesh = read(tmp_path / "a.ply")
    assert attach(tmp_path / "b.ply", mesh, {"p": p, "q": 2 * p}) == ()
    made, again = (tmp_path / "b.ply").read_bytes(), read(tmp_path / "b.ply")
    assert made.endswith(rest) and b"comment of mine\n" in made and made.count(b"property") == 9
    assert again.point_data["red"].tolist() == [7, 8, 9, 10] and set(again.point_data) == {"red", "p", "q"}
    np.testing.assert_array_equal(again.point_data["p"], np.float64(p))
    np.testing.assert_array_equal(again.point_data["q"], np.float64(2 * p))
    (sentence,) = attach(tmp_path / "c.ply", read(tmp_path / "a.ply").with_point_data({"t": p}), {"p": p})
    assert "got other fields; the mesh is written anew" in sentence


def test_a_document_beside_its_arrays_is_written_anew(tmp_path):
    made = meshio.Mesh(SPATIAL, [BLOCKS[0], BLOCKS[2]], cell_data={"zone": [BY_CELL[0], BY_CELL[2]]})
    meshio.xdmf.write(tmp_path / "a.xdmf", made, data_format="HDF")
    (sentence,) = attach(tmp_path / "b.xdmf", read(tmp_path / "a.xdmf"), FIELDS)
    assert sentence.startswith(
        "b.xdmf: expected the fields added to a.xdmf as it is, got a reference to the file 'a.h5'"
    )
    (tmp_path / "a.h5").unlink()
    again = read(tmp_path / "b.xdmf")
    assert again.cell_data["zone"].tolist() == [0.0, 20.0]
    np.testing.assert_array_equal(again.point_data["p"], np.float64(P))


def test_what_holds_no_fields_is_refused(tmp_path):
    mesh = Mesh(POINTS, (CellBlock("triangle", np.array([[0, 1, 2]])),))
    write(tmp_path / "a.stl", mesh)
    with pytest.raises(MeshError, match="b.stl: expected a format that carries nodal fields"):
        attach(tmp_path / "b.stl", read(tmp_path / "a.stl"), {"p": P[:3]})
    write(tmp_path / "a.ply", mesh)
    with pytest.raises(MeshError, match="expected scalar fields, PLY carries no vectors, got 'u'"):
        attach(tmp_path / "b.ply", read(tmp_path / "a.ply"), FIELDS)
