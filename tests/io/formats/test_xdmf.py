"""XDMF with a document type, and with its arrays in another file."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.io import read, read_bytes, write_bytes
from enf2enf.mesh import CellBlock, Mesh

NODES = [(0, 0), (1, 0), (1, 1), (0, 1), (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
QUADS = [(1, 2, 6, 5), (2, 3, 7, 6), (3, 4, 8, 7), (4, 1, 5, 8)]


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


def array(values, kind="Float", precision=8, form=' Format="XML"'):
    values = np.asarray(values)
    text = " ".join(map(repr, values.ravel().tolist()))
    about = f'Dimensions="{" ".join(map(str, values.shape))}" NumberType="{kind}" Precision="{precision}"'
    return f"<DataItem {about}{form}>{text}</DataItem>"


CELLS = array(np.array(QUADS) - 1, "Int")
TOPOLOGY = f'<Topology TopologyType="Quadrilateral" NumberOfElements="4">{CELLS}</Topology>'
GEOMETRY = f'<Geometry GeometryType="XY">{array(np.array(NODES, float))}</Geometry>'
SHAPE = TOPOLOGY + GEOMETRY
REFERENCE = "<DataItem Reference='XML'>/Xdmf/Domain/DataItem[1]</DataItem>"
FAR = SHAPE.replace("0.4", "0.3")  # another hole
INCLUDE = '<xi:include xpointer="xpointer(//Grid/*[self::Topology or self::Geometry])"/>'


def values(k, name="p"):
    return f'<Attribute Name="{name}" AttributeType="Scalar" Center="Node">{array(k + np.arange(8.0))}</Attribute>'


def series(*grids, name="s"):
    inner = "".join(f'<Grid Name="g"><Time Value="{k}"/>{grid}</Grid>' for k, grid in enumerate(grids))
    return f'<Grid Name="{name}" GridType="Collection" CollectionType="Temporal">{inner}</Grid>'


def document(*parts, version="3.0"):
    head = f'<Xdmf Version="{version}" xmlns:xi="http://www.w3.org/2001/XInclude"><Domain>'
    return (head + "".join(parts) + "</Domain></Xdmf>").encode()


UNIFORM = f'<Grid Name="m" GridType="Uniform">{SHAPE}</Grid>'
WRITTEN = {
    "one grid": document(f"<Grid>{SHAPE}{values(7)}</Grid>"),
    "an older version": document(f"<Grid>{SHAPE}{values(7)}</Grid>", version="2.2"),
    "without Format": document(f"<Grid>{SHAPE}{values(7)}</Grid>".replace(' Format="XML"', "")),
    "in small letters": document(f"<Grid>{SHAPE.replace('Quadr', 'quadr').replace('XY', 'xy')}{values(7)}</Grid>"),
    "a mesh at every step": document(series(FAR + values(3), SHAPE + values(7))),
    "the first mesh at all steps": document(series(SHAPE + values(3), INCLUDE + values(5), INCLUDE + values(7))),
    "a mesh, then steps": document(UNIFORM, series(INCLUDE + values(3), INCLUDE + values(7))),
    "a mesh, then two fields": document(UNIFORM, series(INCLUDE + values(7)), series(INCLUDE + values(9, "q"))),
    "references": document(
        "<Information/>", CELLS, f"<Grid>{TOPOLOGY.replace(CELLS, REFERENCE)}{GEOMETRY}{values(7)}</Grid>"
    ),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_the_ways_of_writing_the_same_grid(way):
    mesh = read_bytes(WRITTEN[way], "a.xdmf")
    np.testing.assert_array_equal(mesh.points, NODES)
    np.testing.assert_array_equal(mesh.cells[0].nodes, np.array(QUADS) - 1)
    np.testing.assert_array_equal(mesh.point_data["p"], 7 + np.arange(8.0))
    assert ("q" in mesh.point_data) == ("two fields" in way)
    steps = {"a mesh at every step": 2, "the first mesh at all steps": 3, "a mesh, then steps": 2}.get(way)
    assert mesh.warnings == ((f"steps: expected one, got {steps}, of which the last is read",) if steps else ())


def test_values_that_are_no_plain_array_are_left_out_with_a_word():
    slab = '<Attribute Name="h"><DataItem ItemType="HyperSlab">1</DataItem></Attribute><Set Name="s"/>'
    mesh = read_bytes(document(f"<Grid>{SHAPE}{slab}{values(7)}</Grid>"), "a.xdmf")
    assert list(mesh.point_data) == ["p"]
    assert mesh.warnings == (
        "parts: expected values at nodes or cells in one array each, got 'Attribute h' and 1 more, left out",
    )


@pytest.mark.parametrize(
    "data, sentence",
    [
        (document(UNIFORM, UNIFORM), "expected one grid, got 2"),
        (document(f'<Grid GridType="Collection">{UNIFORM}{UNIFORM}</Grid>'), "a series in time, got 2 in a Collection"),
        (document(series(INCLUDE)), "a grid with Topology, got none"),
        (document(f"<Grid>{GEOMETRY}</Grid>"), "a grid with Topology, got none"),
        (document(UNIFORM.replace("Quadrilateral", "2DSMesh")), "Topology: expected one array, .*, got 2DSMesh"),
        (document(UNIFORM.replace("XY", "X_Y_Z")), "Geometry: expected one array, of type XY, XYZ, got X_Y_Z"),
        (document(UNIFORM.replace("<Topology", "<Topology BaseOffset='1'")), "counted from 0, .*, got BaseOffset"),
        (document(UNIFORM.replace("<Topology", "<Topology Reference='/Xdmf/x'")), "references within the document"),
        (document(series(INCLUDE.replace("xpointer=", "href='b.xdmf' xpointer="))), "to the file 'b.xdmf'"),
        (document("<Grid>" * 5000 + "</Grid>" * 5000), "grids nested more than 8 deep"),
        (document(f"<Grid>{SHAPE}<Attribute>{'<DataItem>' * 5000}{'</DataItem>' * 5000}</Attribute></Grid>"), "nested"),
        (document(UNIFORM)[:-9], "expected a complete XDMF file, got damaged"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(data, sentence):
    with pytest.raises(MeshError, match=rf"^a\.xdmf: .*{sentence}"):
        read_bytes(data, "a.xdmf")


CURVED = [  # of every quadratic kind one, as the specification numbers them, beside a point, a polyline and a polygon
    ("line3", 34, [0, 1, 4]), ("triangle6", 36, [0, 1, 2, 4, 5, 6]), ("quad8", 37, list(range(8))),
    ("quad9", 35, [*range(8), 8]), ("triangle", 4, [0, 1, 2]), ("quad", 5, [0, 1, 2, 3]), ("vertex", 1, [7]),
    ("line", 2, [3, 0]), ("polygon5", 3, [0, 1, 2, 6, 3]),
]  # fmt: skip
PLACES = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0.5, 0.1), (1.1, 0.5), (0.5, 0.9), (0.1, 0.5), (0.5, 0.5)])


@settings(max_examples=20, deadline=None)
@given(chosen=st.permutations(CURVED), count=st.integers(1, len(CURVED)))
def test_cells_of_several_kinds_are_numbered_as_the_specification_has_it(chosen, count):
    numbers = [n for kind, k, nodes in chosen[:count] for n in (k, *[len(nodes)] * (k < 4), *nodes)]
    mixed = f'<Topology TopologyType="Mixed" NumberOfElements="{count}">{array(numbers, "Int")}</Topology>'
    at_cells = f'<Attribute Name="c" Center="Cell">{array(np.arange(float(count)))}</Attribute>'
    shape = f'<Geometry GeometryType="XY">{array(PLACES)}</Geometry>'
    mesh = read_bytes(document(f"<Grid>{mixed}{shape}{at_cells}</Grid>"), "a.xdmf")
    found = {block.kind: block.nodes.tolist() for block in mesh.cells}
    assert found == {kind: [nodes] for kind, _, nodes in chosen[:count]}
    order = [block.kind for block in mesh.cells]
    assert mesh.cell_data["c"].tolist() == [[kind for kind, *_ in chosen].index(kind) for kind in order]


@settings(max_examples=20, deadline=None)
@given(chosen=st.lists(st.sampled_from(CURVED[:-1]), min_size=1, unique_by=lambda item: item[0]))
def test_what_is_written_of_quadratic_cells_is_read(chosen):
    cells = tuple(CellBlock(kind, np.array([nodes])) for kind, _, nodes in chosen)
    mesh = Mesh(PLACES, cells, {}, {"p": PLACES[:, 0]}, cell_data={"c": np.arange(float(len(cells)))})
    data = write_bytes(mesh, "xdmf")
    again = read_bytes(data, "xdmf")
    assert [(b.kind, b.nodes.tolist()) for b in again.cells] == [(b.kind, b.nodes.tolist()) for b in cells]
    assert again.cell_data["c"].tolist() == mesh.cell_data["c"].tolist()
    if len(chosen) > 1:
        wanted = [n for _, k, nodes in chosen for n in (k, *[len(nodes)] * (k < 4), *nodes)]
        text = re.search(rb"<Topology[^<>]*><DataItem[^<>]*>([^<>]*)", data)[1]
        assert list(map(int, text.split())) == wanted


@pytest.mark.parametrize("numbers", [[36, 0, 1, 2], [2], [2, -3, 0, 1], [1, 0], [99, 0, 1], [4, 0, 1, 9], [0]])
def test_cells_that_break_off_are_refused(numbers):
    mixed = f'<Topology TopologyType="Mixed">{array(numbers, "Int")}</Topology>'
    with pytest.raises(MeshError):
        read_bytes(document(f"<Grid>{mixed}{GEOMETRY}</Grid>"), "a.xdmf")
