"""Geometry against exact answers, over families of bodies: smooth, moved far away, stored any way round."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.mesh import CellBlock, Mesh

SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
few = settings(max_examples=15, deadline=None)


def star(seed: int, count: int, radius: float = 0.25, centre=(0.5, 0.5)) -> np.ndarray:
    """A smooth star-shaped curve, counter-clockwise."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(count) / count
    waves = np.arange(2, 5)[:, None]
    a, b = rng.normal(size=(2, 3, 1)) * 0.06
    length = radius * (1 + (a * np.cos(waves * angle) + b * np.sin(waves * angle)).sum(axis=0))
    return np.array(centre) + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def cell(void: np.ndarray, layers: int = 4, kind: str = "triangle") -> Mesh:
    """The unit square around a void, meshed on rays from its boundary."""
    ray = (void - 0.5) / np.abs(void - 0.5).max(axis=1, keepdims=True)
    points = np.concatenate([void + s * (0.5 + 0.5 * ray - void) for s in np.linspace(0, 1, layers)])
    n = len(void)
    here, ahead = np.arange(n), np.roll(np.arange(n), -1)
    quads = [np.stack([k + here, k + n + here, k + n + ahead, k + ahead], 1) for k in n * np.arange(layers - 1)]
    nodes = np.concatenate(quads)
    if kind == "triangle":
        nodes = np.concatenate([nodes[:, [0, 1, 2]], nodes[:, [0, 2, 3]]])
    patches = {"void": np.stack([here, ahead], 1), "rim": np.stack([here, ahead], 1) + n * (layers - 1)}
    return Mesh(points, (CellBlock(kind, nodes),), patches)


def quadratic(mesh: Mesh) -> Mesh:
    """The same mesh with mid-side nodes."""
    nodes = mesh.cells[0].nodes
    sides = np.stack([nodes, np.roll(nodes, -1, axis=1)], axis=2).reshape(-1, 2)
    ends, which = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    middles = len(mesh.points) + which.reshape(nodes.shape)
    kind = {"triangle": "triangle6", "quad": "quad8"}[mesh.cells[0].kind]
    points = np.concatenate([mesh.points, mesh.points[ends].mean(axis=1)])
    return Mesh(points, (CellBlock(kind, np.concatenate([nodes, middles], axis=1)),), mesh.patches)


stars = st.builds(star, seed=st.integers(0, 2**31), count=st.integers(40, 130))


def test_a_mesh_may_have_its_cells_in_several_blocks_of_a_kind():
    mesh = cell(star(1, 40))
    nodes = mesh.cells[0].nodes
    halves = CellBlock("triangle", nodes[:99]), CellBlock("triangle", nodes[99:])
    one, other = Geometry.from_mesh(mesh), Geometry.from_mesh(dataclasses.replace(mesh, cells=halves))
    np.testing.assert_allclose(other.panels(48), one.panels(48), atol=1e-12)


@few
@given(void=stars, kind=st.sampled_from(["triangle", "quad"]))
def test_a_mesh_and_its_curves_are_one_geometry(void, kind):
    mesh = cell(void, kind=kind)
    corners = np.abs(mesh.points[-len(void) :] - 0.5)
    rim = mesh.points[-len(void) :]
    assert corners.max() == pytest.approx(0.5)
    for geometry in (Geometry.from_mesh(mesh), Geometry.from_mesh(mesh, ["void"]), Geometry.from_curves([rim, void])):
        np.testing.assert_allclose(np.sort(geometry.walls[0], axis=0), np.sort(void, axis=0), atol=0)
        np.testing.assert_allclose(geometry.bounds, [[0, 0], [1, 1]], atol=0.02)
        assert len(geometry.walls) == 1 and len(geometry.outer) == len(void)
    curved = Geometry.from_mesh(quadratic(mesh))
    assert len(curved.walls[0]) == 2 * len(void)


@few
@given(
    seed=st.integers(0, 2**31),
    shifts=st.lists(st.integers(0, 200), min_size=3, max_size=3),
    flips=st.lists(st.booleans(), min_size=3, max_size=3),
    order=st.permutations(range(3)),
    count=st.integers(9, 200),
)
def test_facets_do_not_know_how_loops_were_stored(seed, shifts, flips, order, count):
    centres = [(0.25, 0.3), (0.7, 0.3), (0.5, 0.75)]
    bodies = [star(seed + k, 60, 0.1, centre) for k, centre in enumerate(centres)]
    stored = [
        np.roll(body, shift, axis=0)[:: -1 if flip else 1]
        for body, shift, flip in zip(bodies, shifts, flips, strict=True)
    ]
    expected = Geometry.of(tuple(bodies), SQUARE).panels(count)
    got = Geometry.of(tuple(stored[k] for k in order), SQUARE[::-1]).panels(count)
    assert expected.shape == (count, 2, 2)
    np.testing.assert_allclose(got, expected, atol=1e-12)  # measured 4e-16


def test_equal_bodies_get_the_same_facets_in_any_order():
    bodies = [star(3, 50, 0.1, centre) for centre in [(0.2, 0.2), (0.8, 0.2), (0.5, 0.8)]]
    expected = Geometry.of(tuple(bodies)).panels(64)  # 64 are not to be shared by three: one body gets one more
    for order, far in itertools.product(itertools.permutations(bodies), [(0, 0), (1e5, 3e4), (-7e5, 1e3), (2e3, -9e5)]):
        moved = Geometry.of(tuple(body + np.array(far) for body in order))
        np.testing.assert_allclose(moved.panels(64) - far, expected, atol=1e-9)  # measured 2e-10


@few
@given(shift=st.integers(0, 40), order=st.booleans(), far=st.tuples(*[st.floats(-1e6, 1e6)] * 2))
def test_walls_around_one_centre_are_told_apart_by_their_size(shift, order, far):
    """A cylinder in a square wall: where their centres differ is a matter of rounding."""
    angle = 2 * np.pi * np.arange(40) / 40
    circle = 0.5 + 0.2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    expected = Geometry.of((circle, SQUARE), SQUARE).panels(96)
    walls = (np.roll(circle, shift, axis=0) + np.array(far), SQUARE + np.array(far))
    got = Geometry.of(walls[:: -1 if order else 1], SQUARE + np.array(far)).panels(96)
    np.testing.assert_allclose(got - far, expected, atol=1e-9)


@few
@given(void=stars, count=st.integers(3, 300))
def test_facets_close_up_and_keep_the_length(void, count):
    geometry = Geometry.of((void,), SQUARE)
    panels = geometry.panels(count)
    np.testing.assert_array_equal(panels[:, 1], np.roll(panels[:, 0], -1, axis=0))
    along = panels[:, 1] - panels[:, 0]
    right = np.stack([along[:, 1], -along[:, 0]], axis=1)
    centre = panels.mean(axis=(0, 1))
    if count >= 60:
        perimeter = np.linalg.norm(np.roll(void, -1, axis=0) - void, axis=1).sum()
        assert np.linalg.norm(along, axis=1).sum() == pytest.approx(perimeter, rel=0.02)  # measured 0.004
        assert ((panels[:, 0] - centre) * right).sum(axis=1).min() > 0  # the body is on the left


@few
@given(void=stars, far=st.tuples(*[st.floats(-1e6, 1e6)] * 2), seed=st.integers(0, 99))
def test_a_body_a_million_lengths_away_is_the_same_body(void, far, seed):
    mesh, far = cell(void), np.array(far)
    there = Geometry.from_mesh(dataclasses.replace(mesh, points=mesh.points + far))
    here = Geometry.from_mesh(mesh)
    points = np.random.default_rng(seed).uniform(-0.1, 1.1, (500, 2))
    moved = points + far
    points = moved - far  # the rounding of the coordinates themselves is not ours
    np.testing.assert_allclose(there.signed_distance(moved), here.signed_distance(points), atol=1e-9)  # measured 8e-11
    np.testing.assert_allclose(there.panels(64) - far, here.panels(64), atol=1e-9)  # measured 1.5e-10
    np.testing.assert_allclose(there.normals[0], here.normals[0], atol=1e-6)  # measured 4e-9
    clear = np.abs(here.signed_distance(points)) > 0.01
    np.testing.assert_array_equal(there.contains(moved)[clear], here.contains(points)[clear])


def test_a_small_body_far_away_is_still_a_body():
    body = star(1, 60, 0.0005)
    for far in np.random.default_rng(0).uniform(-1e6, 1e6, (20, 2)):
        geometry = Geometry.of((body + far,), SQUARE + far)
        assert geometry.signed_distance(np.array([[0.5, 0.5]]) + far) < 0
        assert geometry.contains(np.array([[0.2, 0.5]]) + far)


def test_signed_distance_of_a_circle_is_exact():
    angle = 2 * np.pi * np.arange(4000) / 4000
    geometry = Geometry.of((0.3 * np.stack([np.cos(angle), np.sin(angle)], axis=1),))
    points = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    exact = np.linalg.norm(points, axis=1) - 0.3
    np.testing.assert_allclose(geometry.signed_distance(points), exact, atol=2e-7)  # measured 9.3e-8, the sagitta


def test_signed_distance_of_a_square_is_exact():
    geometry = Geometry.of((SQUARE,))
    points = np.random.default_rng(1).uniform(-2, 3, (2000, 2))
    beyond = np.abs(points - 0.5) - 0.5
    outside = np.linalg.norm(np.maximum(beyond, 0), axis=1)
    exact = outside + np.minimum(beyond.max(axis=1), 0)
    np.testing.assert_allclose(geometry.signed_distance(points), exact, atol=1e-14)  # measured 4e-16


@few
@given(seed=st.integers(0, 2**31))
def test_distance_grows_along_the_normals(seed):
    void = star(seed, 130)
    geometry = Geometry.of((void[::-1],), SQUARE)
    normals, wall = geometry.normals[0], geometry.walls[0]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-14)
    off = 1e-3
    assert geometry.signed_distance(wall + off * normals).min() > 0.9 * off  # measured 0.993
    assert geometry.signed_distance(wall - off * normals).max() < -0.9 * off  # measured -0.994
    step = 1e-6
    from_wall = wall + 5e-4 * normals
    pairs = [(from_wall + step * axis, from_wall - step * axis) for axis in np.eye(2)]
    gradient = np.stack([(geometry.signed_distance(a) - geometry.signed_distance(b)) / (2 * step) for a, b in pairs], 1)
    assert (gradient * normals).sum(axis=1).min() > 0.95  # measured 0.980, in a sharp bend


@few
@given(seed=st.integers(0, 2**31))
def test_normals_of_a_circle_are_exact_on_any_spacing(seed):
    rng = np.random.default_rng(seed)
    angle = np.sort(2 * np.pi * (np.arange(200) + rng.uniform(-0.35, 0.35, 200)) / 200)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert np.abs(Geometry.of((circle,)).normals[0] - circle).max() < 1e-12  # measured 2e-14


@few
@given(seed=st.integers(0, 2**31))
def test_the_curve_behind_a_polygon_is_contained(seed):
    coarse, fine = star(seed, 120), star(seed, 7200)
    geometry = Geometry.of((coarse,), SQUARE)
    assert geometry.contains(fine).all()
    assert geometry.contains(coarse).all() and geometry.contains(SQUARE).all()
    spacing = np.linalg.norm(np.roll(coarse, -1, axis=0) - coarse, axis=1).min()
    inward = coarse - 0.5 * spacing * geometry.normals[0]
    assert not geometry.contains(inward).any()
    outside = np.array([[1.02, 0.5], [0.5, -0.02], [np.nan, 0.2], [0.5, np.inf], [0.5, 0.5]])
    assert not geometry.contains(outside).any()


def test_a_wall_may_enclose_the_domain():
    mesh = cell(star(5, 60))
    geometry = Geometry.from_mesh(mesh, ["void", "rim"])
    points = np.array([[0.01, 0.5], [-0.1, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(geometry.signed_distance(points)[:2], [0.01, -0.1], atol=1e-12)
    np.testing.assert_array_equal(geometry.contains(points), [True, False, False])
    rim = next(k for k, wall in enumerate(geometry.walls) if np.ptp(wall) > 0.99)
    inward = (0.5 - geometry.walls[rim]) * geometry.normals[rim]
    assert inward.sum(axis=1).min() > 0


def test_bare_curves_without_a_surrounding_one_are_all_walls():
    geometry = Geometry.from_curves([star(1, 40, 0.1, (0.2, 0.2)), star(2, 40, 0.1, (0.8, 0.8))])
    assert len(geometry.walls) == 2 and geometry.outer is None
    assert geometry.contains(np.array([[50.0, 50.0]])).all()
    assert Geometry.from_curves([SQUARE]).extent == pytest.approx(np.sqrt(2))  # of the circle around it


def test_nodes_of_no_cell_do_not_disturb_the_boundary():
    mesh = cell(star(5, 60))
    more = dataclasses.replace(mesh, points=np.concatenate([mesh.points, [[0.5, 0.5], [7.0, 7.0]]]))
    np.testing.assert_array_equal(Geometry.from_mesh(more).walls[0], Geometry.from_mesh(mesh).walls[0])
    assert Geometry.from_mesh(more).extent == Geometry.from_mesh(mesh).extent


def mesh_of(points, *nodes, kind="triangle") -> Mesh:
    return Mesh(np.array(points, dtype=float), (CellBlock(kind, np.array(nodes)),))


REFUSED = {
    "no walls": (lambda: Geometry.of(()), "walls: inner loops or named patches, got none"),
    "unknown patch": (lambda: Geometry.from_mesh(cell(star(1, 40)), ["hull"]), "'void'], of lines, got 'hull'"),
    "part of a loop, the outer one being far": (
        lambda: Geometry.from_mesh(
            dataclasses.replace(m := cell(star(1, 40)), patches={"half": m.patches["void"][:20]}), ["half"], True
        ),
        "whole closed loops where the outer boundary is far, got parts of a boundary",
    ),
    "inside the mesh": (
        lambda: Geometry.from_mesh(
            dataclasses.replace(m := cell(star(1, 40)), patches=m.patches | {"ring": m.patches["void"] + 40}),
            ["void", "ring"],
        ),
        "patches on the boundary of the cells, got void, ring with 40 edges that are not on it",
    ),
    "unnamed hole": (lambda: Geometry.from_mesh(cell(star(1, 40)), ["rim"]), "every inner loop among the named"),
    "no hole": (lambda: Geometry.from_mesh(mesh_of(SQUARE, [0, 1, 2], [0, 2, 3])), "got none"),
    "unclosed": (lambda: Geometry.from_mesh(mesh_of(SQUARE, [0, 1], [1, 2], kind="line")), "an unclosed curve"),
    "nested": (lambda: Geometry.of((star(1, 40, 0.3), star(1, 40, 0.1))), "walls 0 and 1 overlapping"),
    "crossing": (lambda: Geometry.of((star(1, 40), star(1, 40) + 0.2), SQUARE), "overlapping"),
    "leaving": (lambda: Geometry.of((star(1, 40) + 0.4,), SQUARE), "inside the outer boundary"),
    "outside": (
        lambda: Geometry.of((star(1, 40) + 2,), SQUARE),
        "inside the outer boundary, got wall 0 outside at (2.",
    ),
    "coinciding": (lambda: Geometry.of((star(1, 40), np.roll(star(1, 40), 7, axis=0)[::-1])), "1 overlapping at (0."),
    "coinciding, one around the domain": (lambda: Geometry.from_curves((SQUARE, SQUARE)), "overlapping at ("),
    "in space": (lambda: Geometry.of((np.zeros((4, 3)),)), "points in the plane"),
    "two points": (lambda: Geometry.of((SQUARE[:2],)), "at least 3 points, got 2"),
    "repeated end": (lambda: Geometry.of((np.concatenate([SQUARE, SQUARE[:1]]),)), "duplicated"),
    "a line": (lambda: Geometry.of((np.array([[0.0, 0], [1, 1], [2, 2]]),)), "points on one line"),
    "bow tie": (lambda: Geometry.of((SQUARE[[0, 2, 1, 3]],)), "a self-intersection at (0.5, 0.5)"),
    "not finite": (lambda: Geometry.of((SQUARE * np.array([1, np.nan]),)), "finite coordinates"),
    "touching at a node": (
        lambda: Geometry.from_mesh(mesh_of([*SQUARE, [2, 1], [2, 2]], [0, 1, 2], [0, 2, 3], [2, 4, 5])),
        "curves that touch",
    ),
    "three cells at an edge": (
        lambda: Geometry.from_mesh(mesh_of([*SQUARE, [2, 0]], [0, 1, 2], [0, 2, 3], [0, 2, 4])),
        "edges of one or two cells, got 3 cells",
    ),
    "too few panels": (
        lambda: Geometry.of((SQUARE, SQUARE + 2)).panels(5),
        "at most 1, 3 of the model's 5 panels each, got 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_sentence(case):
    make, sentence = REFUSED[case]
    with pytest.raises(GeometryError) as caught:
        make()
    assert sentence in str(caught.value)
