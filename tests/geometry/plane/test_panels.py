"""Panels in any frame: the same body is cut in the same places however it and its frame are turned and mirrored."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane.panels import PanelPlan
from enf2enf.geometry.plane.smooth import smoothed
from enf2enf.problems.elasticity.void import Void
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.section import Section
from enf2enf.problems.thickness import half_thickness

few = settings(max_examples=10, deadline=None)
SQUARE = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


def aerofoil(sides: int = 120, thickness: float = 0.12, camber: float = 0.04, base: float = 0.0) -> np.ndarray:
    """A NACA four-digit section of chord 1, counter-clockwise from its trailing edge, which is sharp or has a base."""
    x = 0.5 + 0.5 * np.cos(np.linspace(0, 2 * np.pi, sides + 1))[:-1]
    half = 5 * thickness * half_thickness(x) + base / 2 * x
    upper = np.arange(sides) <= sides // 2
    loop = np.stack([x, 4 * camber * x * (1 - x) + np.where(upper, half, -half)], axis=1)
    return loop if base == 0 else np.concatenate([loop, [[1.0, -base / 2]]])


def void(seed: int, sides: int = 60) -> np.ndarray:
    drawn = Void.random(np.random.default_rng(seed))
    return drawn.wall(drawn.evenly(sides))


def slot() -> np.ndarray:
    """Two straight sides of one side each between arcs of seven."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 8)
    right = np.stack([1 + np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([right, -right])


def gear(teeth: int) -> np.ndarray:
    angle, far = 2 * np.pi * np.arange(4 * teeth) / (4 * teeth), np.arange(4 * teeth) % 4 // 2
    return (1 + 0.3 * far)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def turned(angle: float, mirror: bool = False) -> np.ndarray:
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.diag([1.0, -1.0]) @ axes if mirror else axes


SMALL = 0.3 * SQUARE
BODIES = {
    "aerofoil": [aerofoil()],
    "symmetric aerofoil": [aerofoil(camber=0.0)],
    "blunt aerofoil": [aerofoil(camber=0.0, base=0.01)],
    "void": [void(1)],
    "square": [SQUARE],
    "circle": [np.stack([np.cos(a := 2 * np.pi * np.arange(40) / 40), np.sin(a)], axis=1)],
    "slot": [slot()],
    "gear": [gear(9)],
    "gear of more corners than panels": [gear(60)],
    "four equal squares": [SMALL + SQUARE[k] for k in range(4)],
    "a ring of squares": [
        SMALL @ turned(a) + 2 * np.array([np.cos(a), np.sin(a)]) for a in 2 * np.pi / 5 * np.arange(5)
    ],
    "two voids": [void(2), void(3) + (1.0, 0.0)],
    "around one centre": [0.3 * gear(5), SQUARE[::-1]],
}


@pytest.mark.parametrize("case", BODIES)
@few
@given(
    angle=st.floats(0, 6.3), mirror=st.booleans(), frame=st.sampled_from([0.0, 0.3, np.pi / 2, 4.0]),
    frame_mirror=st.booleans(), shift=st.integers(0, 300), order=st.randoms(use_true_random=False),
    turning=st.sampled_from([0.0, 0.7]),
)  # fmt: skip
def test_bodies_that_move_with_the_frame_are_cut_in_the_same_places(
    case, angle, mirror, frame, frame_mirror, shift, order, turning
):
    """To rounding, wherever their loops start and in whatever order they come."""
    axes, move = turned(frame, frame_mirror), turned(angle, mirror)
    walls = [np.roll(wall @ move.T, shift, axis=0)[:: -1 if mirror else 1] for wall in BODIES[case]]
    order.shuffle(walls)
    expected = PanelPlan.of(BODIES[case], 192).cut(axes, turning)
    got = PanelPlan.of(walls, 192).cut(axes @ move.T, turning)
    np.testing.assert_allclose(got.ends, expected.ends, atol=1e-12)  # measured 8e-15
    np.testing.assert_allclose(got.normals, expected.normals, atol=1e-9)


CORNERS = {"aerofoil": 1, "symmetric aerofoil": 1, "blunt aerofoil": 2, "void": 0, "square": 4, "circle": 0, "slot": 0,
           "gear": 36, "four equal squares": 16, "two voids": 0}  # fmt: skip


@pytest.mark.parametrize("turning", [0.0, 0.7])
@pytest.mark.parametrize("case", CORNERS)
def test_panels_share_their_normals_but_at_corners(case, turning):
    """There they are their own; elsewhere those of the circle through the three ends next to each."""
    placed = PanelPlan.of(BODIES[case], 192).cut(turned(1.0), turning)
    side = placed.ends[:, 1] - placed.ends[:, 0]
    length = np.linalg.norm(side, axis=1, keepdims=True)
    own = np.stack([side[:, 1], -side[:, 0]], axis=1) / length
    after = np.array([np.flatnonzero((placed.ends[:, 0] == end).all(axis=1))[0] for end in placed.ends[:, 1]])
    shared = own / length + own[after] / length[after]
    shared /= np.linalg.norm(shared, axis=1, keepdims=True)
    ends, starts = placed.normals[:, 1], placed.normals[after, 0]
    corner = np.abs(ends - shared).max(axis=1) > 1e-9
    corner &= np.abs(ends - own).max(axis=1) < 1e-12
    assert corner.sum() == CORNERS[case]
    np.testing.assert_allclose(ends[~corner], shared[~corner], atol=1e-9)
    np.testing.assert_allclose(starts[~corner], shared[~corner], atol=1e-9)
    np.testing.assert_allclose(starts[corner], own[after][corner], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("base", [0.0, 0.003])
@pytest.mark.parametrize("count", [96, 131])
def test_the_edge_of_an_aerofoil_is_cut_in_no_orientation(base, count):
    section = aerofoil(base=base)
    edges = np.array([[1, base / 2], [1, -base / 2]])
    for degrees in range(0, 360, 5):
        turn = turned(np.deg2rad(degrees))
        for panels in (
            PanelPlan.of([section], count).place(turn),
            PanelPlan.of([section @ turn.T], count).place(np.eye(2)),
            Geometry.of([section @ turn.T]).panels(count),
        ):
            apart = np.linalg.norm(panels[:, None, 0] - edges @ turn.T, axis=2).min(axis=0)
            assert apart.max() < 1e-12  # chords; measured 2e-16
            np.testing.assert_array_equal(panels[:, 1], np.roll(panels[:, 0], -1, axis=0))


@pytest.mark.parametrize("case", ["aerofoil", "blunt aerofoil", "square", "gear"])
def test_every_corner_is_cut_and_between_them_panels_are_equal(case):
    (wall,) = BODIES[case]
    (curve,) = (plan := PanelPlan.of([wall], 192)).curves
    starts = plan.place(np.eye(2))[:, 0]
    corners = curve.points[curve.corners]
    assert len(corners) == {"aerofoil": 1, "blunt aerofoil": 2, "square": 4, "gear": 36}[case]
    at = np.linalg.norm(starts[:, None] - corners, axis=2).argmin(axis=0)
    np.testing.assert_allclose(starts[at], corners, atol=1e-12)
    line = shapely.linearrings(np.roll(curve.points, -curve.corners[0], axis=0))
    along = shapely.line_locate_point(line, shapely.points(np.roll(starts, -at[0], axis=0)))
    lengths = np.diff(along, append=line.length)
    for run in np.split(lengths, (np.sort((at - at[0]) % 192))[1:]):
        np.testing.assert_allclose(run, run.mean(), rtol=1e-9)
        assert abs(len(run) - 192 * run.sum() / line.length) < 1 or len(run) == 1


def test_of_more_corners_than_panels_the_sharpest_are_cut():
    """A cogwheel whose every fourth tooth is sharper than others."""
    angle, sharp = 2 * np.pi * np.arange(96) / 96, np.arange(96) % 8 == 0
    radius = np.where(np.arange(96) % 2, 1.0, np.where(sharp, 1.3, 1.15))
    wheel = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert len(PanelPlan.of([wheel], 12).curves[0].corners) == 96
    starts = PanelPlan.of([wheel], 12).place(np.eye(2))[:, 0]
    assert np.linalg.norm(starts[:, None] - wheel[sharp], axis=2).min(axis=0).max() < 1e-12


@few
@given(seed=st.integers(0, 2**31), angle=st.floats(0, 6.3))
def test_without_corners_the_first_panel_is_against_x_of_the_centroid(seed, angle):
    plan, axes = PanelPlan.of([void(seed, 128)], 96), turned(angle)
    assert not len(plan.curves[0].corners)
    first = plan.place(axes)[0, 0] - axes @ plan.centroid
    assert first[0] < 0
    assert abs(first[1]) < 1e-12
    body = shapely.polygons(plan.curves[0].points @ axes.T - axes @ plan.centroid)
    assert not shapely.intersects_xy(body, *(first + [-1e-6, 0]))
    assert shapely.get_coordinates(shapely.intersection(body, shapely.linestrings([[-9, 0], [9, 0]])))[:, 0].min() == (
        pytest.approx(first[0], abs=1e-12)
    )


def test_a_body_around_its_centroid_begins_somewhere():
    """Of a crescent that is open against x nothing is on that ray from its centroid."""
    angle = np.linspace(-0.8 * np.pi, 0.8 * np.pi, 60)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    crescent = np.concatenate([1.1 * arc, arc[::-1]])
    crescent = crescent @ turned(1.0).T
    plan = PanelPlan.of([crescent], 96)
    assert np.isfinite(plan.place(turned(0.4))).all()


@few
@given(seed=st.integers(0, 2**31), case=st.sampled_from(["void", "aerofoil", "blunt aerofoil", "two voids", "square"]))
def test_noise_moves_panels_by_as_little(seed, case):
    """1e-7 of the size, on nodes of bodies whose corners are clear."""
    random = np.random.default_rng(seed)
    noisy = [wall + 1e-7 * random.uniform(-1, 1, wall.shape) for wall in BODIES[case]]
    axes = turned(random.uniform(0, 6.3))
    moved = PanelPlan.of(noisy, 192).place(axes) - PanelPlan.of(BODIES[case], 192).place(axes)
    assert np.abs(moved).max() < 2e-6  # measured 7e-7, along the curve: lengths add up


@few
@given(
    seed=st.integers(0, 2**31), sides=st.integers(40, 1200), thickness=st.floats(0.05, 0.2), edge=st.floats(5, 20),
    turning=st.floats(0.1, 1),
)  # fmt: skip
def test_noise_moves_panels_that_know_of_turning_as_little(seed, sides, thickness, edge, turning):
    """However short the sides are beside a sharp trailing edge: noise turns them by any angle."""
    body = points_of(Section(thickness, 0, np.deg2rad(edge)).wall(sides))
    noisy = body + 1e-7 * np.random.default_rng(seed).uniform(-1, 1, body.shape)
    one, other = (PanelPlan.of([wall], 192).cut(np.eye(2), turning).ends for wall in (body, noisy))
    assert np.abs(one - other).max() < 5e-5  # measured 2e-5


@pytest.mark.parametrize("case", BODIES)
def test_a_plan_is_its_arrays(case):
    plan = PanelPlan.of(BODIES[case], 192)
    again = PanelPlan.from_arrays(plan.to_arrays())
    assert again.to_arrays().keys() == plan.to_arrays().keys()
    for name, array in plan.to_arrays().items():
        np.testing.assert_array_equal(again.to_arrays()[name], array)
    for axes in (np.eye(2), turned(1.0, mirror=True)):
        np.testing.assert_array_equal(again.place(axes), plan.place(axes))
    np.testing.assert_array_equal(again.centroid, plan.centroid)
    assert again.coarse == plan.coarse


DAMAGED = {
    "missing": lambda a: a.pop("corners"),
    "unknown": lambda a: a.update(more=np.zeros(1)),
    "count of another kind": lambda a: a.update(count=np.array([192])),
    "too few panels": lambda a: a.update(count=np.array(5, np.int64)),
    "points of another type": lambda a: a.update(points=a["points"].astype(np.float32)),
    "points in space": lambda a: a.update(points=np.zeros((len(a["points"]), 3))),
    "not finite": lambda a: a["points"].fill(np.nan),
    "lengths beyond the points": lambda a: a["lengths"].__iadd__(1),
    "lengths that overflow": lambda a: a.update(lengths=np.array([2**62, 2**62, 2**62, 2**62 + len(a["points"])])),
    "a curve of two points": lambda a: a.update(lengths=np.array([2, len(a["points"]) - 2])),
    "no curves": lambda a: a.update(lengths=np.zeros(0, np.int64), corner_counts=np.zeros(0, np.int64)),
    "negative corner": lambda a: a["corners"].__isub__(10**6),
    "corner beyond its curve": lambda a: a["corners"].__iadd__(10**6),
    "corners that descend": lambda a: a.update(corners=a["corners"][::-1].copy()),
    "corners of others": lambda a: a.update(corner_counts=a["corner_counts"] + 1),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_arrays_that_contradict_each_other_are_refused(case):
    arrays = {name: array.copy() for name, array in PanelPlan.of([SMALL, SMALL + 2], 192).to_arrays().items()}
    DAMAGED[case](arrays)
    with pytest.raises(GeometryError):
        PanelPlan.from_arrays(arrays)


@given(radius=st.floats(0.01, 10), far=st.tuples(*[st.floats(-9, 9)] * 2), uneven=st.floats(0, 0.5))
def test_the_centroid_weighs_by_length_and_not_by_vertices(radius, far, uneven):
    """Of a circle cut more finely on one side, and of a square twice as far away with a fifth of its perimeter."""
    angle = np.linspace(0, 2 * np.pi, 241)[:-1]
    angle = angle + uneven * np.sin(angle)
    circle = np.array(far) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.testing.assert_allclose(PanelPlan.of([circle], 96).centroid, far, atol=1e-5 * radius)  # measured 2e-7
    square = np.array(far) + 5 * radius + np.pi * radius / 20 * SQUARE
    both = PanelPlan.of([circle, square], 96).centroid
    np.testing.assert_allclose(both, np.array(far) + 5 * radius / 6, atol=1e-4 * radius)


def test_bodies_with_too_few_panels_are_named():
    bodies = [size * SQUARE + 3 * np.array([k, 0.0]) for k, size in enumerate((1.0, 0.05, 0.9, 0.01))]
    plan = PanelPlan.of(bodies, 192)
    assert plan.coarse == ((1, 4), (3, 3))
    panels = plan.place(np.eye(2))[:, 0]
    around = [(np.linalg.norm(panels - body.mean(axis=0), axis=1) < 1.45).sum() for body in bodies]
    assert around == [97, 4, 88, 3]
    assert PanelPlan.of(bodies[:1], 192).coarse == ()


@few
@given(gap=st.floats(1e-4, 5e-3), angle=st.floats(0, 6.3), size=st.floats(0.01, 10))
def test_a_curve_never_leaves_what_is_around_it(gap, angle, size):
    """Of a disk in a square that is hardly larger: its sides are apart from it, its arcs may not be."""
    at = 2 * np.pi * (np.arange(16) + 0.5) / 16
    disk = np.stack([np.cos(at), np.sin(at)], axis=1)
    tight = (np.cos(np.pi / 16) + gap) * SQUARE
    move = size * turned(angle)
    walls, outer = [disk @ move.T], tight @ move.T
    assert not shapely.covers(shapely.polygons(outer), shapely.linearrings(smoothed(walls[0])))
    plan = PanelPlan.of(walls, 96, outer)
    np.testing.assert_array_equal(plan.curves[0].points, walls[0])
    np.testing.assert_array_equal(PanelPlan.of(walls, 96, 2 * outer).curves[0].points, smoothed(walls[0]))
    geometry = Geometry.of(walls, outer)
    assert shapely.covers(shapely.polygons(outer), shapely.linearrings(geometry.panels(96)[:, 0]))


def test_a_geometry_keeps_its_curves():
    geometry = Geometry.of([aerofoil()])
    assert geometry.plan(96).curves is geometry.plan(48).curves
    frame = Frame(np.array([3.0, 4.0]), turned(1.0, mirror=True), 2.0)
    for count, axes in itertools.product((96, 131), (frame.axes, np.eye(2))):
        placed = Frame(frame.origin, axes, frame.length)
        expected = geometry.plan(count).place(axes) - axes @ (frame.origin - geometry.bounds.mean(axis=0))
        np.testing.assert_allclose(geometry.panels(count, placed), expected / frame.length, atol=1e-12)
