"""A square without a square in its middle, in every version of Gmsh's format, as text and as binary data."""

import struct

import numpy as np
import pytest

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes
from enf2enf.io.attach import attach

NODES = [(0, 0), (1, 0), (1, 1), (0, 1), (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
TAGS = [1, 2, 3, 4, 50, 60, 70, 900_000_000]  # numbers of the nodes, which need not follow each other
QUADS = [(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
RIM = [(0, 1), (1, 2), (2, 3), (3, 0)]
HOLE = [(4, 5), (5, 6), (6, 7), (7, 4)]
# The hole and the plate share a number; the rim and the plate are in two groups, one of them without a name.
NAMES = {(1, 1): "the hole", (1, 2): "rim", (1, 7): "also the rim", (2, 1): "plate"}
ENTITIES = [(1, 5, 1, HOLE, (1,)), (1, 6, 1, RIM, (2, 7)), (2, 1, 3, QUADS, (1, 8))]  # dim, tag, type, cells, groups


class Sections:
    """Writes text, or numbers of their sizes: `i` of four bytes, `s` of eight, `d` real."""

    def __init__(self, version: str, order: str | None):
        self.data, self._order = b"", order
        self.section("MeshFormat", lambda: self.line(f"{version} {int(order is not None)} 8") or self._one())
        self.section("PhysicalNames", self._names)

    def section(self, name, write):
        self.line(f"${name}")
        write()
        if not self.data.endswith(b"\n"):
            self.data += b"\n"
        self.line(f"$End{name}")

    def line(self, text):
        self.data += text.encode() + b"\n"

    def put(self, kinds, *numbers):
        if self._order is None:
            self.line(" ".join(map(repr, numbers)))
        else:
            self.data += struct.pack(self._order + kinds.replace("s", "q"), *numbers)

    def _one(self):
        if self._order is not None:
            self.put("i", 1)

    def _names(self):
        self.line(str(len(NAMES)))
        for (dim, group), name in NAMES.items():
            self.line(f'{dim} {group} "{name}"')


def version_2(order, parametric):
    """An element comes once for every group that it is in."""
    out = Sections("2.2", order)

    def nodes():
        out.line(str(len(NODES)))
        for tag, (x, y) in zip(TAGS, NODES, strict=True):
            places = {1: "d", 2: "dd"}[1 + tag % 2] if parametric else ""
            more = (len(places), 1, *range(len(places))) if parametric else ()
            out.put("iddd" + "ii" * parametric + places, tag, float(x), float(y), 0.0, *more)

    def elements():
        rows = [(kind, (group, tag), cell) for _, tag, kind, cells, groups in ENTITIES
                for group in groups for cell in cells]  # fmt: skip
        out.line(str(len(rows)))
        for number, (kind, tags, cell) in enumerate(rows, start=1):
            head = (kind, 1, 2, number) if order else (number, kind, 2)
            row = (*head, *tags, *(TAGS[node] for node in cell))
            out.put("i" * len(row), *row)

    out.section("ParametricNodes" if parametric else "Nodes", nodes)
    out.section("Elements", elements)
    return out.data


def version_4(minor, order, parametric, partitioned=False):
    """Nodes and elements in blocks of an entity; in a partitioned mesh they are of a part of it, numbered apart."""
    out, is_new = Sections(f"4.{minor}", order), minor == 1
    shift = 20 if partitioned else 0

    def entities(part):
        if part:
            out.put("ss", 2, 1)
            out.put("ii", 99, 1)  # a ghost
        out.put("ssss", 0, 2, 1, 0)
        for dim, tag, _, _, groups in ENTITIES:
            head = (tag + shift, dim, tag, 1, 1) if part else (tag,)
            kinds = "iiisi" if part else "i"
            bounds = (0.0,) * 6
            row = (*head, *bounds, len(groups), *groups, 1, 5)
            out.put(kinds + "d" * 6 + "s" + "i" * len(groups) + "si", *row)

    def head(dim, tag, third, count):
        first = (dim, tag + shift) if is_new else (tag + shift, dim)
        out.put("iiis", *first, third, count)

    def nodes():
        out.put("ssss", 2, 8, 1, TAGS[-1]) if is_new else out.put("ss", 2, 8)
        for first, dim, tag in ((0, 2, 1), (4, 1, 5)):
            places = tuple(range(dim)) if parametric else ()
            head(dim, tag, int(parametric), 4)
            rows = [(TAGS[k], (float(NODES[k][0]), float(NODES[k][1]), 0.0, *places)) for k in range(first, first + 4)]
            if is_new:
                for number, _ in rows:
                    out.put("s", number)
            for number, row in rows:
                out.put("d" * len(row), *row) if is_new else out.put("i" + "d" * len(row), number, *row)

    def elements():
        out.put("ssss", 3, 12, 1, 12) if is_new else out.put("ss", 3, 12)
        for dim, tag, kind, cells, _ in ENTITIES:
            head(dim, tag, kind, len(cells))
            for number, cell in enumerate(cells):
                row = (10 * tag + number, *(TAGS[node] for node in cell))
                out.put(("s" if is_new else "i") * len(row), *row)

    out.section("Entities", lambda: entities(False))
    if partitioned:
        out.section("PartitionedEntities", lambda: entities(True))
    out.section("Nodes", nodes)
    out.section("Elements", elements)
    return out.data


FILES = {
    f"{name} {way} {'parametric' * parametric}": make(order, parametric)
    for way, order in (("text", None), ("little", "<"), ("big", ">"))
    for parametric in (False, True)
    for name, make in {
        "2.2": version_2,
        "4.0": lambda order, parametric: version_4(0, order, parametric),
        "4.1": lambda order, parametric: version_4(1, order, parametric),
        "4.1 in parts": lambda order, parametric: version_4(1, order, parametric, partitioned=True),
    }.items()
}


def edges(facets):
    return {tuple(sorted(edge)) for edge in facets.tolist()}


@pytest.mark.parametrize("file", FILES)
def test_every_version_holds_the_same(file):
    mesh = read_bytes(FILES[file], "a.msh")
    np.testing.assert_array_equal(mesh.points, np.array(NODES, float))
    assert [block.nodes.tolist() for block in mesh.cells if block.kind == "quad"] == [[list(cell) for cell in QUADS]]
    rim, hole = ({tuple(sorted(edge)) for edge in pairs} for pairs in (RIM, HOLE))
    found = {name: edges(facets) for name, facets in mesh.patches.items()}
    assert found == {"the hole": hole, "rim": rim, "also the rim": rim}
    np.testing.assert_allclose(np.ptp(Geometry.from_mesh(mesh, ["the hole"]).walls[0], axis=0), 0.2)


@pytest.mark.parametrize("file", FILES)
def test_what_breaks_off_or_goes_on_is_refused(file):
    data = FILES[file]
    for section in (b"Nodes", b"Elements"):
        at = data.index(b"$End" + section, 0) if b"$End" + section in data else data.index(b"$EndParametricNodes")
        for damaged in (data[: at - 9] + data[at:], data[:at] + b"7 7\n" + data[at:], data[:at]):
            with pytest.raises(MeshError, match=r"^a.msh: "):
                read_bytes(damaged, "a.msh")


@pytest.mark.parametrize("file", FILES)
def test_fields_are_added_behind_all_that_is_there(file, tmp_path):
    (tmp_path / "a.msh").write_bytes(FILES[file])
    mesh = read(tmp_path / "a.msh")
    values = np.array([1.5, 2, 3, np.nan, 5, 6, 7, 8])
    for fields in ({"T": values}, {"T": -values, "u": np.stack([values, values], axis=1)}):
        assert attach(tmp_path / "b.msh", mesh, fields) == ()
        assert (tmp_path / "b.msh").read_bytes().startswith(FILES[file])
        mesh = read(tmp_path / "b.msh")
        assert mesh.point_data.keys() == fields.keys()
        for name, expected in fields.items():
            np.testing.assert_array_equal(mesh.point_data[name], expected)


def test_a_partitioned_mesh_of_version_4_0_is_refused_by_that_name():
    with pytest.raises(MeshError, match="a partitioned mesh, which is read of version 4.1 only"):
        read_bytes(version_4(0, None, False, partitioned=True), "a.msh")


def test_nodal_data_of_some_nodes_and_of_the_last_step():
    data = version_4(1, None, False)
    for step in (1.5, 2.5):
        data += b'$NodeData\n1\n"T"\n1\n0.0\n3\n0\n1\n2\n1 %g\n900000000 7\n$EndNodeData\n' % step
    values = read_bytes(data, "a.msh").point_data["T"]
    assert values[0] == 2.5 and values[7] == 7 and np.isnan(values[1:7]).all()


def test_elements_of_nodes_that_are_not_there():
    data = version_4(1, None, False)
    with pytest.raises(MeshError, match="an element with node 71, which is not there"):
        read_bytes(data.replace(b"5 70\n", b"5 71\n").replace(b" 70 ", b" 71 "), "a.msh")
    with pytest.raises(MeshError, match="elements of the unknown type 333"):
        read_bytes(data.replace(b"2 1 3 4\n", b"2 1 333 4\n"), "a.msh")


def test_in_vtk_curves_and_surfaces_are_numbered_apart_too():
    cells = [(3, pair, 2) for pair in RIM] + [(3, pair, 1) for pair in HOLE] + [(9, quad, 1) for quad in QUADS]
    lines = ["# vtk DataFile Version 2.0", "x", "ASCII", "DATASET UNSTRUCTURED_GRID", "POINTS 8 double"]
    lines += [f"{x} {y} 0" for x, y in NODES] + [f"CELLS 12 {sum(1 + len(cell) for _, cell, _ in cells)}"]
    lines += [" ".join(map(str, (len(cell), *cell))) for _, cell, _ in cells]
    lines += ["CELL_TYPES 12", *(str(kind) for kind, _, _ in cells), "CELL_DATA 12"]
    lines += ["SCALARS CellEntityIds int 1", "LOOKUP_TABLE default", *(str(group) for _, _, group in cells)]
    patches = read_bytes("\n".join(lines).encode(), "a.vtk").patches
    assert {name: len(facets) for name, facets in patches.items()} == {"tag_1": 4, "tag_2": 4}
