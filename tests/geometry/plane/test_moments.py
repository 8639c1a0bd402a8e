"""How bodies lie: angles known exactly, however they are turned, mirrored and moved, and which body counts."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from outlines import angles, ellipse, seeds, shapes, turn

from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import TURNS, describe, in_frame
from enf2enf.geometry.plane.moments import Moments, extent, ranked, size
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.problem import Joukowski

some = settings(max_examples=25)


def of(wall: np.ndarray) -> Moments:
    """Those of one body."""
    return Moments.of([wall])


def same_angles(one: dict[str, float], other: dict[str, float], *names: str) -> None:
    """But for whole turns after which they are the same."""
    for name in names or TURNS:
        half = TURNS[name] / 2
        np.testing.assert_allclose((one[name] - other[name] + half) % TURNS[name], half + 0 * one[name], atol=1e-6)


def one_is_largest(walls: list[np.ndarray], outer: np.ndarray | None) -> bool:
    """By more than those that count as well, or all together are."""
    return any(wall is outer for wall in walls) or len(ranked(Geometry.of(walls))[0]) == 1


@some
@given(shapes(), seeds, st.booleans())
def test_all_angles_turn_with_the_shape(shape, seed, mirror):
    """Seen in a frame that turns too they are the same, in a mirror as well, and however walls come."""
    walls, outer = shape
    assume(one_is_largest(walls, outer))
    rng = np.random.default_rng(seed)
    axes, to = turn(rng.uniform(-3, 3)) @ np.diag([1.0, -1.0 if mirror else 1.0]), rng.uniform(-10, 10, 2)
    moved = [walls[k] @ axes.T + to for k in rng.permutation(len(walls))]
    frame = turn(rng.uniform(-3, 3)).T
    here = describe(Geometry.of(walls, outer), 1.0)
    there = describe(Geometry.of(moved, None if outer is None else outer @ axes.T + to), 1.0)
    for one, other in zip(here, there, strict=True):
        same_angles(in_frame(one, frame), in_frame(other, frame @ axes.T))


@some
@given(shapes(), seeds)
def test_the_largest_of_several_bodies_says_how_they_lie(shape, seed):
    """Or all walls together, where one goes around the domain."""
    walls, outer = shape
    assume(one_is_largest(walls, outer) and not any(wall is outer for wall in walls))
    alone = max((Geometry.of([wall]) for wall in walls), key=lambda body: extent(body.walls))
    mixed = Geometry.of([walls[k] for k in np.random.default_rng(seed).permutation(len(walls))], outer)
    (one, *_), (other,) = describe(mixed, 1.0), describe(alone, 1.0)
    same_angles(one, other, *(name for name in TURNS if name not in ("stagger", "incidence_others")))
    np.testing.assert_allclose(one["largest"], other["extent"], rtol=1e-12)
    np.testing.assert_allclose(one["thickness"], other["thickness"], rtol=1e-9)
    assert np.isnan(other["stagger"])
    np.testing.assert_allclose(size(mixed), extent(alone.walls) if outer is None else mixed.extent, rtol=1e-12)


@some
@given(angles, angles, angles, st.floats(0.9, 1.1), st.booleans())
def test_each_of_bodies_that_are_as_large_says_how_it_lies(turned, first, second, larger, swapped):
    """Two ellipses at any angles, whichever is first and a little larger."""
    assume(abs(max(larger, 1 / larger) - 1 / 0.99) > 1e-6)
    pair = [ellipse(60, (1.0, 0.3)) @ turn(first).T, larger * ellipse(60, (1.0, 0.3)) @ turn(second).T + [0, 2.5]]
    moved = [wall @ turn(turned).T for wall in pair[:: -1 if swapped else 1]]
    found = sorted(body["incidence"] % 180 for body in describe(Geometry.of(moved), 1.0))
    counted = [angle for angle, size in ((first, 1.0), (second, larger)) if size >= 0.99 * max(1.0, larger)]
    expected = sorted(float(np.rad2deg(angle + turned) % 180) for angle in counted)
    near = [np.min(np.abs((np.array(expected) - angle + 90) % 180 - 90)) for angle in found]
    assert len(found) == len(expected) and max(near) < 1e-6


@some
@given(angles, st.lists(angles, max_size=4), st.integers(1, 3), seeds)
def test_each_of_the_other_bodies_says_how_it_is_turned(turned, others, large, seed):
    """Besides one to three that are the largest, and there is none without them."""
    lying = [ellipse(40, (1.0, 0.3))] * large + [ellipse(40, (0.5, 0.2)) @ turn(angle).T for angle in others]
    walls = [(wall + [3.0 * k, 0]) @ turn(turned).T for k, wall in enumerate(lying)]
    bodies = describe(Geometry.of([walls[k] for k in np.random.default_rng(seed).permutation(len(walls))]), 1.0)
    assert len(bodies) == max(large, len(others))
    found = [body["incidence_others"] for body in bodies]
    if not others:
        assert np.isnan(found).all()
    else:
        expected = np.rad2deg([angle + turned for angle in others])
        off = np.abs((np.subtract.outer(found, expected) + 90) % 180 - 90)
        assert off.min(axis=0).max() < 1e-6 and off.min(axis=1).max() < 1e-6


def test_two_bodies_are_staggered_along_the_line_through_both():
    circle = ellipse(40, (1.0, 1.0))
    pair, _ = describe(Geometry.of([circle, circle + [0.0, 4.0]]), 1.0)
    assert pair["stagger"] == pytest.approx(90) and np.isnan(pair["incidence"])
    assert in_frame(pair, turn(1.0).T)["stagger"] == pytest.approx(90 - np.rad2deg(1))
    assert np.isnan(describe(Geometry.of([circle]), 1.0)[0]["stagger"])


@some
@given(st.floats(0.05, 0.99), angles, angles)
def test_the_incidence_is_the_angle_to_the_long_axis_where_there_is_one(flat, inflow, long):
    found = of(ellipse(60, (1.0, flat)) @ turn(long).T + [3, 4]).incidence(turn(inflow).T)
    if flat**2 > 0.5:
        assert np.isnan(found)
        return
    assert -90 < found <= 90
    apart = found - np.rad2deg(long - inflow)
    np.testing.assert_allclose((apart + 90) % 180, 90, atol=1e-8)


@some
@given(st.integers(0, 1000), st.floats(-np.pi, np.pi), st.booleans())
def test_the_heading_is_where_the_thin_end_points(index, turned, mirrored):
    """Of a section along its chord, to a few degrees; it turns with the body, and with the frame the other way."""
    flow = Joukowski().draw(0, index, 0)[0]
    wall = points_of(flow.body.wall(192)) @ turn(-flow.direction + flow.incidence).T  # the chord along x
    if flow.section.edge == np.pi:
        assert np.isnan(of(wall).heading(np.eye(2)))
        return
    own = of(wall).heading(np.eye(2))
    assert abs(own) < 5  # measured 2
    hand = -1 if mirrored else 1
    found = of(wall @ turn(turned).T).heading(np.diag([1.0, hand]))
    np.testing.assert_allclose((found - hand * (own + np.rad2deg(turned)) + 180) % 360, 180, atol=1e-6)
    assert of(-wall).incidence(np.eye(2)) == pytest.approx(of(wall).incidence(np.eye(2)))
    assert abs(of(-wall).heading(np.eye(2))) > 175


@some
@given(st.floats(-0.2, 0.2), st.floats(0.01, 0.2), st.floats(-np.pi, np.pi), st.booleans())
def test_the_arch_is_the_side_to_which_a_mean_line_rises(rise, thick, turned, mirrored):
    """Of an evenly thick parabolic arc along x exactly; it turns with the body, and with the frame the other way."""
    assume(abs(abs(rise) - 0.01) > 1e-4)
    x = np.linspace(-0.5, 0.5, 200)
    line, half = rise * (1 - 4 * x**2), thick / 2
    wall = np.concatenate([np.stack([x, line - half], 1), np.stack([x, line + half], 1)[::-1]])
    found = of(wall @ turn(turned).T).arch(np.diag([1.0, -1.0 if mirrored else 1.0]))
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
    body = of(size * (wall @ turn(turned).T + [5.0, 3.0]))
    for number in (2, 3, 4):
        found = body.lobes(axes, number)
        if number != count:
            assert np.isnan(found)
            continue
        assert abs(found) <= 180 / count
        apart = found - (-1 if mirrored else 1) * np.rad2deg(turned - seen)
        np.testing.assert_allclose((apart + 180 / count) % (360 / count), 180 / count, atol=1e-6)


def test_what_arches_to_no_side_has_no_arch():
    for wall in (ellipse(60, (1.0, 0.3)), ellipse(60, (1.0, 1.0)), np.array([[0.0, 0], [4, 0], [4, 1], [0, 1]])):
        assert np.isnan(of(wall).arch(np.eye(2)))


def test_what_is_alike_at_both_ends_has_no_heading():
    for wall in (ellipse(60, (1.0, 0.3)), np.array([[0.0, 0], [4, 0], [4, 1], [0, 1]])):
        assert np.isnan(of(wall).heading(np.eye(2))) and not np.isnan(of(wall).incidence(np.eye(2)))
