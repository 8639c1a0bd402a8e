"""Descriptors against shapes known exactly, however they are placed, turned, mirrored, stored and cut."""

import functools

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import ellipe

from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.descriptors import arch, descriptors, heading, incidence, lobes
from enf2enf.geometry.plane.polygon import Polygon
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.problems.thickness import half_thickness

some = settings(max_examples=25)
angles, seeds = st.floats(-3, 3), st.integers(0, 2**32 - 1)
AROUND = np.array([[-4.0, -3], [4, -3], [4, 3.5], [-4, 3]])


def turn(angle: float) -> np.ndarray:
    """What columns are turned by, counter-clockwise; its transpose is a frame's axes."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def ellipse(count: int, axes: tuple[float, float], phase: float = 0.0) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(count) + phase) / count
    return np.array(axes) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def divided(corners: np.ndarray, nodes: list[int]) -> np.ndarray:
    """A polygon with so many more nodes on its sides."""
    sides = zip(corners, np.roll(corners, -1, axis=0), nodes, strict=True)
    return np.concatenate([np.linspace(a, b, count + 2)[:-1] for a, b, count in sides])


def star(rng: np.random.Generator, centre, count: int) -> np.ndarray:
    """A smooth star-shaped curve, no farther than 0.95 from its centre."""
    angle = 2 * np.pi * np.arange(count) / count
    waves = np.arange(1, 5)[:, None]
    size = 0.7 + 0.25 * np.mean(rng.uniform(-1, 1, (4, 1)) * np.sin(waves * angle + rng.uniform(0, 6, (4, 1))), axis=0)
    return np.array(centre) + size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@st.composite
def shapes(draw) -> tuple[list[np.ndarray], np.ndarray | None]:
    """One to three bodies, in a domain without end, in one with an outer boundary, or with a wall around it."""
    rng = np.random.default_rng(draw(seeds))
    bodies = [star(rng, at, 40) for at in [(-1.7, -0.3), (1.2, 0.4), (-0.6, 1.8)][: draw(st.integers(1, 3))]]
    kind = draw(st.sampled_from(["endless", "bounded", "enclosed"]))
    return [*bodies, AROUND] if kind == "enclosed" else bodies, None if kind == "endless" else AROUND


@some
@given(st.floats(0.2, 0.7), st.floats(0, 1), angles, st.floats(0.1, 10))
def test_those_of_an_ellipse_are_right_to_the_second_order(flat, phase, angle, length):
    exact = {
        "extent": 2.0, "chord": 2.0, "area": np.pi * flat, "perimeter": 4 * ellipe(1 - flat**2), "thickness": 2 * flat,
        "curvature": 1 / flat**2,
    }  # fmt: skip
    errors = []
    for count in (200, 400):
        geometry = Geometry.of([length * ellipse(count, (1.0, flat), phase) @ turn(angle).T])
        found = descriptors(geometry, length)
        assert found["bodies"] == 1 and np.isnan(found["gap"])
        errors.append(np.array([abs(found[name] / value - 1) for name, value in exact.items()]))
        assert incidence(geometry, turn(angle).T) == pytest.approx(0, abs=1e-9)
    assert (
        errors[0] < [1.3e-4, 1.3e-4, 2e-4, 5e-5, 1e-4, 3e-2]
    ).all()  # measured 1.2e-4, 1.65e-4, 4.2e-5, 8.3e-5, 2.1e-2
    assert (errors[1][2:5] < errors[0][2:5] / 3.9 + 1e-12).all()
    assert (
        errors[1][0] == errors[1][1] < 1.3e-4 / 4 and errors[1][5] < 5e-3
    )  # measured 4.1e-3; both depend on where the vertices are


@some
@given(st.floats(0.05, 1), st.lists(st.integers(0, 9), min_size=4, max_size=4), angles)
def test_those_of_a_rectangle_are_exact_whatever_nodes_its_sides_have(height, nodes, angle):
    corners = np.array([[0, 0], [1, 0], [1, height], [0, height]]) @ turn(angle).T
    found = descriptors(Geometry.of([divided(corners, nodes)]), 1.0)
    exact = {
        "bodies": 1, "extent": np.hypot(1, height), "chord": np.hypot(1, height), "area": height,
        "perimeter": 2 + 2 * height, "thickness": 2 * height / np.sqrt(3), "gap": np.nan, "curvature": 0, "corners": 4,
    }  # fmt: skip
    assert list(found) == list(exact)
    np.testing.assert_allclose(list(found.values()), list(exact.values()), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("around", [24, 60, 100])
def test_corners_are_not_curved(around):
    """A lens of two arcs of radius 1; of second order in the angle of a side."""
    at = np.linspace(-1, 1, around + 1)[:-1]
    arc = np.stack([np.sin(at), np.cos(at) - np.cos(1)], axis=1)
    found = descriptors(Geometry.of([np.concatenate([arc, -arc])]), 1.0)
    assert found["curvature"] == pytest.approx(
        1, rel=0.6 * (2 / around) ** 2
    )  # measured 0.553, at every number of sides
    assert found["corners"] == 2


@some
@given(st.floats(0.1, 0.3), st.floats(0.001, 0.02), st.integers(100, 200), angles)
def test_a_blunt_trailing_edge_has_two_corners_and_a_sharp_one_has_one(thickness, gap, sides, angle):
    x = (1 - np.cos(np.linspace(0, np.pi, sides // 2 + 1))) / 2
    half = 5 * thickness * half_thickness(x)
    upper, lower = np.stack([x, half], axis=1), np.stack([x, -half], axis=1)
    open_ = np.stack([np.zeros_like(x), gap / 2 * x], axis=1)
    sharp = np.concatenate([lower[:-1], upper[:0:-1]])
    blunt = np.concatenate([lower - open_, (upper + open_)[:0:-1]])
    found = [descriptors(Geometry.of([loop @ turn(angle).T]), 1.0)["corners"] for loop in (sharp, blunt)]
    assert found == [1, 2]


def test_the_wall_with_most_corners_counts():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    assert descriptors(Geometry.of([square, square + 3, ellipse(60, (1.0, 1.0)) + 9]), 1.0)["corners"] == 4


@some
@given(seeds, st.integers(1, 6), st.booleans())
def test_the_gap_is_the_smallest_distance_of_two_boundaries(seed, bodies, bounded):
    rng = np.random.default_rng(seed)
    walls = [star(rng, (2 * k, rng.uniform(-0.5, 0.5)), int(rng.integers(10, 200))) for k in range(bodies)]
    outer = np.array([[-1.2, -2], [2 * bodies, -2], [2 * bodies, 2], [-1.2, 2]]) if bounded else None
    rings = [shapely.linearrings(loop) for loop in [*walls, *([outer] if bounded else [])]]
    distances = [one.distance(other) for k, one in enumerate(rings) for other in rings[:k]]
    found = descriptors(Geometry.of(walls, outer), 1.0)["gap"]
    np.testing.assert_allclose(found, min(distances) if distances else np.nan, rtol=1e-12)


@some
@given(seeds, st.integers(3, 300), st.booleans())
def test_the_extent_is_the_largest_distance_of_two_points(seed, count, even):
    """Of any points, and of those whose tangents are parallel two by two."""
    rng = np.random.default_rng(seed)
    points = ellipse(2 * count, (1.0, rng.uniform(0.1, 1))) if even else star(rng, (0, 0), count)
    found = descriptors(Geometry.of([points @ turn(rng.uniform(-3, 3)).T]), 1.0)["extent"]
    np.testing.assert_allclose(found, np.linalg.norm(points[:, None] - points, axis=2).max(), rtol=1e-12)


@some
@given(shapes(), seeds, angles, st.booleans(), st.floats(1e-3, 1e3))
def test_they_are_the_same_in_any_place_and_in_a_mirror_and_however_walls_are_stored(shape, seed, angle, mirror, size):
    walls, outer = shape
    rng, axes = np.random.default_rng(seed), turn(angle) @ np.diag([1.0, -1.0 if mirror else 1.0])
    to = rng.uniform(-10, 10, 2)
    stored = [np.roll(wall, rng.integers(0, 9), axis=0)[:: rng.choice([1, -1])] for wall in walls]
    moved = [size * (wall @ axes.T + to) for wall in (stored[k] for k in rng.permutation(len(walls)))]
    here = Geometry.of(walls, outer)
    there = Geometry.of(moved, None if outer is None else size * (outer @ axes.T + to))
    one, other = descriptors(here, 0.7), descriptors(there, 0.7 * size)
    np.testing.assert_allclose(list(other.values()), list(one.values()), rtol=1e-9, atol=1e-12)  # measured 2e-12
    frame = turn(rng.uniform(-3, 3)).T
    first = incidence(here, frame)
    np.testing.assert_allclose(incidence(there, frame @ axes.T), first, atol=1e-7)
    mirrored = incidence(here, np.diag([1.0, -1.0]) @ frame)
    np.testing.assert_allclose((mirrored + first + 90) % 180, 90 if np.isfinite(first) else np.nan, atol=1e-7)


@some
@given(seeds, st.tuples(*[st.floats(2, 100)] * 2))
def test_a_far_boundary_decides_nothing(seed, sides):
    rng = np.random.default_rng(seed)
    body, box = Polygon(star(rng, (0, 0), 60)), np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    boxes = [box * side for side in sides]
    found = [descriptors(Geometry((body, Polygon(box).as_role("far"))), 1.0) for box in boxes]
    alone = descriptors(Geometry((body,)), 1.0)
    assert all(repr(one) == repr(alone) for one in found)
    assert not np.isnan(descriptors(Geometry((body, Polygon(boxes[0]).as_role("other"))), 1.0)["gap"])


@some
@given(st.floats(0.1, 0.8), st.floats(0, 0.15))
def test_walls_around_the_domain_bound_the_domain(radius, off):
    """A cylinder in a round hole."""
    outer, inner = ellipse(600, (1.0, 1.0)), ellipse(600, (radius, radius)) + [0, off]
    found = descriptors(Geometry.of([inner, outer], outer), 1.0)
    area, centre = np.pi * (1 - radius**2), -(radius**2) * off / (1 - radius**2)
    square = (1 - radius**4) / (1 - radius**2) / 4 - (radius * off) ** 2 / (1 - radius**2) - centre**2
    exact = {
        "bodies": 2, "extent": 2, "chord": 2, "area": area, "perimeter": 2 * np.pi * (1 + radius),
        "thickness": 4 * np.sqrt(square), "gap": 1 - radius - off, "curvature": 1 / radius,
        "corners": 0,
    }  # fmt: skip
    np.testing.assert_allclose(list(found.values()), list(exact.values()), rtol=2e-3)


@some
@given(st.floats(0.05, 0.99), angles, angles)
def test_the_incidence_is_the_angle_to_the_long_axis_where_there_is_one(flat, inflow, long):
    geometry = Geometry.of([ellipse(60, (1.0, flat)) @ turn(long).T + [3, 4]])
    found = incidence(geometry, turn(inflow).T)
    if flat**2 > 0.5:
        assert np.isnan(found)
        return
    assert -90 < found <= 90
    apart = found - np.rad2deg(long - inflow)
    np.testing.assert_allclose((apart + 90) % 180, 90, atol=1e-8)


@some
@given(shapes(), seeds)
def test_the_largest_of_several_bodies_says_how_they_lie(shape, seed):
    """Or all walls together, where one goes around the domain."""
    walls, outer = shape
    rng = np.random.default_rng(seed)
    axes, all_ = turn(rng.uniform(-3, 3)).T, any(wall is outer for wall in walls)
    alone = max((Geometry.of([wall]) for wall in walls), key=lambda body: descriptors(body, 1.0)["extent"])
    largest = Geometry.of(walls, outer) if all_ else alone
    found = Geometry.of([walls[k] for k in rng.permutation(len(walls))], outer)
    for angle in (incidence, heading, arch, *(functools.partial(lobes, count=count) for count in (2, 3, 4))):
        np.testing.assert_allclose(angle(found, axes), angle(largest, axes), atol=1e-6)
    one, other = descriptors(found, 1.0), descriptors(largest, 1.0)
    np.testing.assert_allclose(one["chord"], other["extent"], rtol=1e-12)
    np.testing.assert_allclose(one["thickness"], other["thickness"], rtol=1e-9)


@some
@given(st.integers(0, 1000), st.floats(-np.pi, np.pi), st.booleans())
def test_the_heading_is_where_the_thin_end_points(index, turned, mirrored):
    """Of a section along its chord, to a few degrees; it turns with the body, and with the frame the other way."""
    flow = Joukowski().draw(0, index, 0)[0]
    wall = points_of(flow.body.wall(192)) @ turn(-flow.direction + flow.incidence).T  # the chord along x
    if flow.section.edge == np.pi:
        assert np.isnan(heading(Geometry.of([wall]), np.eye(2)))
        return
    own = heading(Geometry.of([wall]), np.eye(2))
    assert abs(own) < 5  # measured 2
    hand = -1 if mirrored else 1
    found = heading(Geometry.of([wall @ turn(turned).T]), np.diag([1.0, hand]))
    np.testing.assert_allclose((found - hand * (own + np.rad2deg(turned)) + 180) % 360, 180, atol=1e-6)
    assert incidence(Geometry.of([-wall]), np.eye(2)) == pytest.approx(incidence(Geometry.of([wall]), np.eye(2)))
    assert abs(heading(Geometry.of([-wall]), np.eye(2))) > 175


@some
@given(st.floats(-0.2, 0.2), st.floats(0.01, 0.2), st.floats(-np.pi, np.pi), st.booleans())
def test_the_arch_is_the_side_to_which_a_mean_line_rises(rise, thick, turned, mirrored):
    """Of an evenly thick parabolic arc along x exactly; it turns with the body, and with the frame the other way."""
    assume(abs(abs(rise) - 0.01) > 1e-4)
    x = np.linspace(-0.5, 0.5, 200)
    line, half = rise * (1 - 4 * x**2), thick / 2
    wall = np.concatenate([np.stack([x, line - half], 1), np.stack([x, line + half], 1)[::-1]])
    found = arch(Geometry.of([wall @ turn(turned).T]), np.diag([1.0, -1.0 if mirrored else 1.0]))
    if abs(rise) < 0.01:
        assert np.isnan(found)
        return
    expected = (-1 if mirrored else 1) * (90 * np.sign(rise) + np.rad2deg(turned))
    np.testing.assert_allclose((found - expected + 180) % 360, 180, atol=1e-6)
    assert -180 < found <= 180


@some
@given(
    st.sampled_from([2, 3, 4]), st.floats(-np.pi, np.pi), st.floats(-np.pi, np.pi), st.booleans(), st.floats(1e-3, 1e3)
)
def test_lobes_turn_with_the_body_and_with_the_frame_the_other_way(count, turned, seen, mirrored, size):
    """Of a circle with so many bumps, the first of them along x."""
    at = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    wall = (1 + 0.1 * np.cos(count * at))[:, None] * np.stack([np.cos(at), np.sin(at)], axis=1)
    axes = np.diag([1.0, -1.0 if mirrored else 1.0]) @ turn(seen).T
    body = Geometry.of([size * (wall @ turn(turned).T + [5.0, 3.0])])
    for number in (2, 3, 4):
        found = lobes(body, axes, number)
        if number != count:
            assert np.isnan(found)
            continue
        assert abs(found) <= 180 / count
        apart = found - (-1 if mirrored else 1) * np.rad2deg(turned - seen)
        np.testing.assert_allclose((apart + 180 / count) % (360 / count), 180 / count, atol=1e-6)


def test_what_arches_to_no_side_has_no_arch():
    for wall in (ellipse(60, (1.0, 0.3)), ellipse(60, (1.0, 1.0)), np.array([[0.0, 0], [4, 0], [4, 1], [0, 1]])):
        assert np.isnan(arch(Geometry.of([wall]), np.eye(2)))


def test_what_is_alike_at_both_ends_has_no_heading():
    for wall in (ellipse(60, (1.0, 0.3)), np.array([[0.0, 0], [4, 0], [4, 1], [0, 1]])):
        assert np.isnan(heading(Geometry.of([wall]), np.eye(2))) and not np.isnan(
            incidence(Geometry.of([wall]), np.eye(2))
        )


@pytest.mark.parametrize("nodes", [0, 62, 63, 64, 200])
def test_of_two_bodies_the_largest_counts_and_the_gap_may_be_at_the_middle_of_a_side(nodes):
    square = divided(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), [nodes, 0, 0, 0])
    wedge = np.array([[1.25, 0.5], [2, 0.4], [2, 0.6]])  # whose tip is before the square's second side
    found = descriptors(Geometry.of([square, wedge]), 1.0)
    assert found["thickness"] == pytest.approx(2 / np.sqrt(3), rel=1e-12)
    assert found["gap"] == pytest.approx(0.25, rel=1e-12)
    assert found["area"] == pytest.approx(1.075, rel=1e-12)
