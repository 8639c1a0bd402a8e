"""Walls that are parts of a boundary: a channel between its inlet and its outlet, whatever its walls look like."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enf2enf.errors import DatasetError, GeometryError, SchemaError
from enf2enf.geometry import Geometry
from enf2enf.geometry.arrays import GeometryArrays
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane.descriptors import descriptors
from enf2enf.geometry.plane.panels import PanelPlan
from enf2enf.geometry.plane.polygon import end_normals
from enf2enf.geometry.plane.runs import runs_of
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.nn.distance import from_wall, signed_distance

few = settings(max_examples=12, deadline=None)
WALLS = ("bottom", "top")
distances = jax.jit(jax.vmap(signed_distance, in_axes=(None, 0, None)))
directions = jax.jit(jax.vmap(from_wall, in_axes=(None, None, 0, None)))


def channel(bump: float = 0.2, place: float = 1.5, width: float = 0.3, along: int = 30, across: int = 6) -> Mesh:
    """A channel of 4 by 1 with a smooth bump on its lower wall, and its four patches."""
    x, share = np.linspace(0, 4, along + 1), np.linspace(0, 1, across + 1)
    floor = bump * np.exp(-(((x - place) / width) ** 2))[:, None]
    points = np.stack([np.repeat(x, across + 1), (floor + share * (1 - floor)).ravel()], axis=1)
    node = np.arange(len(points)).reshape(along + 1, across + 1)
    quads = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=2).reshape(-1, 4)
    lines = {"bottom": node[:, 0], "top": node[:, -1], "inlet": node[0], "outlet": node[-1]}
    patches = {name: np.stack([line[:-1], line[1:]], axis=1) for name, line in lines.items()}
    return Mesh(points, (CellBlock("quad", quads),), patches)


meshes = st.builds(
    channel, st.floats(-0.3, 0.6), st.floats(0.5, 3.5), st.floats(0.1, 0.6), st.integers(12, 60), st.integers(2, 9)
)


def turned(angle: float, mirror: bool = False) -> np.ndarray:
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.diag([1.0, -1.0]) @ axes if mirror else axes


def moved(mesh: Mesh, axes: np.ndarray, seed: int) -> Mesh:
    """The mesh in other axes, its nodes and cells in another order."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(mesh.points))
    place = np.argsort(order)
    cells = random.permutation(place[mesh.cells[0].nodes])
    patches = {name: random.permutation(place[edges]) for name, edges in mesh.patches.items()}
    return Mesh(mesh.points[order] @ axes.T, (CellBlock("quad", cells),), patches)


@few
@given(mesh=meshes)
def test_the_named_sides_are_the_walls(mesh):
    geometry = Geometry.from_mesh(mesh, WALLS)
    sides = WallSides.of(geometry)
    assert geometry.has_parts and geometry.ends and len(geometry.runs) == 2
    ends = {frozenset(map(tuple, side)) for side in sides.ends.round(9).tolist()}
    edges = np.concatenate([mesh.patches[name] for name in WALLS])
    assert ends == {frozenset(map(tuple, side)) for side in mesh.points[edges].round(9).tolist()}
    for wall in range(2):  # one after the other, from the inlet or from the outlet on
        own = sides.ends[sides.walls == wall]
        np.testing.assert_allclose(own[1:, 0], own[:-1, 1], atol=1e-12)
        assert {round(own[0, 0, 0]), round(own[-1, 1, 0])} == {0, 4}
    off = 1e-4 * sides.normals
    assert (geometry.signed_distance(sides.midpoints + off) > 0).all()
    assert (geometry.signed_distance(sides.midpoints - off) < 0).all()


@few
@given(mesh=meshes, x=st.floats(-1, 5), y=st.floats(-1, 2))
def test_distance_is_to_walls_alone_and_its_sign_is_of_the_domain(mesh, x, y):
    geometry, point = Geometry.from_mesh(mesh, WALLS), np.array([[x, y]])
    assume(min(abs(x), abs(x - 4)) > 1e-6)  # on open sides: see below
    edges = np.concatenate([mesh.patches[name] for name in WALLS])
    away = shapely.distance(shapely.multilinestrings(list(mesh.points[edges])), shapely.points(x, y))
    sign = 1 if shapely.contains_xy(shapely.Polygon(geometry.boundaries[0].vertices), x, y) else -1
    np.testing.assert_allclose(geometry.signed_distance(point)[0], sign * away, atol=1e-12)


@few
@given(
    mesh=meshes,
    angle=st.floats(0, 6.3),
    mirror=st.booleans(),
    seed=st.integers(0, 99),
    count=st.sampled_from([48, 131]),
)
def test_panels_move_with_the_channel_and_end_where_its_walls_do(mesh, angle, mirror, seed, count):
    axes = turned(angle, mirror)
    here = Geometry.from_mesh(mesh, WALLS).cut(count, Frame(np.zeros(2), np.eye(2), 1.0))
    there = Geometry.from_mesh(moved(mesh, axes, seed), WALLS).cut(count, Frame(np.zeros(2), axes.T, 1.0))
    np.testing.assert_allclose(there.ends, here.ends, atol=1e-9)
    np.testing.assert_array_equal(there.on_wall, here.on_wall)
    others = here.ends[~here.on_wall]
    assert np.isclose(others[..., 0], 0, atol=1e-12).all(axis=1).sum() + (others[..., 0] == 4).all(axis=1).sum() > 1
    assert np.isin(others[..., 0].round(9), [0, 4]).all()
    lengths = np.linalg.norm(np.diff(here.ends, axis=1)[:, 0], axis=1)
    np.testing.assert_allclose(
        lengths[~here.on_wall].sum(), 2 - mesh.points[[0, -mesh_across(mesh)], 1].sum(), atol=1e-9
    )


def mesh_across(mesh: Mesh) -> int:
    """Nodes of an inlet."""
    return len(mesh.patches["inlet"]) + 1


@few
@given(bump=st.floats(-0.3, 0.6), place=st.floats(0.5, 3.5), width=st.floats(0.1, 0.6), seed=st.integers(0, 99))
def test_the_network_measures_as_the_geometry_does(bump, place, width, seed):
    """On panels that are the sides of the polygon itself, as `Panels` has them."""
    boundary = Geometry.from_mesh(channel(bump, place, width), WALLS).boundaries[0]
    panels = np.stack([boundary.vertices, np.roll(boundary.vertices, -1, axis=0)], axis=1)
    points = np.random.default_rng(seed).uniform([-0.5, -0.5], [4.5, 1.5], (40, 2))
    exact = Geometry((boundary,)).signed_distance(points)
    given = jnp.asarray(panels, jnp.float32), jnp.asarray(points, jnp.float32), jnp.asarray(boundary.on_wall)
    normals = end_normals(boundary.vertices, np.ones(len(panels), bool))
    got = distances(*given)
    np.testing.assert_allclose(got, exact, atol=2e-6)
    away = directions(given[0], jnp.asarray(normals, jnp.float32), *given[1:])
    inside = exact > 1e-2
    foot = points - exact[:, None] * np.asarray(away)
    np.testing.assert_allclose(np.abs(Geometry((boundary,)).signed_distance(foot))[inside], 0, atol=2e-5)


@few
@given(mesh=meshes)
def test_it_survives_every_way_it_travels(mesh):
    geometry = Geometry.from_mesh(mesh, WALLS)
    for again in (GeometryArrays.of(geometry).geometry(), Geometry.from_mesh(geometry.to_mesh(), ["walls"])):
        assert [part.role for part in again.boundaries[0].parts].count("wall") >= 2
        np.testing.assert_array_equal(again.panels(64), geometry.panels(64))
        np.testing.assert_array_equal(again.boundaries[0].on_wall, geometry.boundaries[0].on_wall)
    plan = geometry.plan(64)
    for axes in (turned(0.3), turned(2.0, True)):
        one, other = plan.cut(axes), PanelPlan.from_arrays(plan.to_arrays()).cut(axes)
        np.testing.assert_array_equal(one.ends, other.ends)
        np.testing.assert_array_equal(one.on_wall, other.on_wall)


@given(st.lists(st.booleans(), min_size=3, max_size=30).filter(any))
def test_runs_are_all_walls_once_and_follow_each_other(on_wall):
    runs = runs_of(0, np.array(on_wall))
    sides = np.concatenate([run.sides for run in runs])
    assert sorted(sides.tolist()) == np.flatnonzero(on_wall).tolist()
    for run in runs:
        assert (np.diff(run.sides) % len(on_wall) == 1).all()
        after = (run.sides[-1] + 1) % len(on_wall)
        assert all(on_wall) or not on_wall[after]


def test_a_body_within_a_channel_is_a_wall_of_its_own():
    angle = 2 * np.pi * np.arange(40) / 40
    body = np.array([2.0, 0.5]) + 0.2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    around = Geometry.from_mesh(channel(), WALLS).boundaries[0]
    geometry = Geometry((around, *Geometry.of([body]).boundaries))
    assert [len(run.sides) for run in geometry.runs] == [30, 30, 40]
    assert geometry.signed_distance(np.array([[2.0, 0.5]]))[0] < 0 < geometry.signed_distance(np.array([[2.0, 0.8]]))[0]


def test_a_half_wall_of_a_body_stays_on_its_left():
    """A hole of which one half is a wall: distances are to that half."""
    angle = 2 * np.pi * np.arange(64) / 64
    hole = np.array([0.5, 0.5]) + 0.2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    points = np.concatenate([hole, square])
    ring = lambda first, count: first + np.stack([np.arange(count), (np.arange(count) + 1) % count], axis=1)  # noqa: E731
    mesh = Mesh(points, (CellBlock("line", np.concatenate([ring(0, 64), ring(64, 4)])),), {"half": ring(0, 64)[:32]})
    geometry = Geometry.from_mesh(mesh, ["half"])
    below, above = geometry.signed_distance(np.array([[0.5, 0.2], [0.5, 0.8]]))
    np.testing.assert_allclose(above, 0.1, atol=1e-3)
    np.testing.assert_allclose(below, np.hypot(0.2, 0.3), atol=1e-3)


def test_which_sides_are_walls_is_told_in_numbers():
    """However they are turned; by which a channel with other walls is found unlike those that were learnt from."""
    mesh = channel()
    for axes in (turned(0.0), turned(1.0), turned(2.0, True)):
        there = Mesh(mesh.points @ axes.T, mesh.cells, mesh.patches)
        found = {
            walls: descriptors(Geometry.from_mesh(there, walls), 0.5)
            for walls in (WALLS, ("bottom",), ("inlet", "outlet"), ("inlet", *WALLS), ("inlet", "outlet", *WALLS))
        }
        bottom = np.linalg.norm(np.diff(mesh.points[mesh.patches["bottom"]], axis=1), axis=2).sum()
        inlet, outlet = (np.ptp(mesh.points[mesh.patches[name], 1]) for name in ("inlet", "outlet"))
        ends = inlet + outlet
        expected = [(2, ends), (1, 4 + ends), (2, 4 + bottom), (1, outlet), (1, None)]
        for numbers, (bodies, sides) in zip(found.values(), expected, strict=True):
            assert numbers["bodies"] == bodies
            np.testing.assert_allclose(numbers.get("open", np.nan), np.nan if sides is None else 2 * sides)


def test_who_was_trained_on_whole_loops_refuses_parts(surrogate):
    with pytest.raises(
        GeometryError, match="whole closed loops, as in the training data, got 60 of 72 sides of a loop"
    ):
        surrogate.encode(channel(), walls=WALLS)


def test_a_far_boundary_has_no_parts():
    with pytest.raises(GeometryError, match="whole closed loops where the outer boundary is far"):
        Geometry.from_mesh(channel(), WALLS, outer_is_far=True)
    from enf2enf.schema import Quantity, Schema

    with pytest.raises(SchemaError, match="open_walls: expected false where the outer boundary is far, got true"):
        Schema(2, (), (Quantity("p"),), outer_is_far=True, open_walls=True)


def test_a_data_set_must_say_so():
    from enf2enf.data.case import Case
    from enf2enf.data.trainable import check_case
    from enf2enf.field import Field
    from enf2enf.schema import Quantity, Schema

    mesh, schema = channel(), Schema(2, (), (Quantity("p"),))
    field = Field(mesh.points, {"p": mesh.points[:, 0]})
    case = Case(Geometry.from_mesh(mesh, WALLS), {}, field, "one", None)
    with pytest.raises(DatasetError, match="walls: expected whole closed loops, or open_walls in the schema"):
        check_case(case, schema)
    check_case(case, dataclasses.replace(schema, open_walls=True))
