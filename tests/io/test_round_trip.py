"""Every format gives back what it was given, over families of plane meshes."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes, write, write_bytes
from enf2enf.io.formats import FORMATS
from enf2enf.mesh import CellBlock, Mesh

SURFACE = [name for name in FORMATS if name != "csv"]
QUADRATIC = [name for name, format_ in FORMATS.items() if "quad8" in format_.kinds]
names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)


def meshes(*kinds: str):
    """Parameters of `ring`; the mesh itself is made in the test, for its run-time checks draw random numbers."""
    return st.fixed_dictionaries(
        {
            "count": st.integers(6, 14),
            "layers": st.integers(2, 4),
            "seed": st.integers(0, 2**31),
            "size": st.sampled_from([1e-3, 1.0, 300.0]),
            "kind": st.sampled_from(kinds),
            "names": st.lists(names, min_size=3, max_size=3, unique=True),
        }
    )


def ring(count: int, layers: int, seed: int, size: float, kind: str, names: list[str]) -> Mesh:
    """A ring of cells around a void, somewhere, with patches and fields."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(count) / count
    reach = np.linspace(1, 2, layers)[:, None] * rng.uniform(0.9, 1.1, count)
    points = (reach[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)).reshape(-1, 2)
    points = points * size + rng.uniform(-5, 5, 2)
    here, ahead = np.arange(count), np.roll(np.arange(count), -1)
    quads = np.concatenate(
        [np.stack([k + here, k + count + here, k + count + ahead, k + ahead], 1) for k in count * np.arange(layers - 1)]
    )
    split = {"triangle": len(quads), "quad": 0, "mixed": len(quads) // 2}[kind]
    triangles = np.concatenate([quads[:split, [0, 1, 2]], quads[:split, [0, 2, 3]]])
    cells = (("triangle", triangles), ("quad", quads[split:]))
    inner, outer = np.stack([here, ahead], 1), np.stack([here, ahead], 1) + count * (layers - 1)
    wall, inlet, outlet = names
    return Mesh(
        points,
        tuple(CellBlock(kind, nodes) for kind, nodes in cells if len(nodes)),
        {wall: inner, inlet: outer[:2], outlet: outer[3:5]},
        {"pressure": rng.normal(size=len(points)), "velocity": rng.normal(size=(len(points), 2))},
    )


def fitted(mesh: Mesh, name: str) -> Mesh:
    """The mesh without the fields that a format refuses."""
    fields = dict(mesh.point_data) if FORMATS[name].fields else {}
    if name == "ply":
        del fields["velocity"]
    return dataclasses.replace(mesh, point_data=fields)


def assert_same(got: Mesh, mesh: Mesh, atol: float = 0.0) -> None:
    np.testing.assert_allclose(got.points, mesh.points, rtol=0, atol=atol)
    blocks = {block.kind: block.nodes for block in got.cells}
    for block in mesh.cells:
        np.testing.assert_array_equal(blocks[block.kind], block.nodes)
    assert got.point_data.keys() == mesh.point_data.keys()
    for name, values in mesh.point_data.items():
        np.testing.assert_array_equal(got.point_data[name], values)


def ends(lines: np.ndarray) -> set:
    return {tuple(sorted(map(tuple, line))) for line in lines.round(9).tolist()}


def edges(facets: np.ndarray) -> set:
    return {tuple(sorted(edge)) for edge in facets.tolist()}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SURFACE if name != "stl"])
@settings(max_examples=6, deadline=None)
@given(parameters=meshes("triangle", "quad", "mixed"))
def test_read_gives_back_what_was_written(name, parameters):
    mesh = fitted(ring(**parameters), name)
    data = write_bytes(mesh, name)
    assert data == write_bytes(mesh, name)
    got = read_bytes(data, f"any{FORMATS[name].extensions[0]}")
    extent = float(np.ptp(mesh.points))
    # Nastran has 16 characters a coordinate. measured 4e-11 of the extent
    assert_same(got, mesh, atol=1e-9 * max(extent, 5) if name == "nastran" else 0.0)
    if FORMATS[name].patches:
        assert {key: edges(facets) for key, facets in got.patches.items()} == {
            key: edges(facets) for key, facets in mesh.patches.items()
        }
    else:
        assert not got.patches
    again = read_bytes(write_bytes(got, name), name)
    assert [block.kind for block in again.cells] == [block.kind for block in got.cells]


@settings(max_examples=10, deadline=None)
@given(parameters=meshes("triangle"))
def test_stl_gives_back_the_triangles(parameters):
    mesh = ring(**parameters)
    got = read_bytes(write_bytes(fitted(mesh, "stl"), "stl"), "stl")
    np.testing.assert_array_equal(got.points[got.cells[0].nodes], mesh.points[mesh.cells[0].nodes])
    assert len(got.points) == len(mesh.points)  # corners that coincide are one node


@pytest.mark.parametrize("name", QUADRATIC)
def test_mid_side_nodes_survive(name):
    ring = np.array([[1.0, 0], [2, 0], [2, 1], [1, 1], [1.5, 0.1], [2.1, 0.5], [1.5, 0.9], [1.1, 0.5], [3, 0.5]])
    more = np.array([[2.5, 0.1], [2.6, 0.8]])
    cells = (CellBlock("quad8", np.arange(8)[None]), CellBlock("triangle6", np.array([[1, 8, 2, 9, 10, 5]])))
    mesh = Mesh(np.concatenate([ring, more]), cells, {"left": np.array([[3, 0]])})
    got = read_bytes(write_bytes(mesh, name), name)
    assert_same(got, mesh, atol=1e-12)
    assert edges(got.patches["left"]) == {(0, 3)}


@settings(max_examples=10, deadline=None)
@given(parameters=meshes("triangle"), name=st.sampled_from(SURFACE))
def test_the_geometry_does_not_know_the_format(parameters, name):
    mesh = ring(**parameters)
    got = Geometry.from_mesh(read_bytes(write_bytes(fitted(mesh, name), name), name))
    expected = Geometry.from_mesh(mesh)
    np.testing.assert_allclose(got.panels(50), expected.panels(50), atol=1e-9 * max(expected.extent, 5))


@pytest.mark.parametrize("name", ["vtu", "vtk", "gmsh", "med", "xdmf", "abaqus", "nastran", "cgns", "csv"])
def test_bare_curves_survive(name):
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    points = np.concatenate([square, 0.4 + 0.2 * square])
    nodes = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4]])
    mesh = Mesh(points, (CellBlock("line", nodes),), {"body": nodes[4:]})
    got = read_bytes(write_bytes(mesh, name), name)
    assert ends(got.points[got.patches["body"]]) == ends(points[nodes[4:]])
    assert set(got.patches) == {"body"} | ({"tag_2"} if name == "nastran" else set())  # where each has a property
    assert Geometry.from_mesh(got, ["body"]).extent == pytest.approx(1)


def test_what_a_format_cannot_hold_is_refused():
    mesh = Mesh(np.eye(3)[:, :2], (CellBlock("triangle", np.array([[0, 1, 2]])),), {}, {"v": np.ones((3, 2))})
    with pytest.raises(MeshError, match=r"^out.stl: expected a format that carries nodal fields \(vtu, .*\), got stl$"):
        write("out.stl", mesh)
    with pytest.raises(MeshError, match="expected scalar fields, PLY carries no vectors, got 'v'"):
        write_bytes(mesh, "ply")
    quad = Mesh(np.eye(4)[:, :2] + [0.0, 1], (CellBlock("quad", np.array([[0, 1, 2, 3]])),))
    with pytest.raises(MeshError, match="expected cells among triangle, got quad cells"):
        write_bytes(quad, "stl")
    with pytest.raises(MeshError, match="out.step: expected a mesh in one of the formats"):
        write("out.step", mesh)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    mesh = Mesh(np.eye(3)[:, :2], (CellBlock("triangle", np.array([[0, 1, 2]])),))
    path = tmp_path / "a.vtu"
    write(path, mesh)
    before = path.read_bytes()
    assert before == write_bytes(mesh, "vtu")
    with pytest.raises(MeshError):
        write(path, dataclasses.replace(mesh, cells=(CellBlock("no such kind", mesh.cells[0].nodes),)))
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["a.vtu"]
    assert_same(read(path), mesh)
    with pytest.raises(MeshError, match="expected a place to write to, got"):
        write(tmp_path / "nowhere" / "a.vtu", mesh)


@pytest.mark.parametrize("name", ["vtu", "vtk", "gmsh", "med", "cgns"])
def test_volumes_survive(name):
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    mesh = Mesh(points, (CellBlock("tetra", np.array([[0, 1, 2, 3]])),), {}, {"u": points})
    assert_same(read_bytes(write_bytes(mesh, name), name), mesh)


def test_units():
    mesh = Mesh(np.eye(3)[:, :2], (CellBlock("triangle", np.array([[0, 1, 2]])),))
    assert mesh.scaled("in").points.max() == 0.0254
    with pytest.raises(MeshError, match="length unit: expected one of m, mm, .*, got 'furlong'"):
        mesh.scaled("furlong")
