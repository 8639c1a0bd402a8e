"""Neighbouring cells with nodes of their own: refused for that cause, joined on request, over families of rings."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import GeometryError, MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, write
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.mesh.doubled import merged

SHARED = (
    r"^cells: expected neighbours that share their nodes \(reading with merge=TOLERANCE .*\), got \d+ edges that lie"
)


def ring(count, layers, turn, size):
    """Quadrilaterals from a void to the outside, with a field and two patches."""
    angle = turn + 2 * np.pi * np.arange(count) / count
    reach = size * np.linspace(1, 2, layers)
    points = (reach[:, None, None] * np.stack([np.cos(angle), 0.7 * np.sin(angle)], axis=1)).reshape(-1, 2) + 3 * size
    here, ahead = np.arange(count), np.roll(np.arange(count), -1)
    quads = [
        np.stack([k + here, k + count + here, k + count + ahead, k + ahead], 1) for k in count * np.arange(layers - 1)
    ]
    inner = np.stack([here, ahead], axis=1)
    patches = {"void": inner, "rim": inner + count * (layers - 1)}
    return Mesh(points, (CellBlock("quad", np.concatenate(quads)),), patches, {"p": np.arange(float(len(points)))})


def torn(mesh, count, way):
    """The ring with nodes of their own for every cell, on both sides of its second circle, or along a ray."""
    quads = mesh.cells[0].nodes
    if way == "every cell":
        nodes = quads.ravel()
        return Mesh(mesh.points[nodes], (CellBlock("quad", np.arange(len(nodes)).reshape(-1, 4)),))
    if way == "interface":
        twice, beyond = np.arange(count, 2 * count), (quads >= count).all(axis=1)
    else:
        twice, beyond = np.arange(0, len(mesh.points), count), np.arange(len(quads)) % count == count - 1
    place = np.arange(len(mesh.points))
    place[twice] = len(mesh.points) + np.arange(len(twice))
    quads = np.where(beyond[:, None] & np.isin(quads, twice), place[quads], quads)
    return Mesh(np.concatenate([mesh.points, mesh.points[twice]]), (CellBlock("quad", quads),))


WAYS = ["every cell", "interface", "cut"]
rings = st.fixed_dictionaries({
    "count": st.integers(6, 20), "layers": st.integers(3, 5),
    "turn": st.floats(0, 6.28), "size": st.sampled_from([1e-3, 1.0, 400.0]),
})  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=12, deadline=None)
@given(parameters=rings, noise=st.sampled_from([0.0, 1e-15, 1e-8]), seed=st.integers(0, 99))
def test_they_are_told_and_joined(way, parameters, noise, seed):
    whole = ring(**parameters)
    mesh = torn(whole, parameters["count"], way)
    shift = noise * parameters["size"] * np.random.default_rng(seed).uniform(-1, 1, mesh.points.shape)
    mesh = dataclasses.replace(mesh, points=mesh.points + shift)
    with pytest.raises(GeometryError, match=SHARED):
        Geometry.from_mesh(mesh)
    got = merged(mesh, 1e-6 * parameters["size"])
    assert len(got.points) == len(whole.points) and got.cell_count == whole.cell_count
    expected, found = (Geometry.from_mesh(each) for each in (whole, got))
    np.testing.assert_allclose(found.panels(40), expected.panels(40), atol=1e-6 * parameters["size"])
    np.testing.assert_allclose(found.outer.min(axis=0), expected.outer.min(axis=0), atol=1e-6 * parameters["size"])


@settings(max_examples=12, deadline=None)
@given(parameters=rings)
def test_what_shares_its_nodes_already_stays_as_it_is(parameters):
    mesh = ring(**parameters)
    got = merged(mesh, 1e-6 * parameters["size"])
    np.testing.assert_array_equal(got.points, mesh.points)
    np.testing.assert_array_equal(got.cells[0].nodes, mesh.cells[0].nodes)
    np.testing.assert_array_equal(got.point_data["p"], mesh.point_data["p"])
    for name, facets in mesh.patches.items():
        np.testing.assert_array_equal(got.patches[name], facets)


def test_a_file_is_read_with_its_nodes_joined(tmp_path):
    whole = ring(12, 4, 0.3, 1.0)
    write(tmp_path / "a.vtu", torn(whole, 12, "interface"))
    assert len(Geometry.from_mesh(read(tmp_path / "a.vtu", merge=1e-6)).walls) == 1
    with pytest.raises(GeometryError, match="got 12 edges that lie on others between different nodes, the first at"):
        Geometry.from_mesh(read(tmp_path / "a.vtu"))


def ellipse(count, turn):
    angle = turn + 2 * np.pi * np.arange(count) / count
    return 3 + np.stack([np.cos(angle), 0.3 * np.sin(angle)], axis=1)


@pytest.mark.parametrize("kind", ["line", "line3"])
@settings(max_examples=20, deadline=None)
@given(count=st.integers(6, 40), turn=st.floats(0, 6.28), seed=st.integers(0, 99), noise=st.sampled_from([0.0, 1e-13]))
def test_sides_of_curves_between_nodes_that_become_one_are_left_out(kind, count, turn, seed, noise):
    """Some points of a curve come again, up to three times in a row."""
    random, curve = np.random.default_rng(seed), ellipse(count, turn)
    corners = np.repeat(np.arange(count), random.permutation([2, 3, *random.integers(1, 4, count - 2)]))
    nodes, points = np.arange(len(corners)), curve[corners] + noise * random.uniform(-1, 1, (len(corners), 2))
    middles = (points + np.roll(points, -1, axis=0)) / 2
    ends = np.stack([nodes, np.roll(nodes, -1)], axis=1)
    sides = ends if kind == "line" else np.column_stack([ends, len(nodes) + nodes])
    length = np.hypot(*(curve[corners[ends[:, 0]]] - curve[corners[ends[:, 1]]]).T)
    mesh = Mesh(
        np.concatenate([points, middles]), (CellBlock(kind, sides),), {"wall": ends}, cell_data={"length": length}
    )
    with pytest.raises(GeometryError, match="duplicated"):
        Geometry.from_mesh(mesh, ["wall"])
    got = merged(mesh, 1e-6)
    assert got.cell_count == len(got.patches["wall"]) == count
    np.testing.assert_array_equal(got.cell_data["length"], length[length > 0])
    wall = Geometry.from_mesh(got, ["wall"]).walls[0]
    assert len(wall) == count * len(sides[0]) - count
    assert all(np.hypot(*(wall - point).T).min() < 1e-9 for point in curve)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, float("nan"), 0.4, float("inf")])
def test_a_tolerance_that_would_join_the_nodes_of_a_cell_is_refused(tolerance):
    with pytest.raises(MeshError, match=r"^merge: expected a tolerance .* below the shortest edge, 0\.\d+, got"):
        merged(ring(12, 4, 0.3, 1.0), tolerance)


def test_walls_close_to_each_other_are_no_doubled_nodes():
    """A void so thin that its two sides nearly lie on each other, at 1e-7 of the extent."""
    mesh = ring(12, 4, 0.0, 1.0)
    points = mesh.points.copy()
    points[:12, 1] = 3 + 1e-7 * (points[:12, 1] - 3)
    assert len(Geometry.from_mesh(dataclasses.replace(mesh, points=points)).walls) == 1
