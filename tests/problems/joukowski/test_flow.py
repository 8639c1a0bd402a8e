"""Sections and the flow around them against what every potential flow is, and against what is known of each."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.problems.joukowski.body import complex_of, points_of
from enf2enf.problems.joukowski.flow import Flow
from enf2enf.problems.joukowski.section import Section

aerofoils = st.builds(Section, st.floats(0.02, 0.3), st.floats(-0.3, 0.3), st.floats(0.03, 1.2))
circles = st.builds(Section, st.floats(0.1, 2), st.just(0.0), st.just(np.pi))
rest = (st.floats(-np.pi, np.pi), st.floats(0.1, 100))
lifting = st.builds(Flow, aerofoils, st.floats(-0.5, 0.5), *rest)
flows = lifting | st.builds(Flow, circles, st.just(0.0), *rest)
seeds = st.integers(0, 2**32 - 1)


def disc(section, radius, angle):
    """Points of the disc whose images in the circle's plane are at these radii (1: on it) and angles."""
    arc = section.spoke * (radius * np.exp(1j * angle) - 1)
    return arc / (2 + arc)


def around(flow, seed, count=200, closest=1.05):
    """Points outside, at any distance of the order of the chord."""
    rng = np.random.default_rng(seed)
    radius = 1 + (closest - 1) * np.exp(rng.uniform(0, np.log(1 / (closest - 1)), count))
    v = disc(flow.section, radius, rng.uniform(0, 2 * np.pi, count))
    return points_of(flow.section.to_plane(v) * flow.body.chord)


def closed(flow, centre, radius, seed, count=512):
    """The integrals of V dz along a smooth closed curve, counter-clockwise: circulation + i flux."""
    angle, rng = 2 * np.pi * np.arange(count) / count, np.random.default_rng(seed)
    lobes, phase, size = rng.integers(1, 5), rng.uniform(0, 6), rng.uniform(0, 0.2)
    r = radius * (1 + size * np.cos(lobes * angle + phase))
    slope = -radius * size * lobes * np.sin(lobes * angle + phase)
    curve, along = centre + r * np.exp(1j * angle), (slope + 1j * r) * np.exp(1j * angle)
    velocity = complex_of(flow.velocity(points_of(curve * flow.body.chord))) / flow.body.chord
    return (velocity.conj() * along).mean() * 2 * np.pi


@given(aerofoils | circles, seeds)
def test_the_map_and_its_inverse_are_inverse_at_any_distance(section, seed):
    rng = np.random.default_rng(seed)
    radius = 1 + np.exp(rng.uniform(np.log(1e-6), np.log(100), 300))
    v = disc(section, radius, rng.uniform(0, 2 * np.pi, 300))
    plane = section.to_plane(v)
    np.testing.assert_allclose(section.to_disc(plane), v, rtol=1e-6, atol=1e-7)  # measured 4e-9: the edge is a root
    np.testing.assert_allclose(section.to_plane(section.to_disc(plane)), plane, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@settings(max_examples=40)
@given(aerofoils | circles, seeds)
def test_outside_is_outside_of_the_wall_however_it_is_cambered(section, seed):
    """The chord line of a cambered section leaves it, and so would a cut along it."""
    rng = np.random.default_rng(seed)
    wall = shapely.linearrings(points_of(section.wall(4000)))
    points = rng.uniform([-0.3, -0.6], [1.3, 0.6], (500, 2))
    points[:200, 1] = 0  # on the chord line
    points = points[shapely.distance(wall, shapely.points(points)) > 1e-3]
    inside = shapely.contains(shapely.polygons(wall), shapely.points(points))
    assert inside.any() and not inside.all()
    np.testing.assert_array_equal(section.excludes(complex_of(points)), ~inside)


@given(aerofoils)
def test_the_chord_is_one_and_the_trailing_edge_has_its_angle(section):
    nose = np.angle((-1 - 2 * section.thickness - complex(-section.thickness, section.camber)) / section.spoke)
    np.testing.assert_allclose(section.wall_at(np.array([0.0, nose])), [1, 0], atol=1e-12)
    wall = section.wall(4000)
    assert np.abs(wall - 1).max() < 1 + 0.02 * section.camber**2 / section.thickness + 1e-12
    upper, lower = section.wall_at(np.array([1e-5, -1e-5])) - 1
    np.testing.assert_allclose(abs(np.angle(upper / lower)), section.edge, atol=1e-3)


@given(flows)
def test_nothing_flows_through_the_wall(flow):
    angle, h = np.linspace(0.05, 2 * np.pi - 0.05, 300), 1e-4
    step = [flow.section.wall_at(angle + k * h) * flow.body.chord for k in (-2, -1, 1, 2)]
    tangent = step[0] - 8 * step[1] + 8 * step[2] - step[3]
    velocity = complex_of(flow.velocity(points_of(flow.section.wall_at(angle) * flow.body.chord)))
    through = (velocity * tangent.conj()).imag / abs(tangent)
    assert np.abs(through).max() < 1e-8 * np.abs(velocity).max()  # measured 1.1e-10


@given(lifting, seeds)
def test_the_flow_leaves_the_trailing_edge_at_a_finite_speed(flow, seed):
    """By theory as a power of the distance: the sides stand still there at any angle but none."""
    share = np.random.default_rng(seed).uniform(0.01, 0.99, 50)
    lower, upper = np.angle(flow.section.wall_at(np.array([-1e-9, 1e-9])) - 1)
    turn = np.exp(1j * (lower + share * ((upper - lower) % (2 * np.pi))))
    speeds = [np.hypot(*flow.velocity(points_of((1 + r * turn) * flow.body.chord)).T) for r in (1e-6, 1e-9)]
    power = 2 / flow.section.power - 1
    np.testing.assert_allclose(np.log(speeds[0] / speeds[1]) / np.log(1e3), power, atol=2e-3)
    assert np.hypot(*flow.velocity(points_of(flow.body.wall(3)[:1]))[0]) < speeds[1].max()


@given(flows, seeds)
def test_divergence_and_rotation_vanish_as_the_square_of_the_step(flow, seed):
    points, errors = around(flow, seed, closest=1.3), []
    for h in (1e-3, 5e-4):
        dx, dy = ((flow.velocity(points + s) - flow.velocity(points - s)) / (2 * h) for s in h * np.eye(2))
        errors.append(np.hypot(np.linalg.norm(dx[:, 0] + dy[:, 1]), np.linalg.norm(dx[:, 1] - dy[:, 0])))
    gradient = np.linalg.norm(dx)
    assert errors[1] < 1e-3 * gradient  # measured 4.2e-4
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=1e-3)  # measured 1e-6


@given(flows, seeds)
def test_the_circulation_of_any_curve_around_the_section_is_one_and_of_others_none(flow, seed):
    around, beside = closed(flow, 0.5, 2.0, seed), closed(flow, 0.5 + 2j, 0.8, seed)
    np.testing.assert_allclose([around, beside], [-flow.circulation, 0], atol=1e-12 * flow.speed)  # measured 3.3e-15


@settings(max_examples=40)
@given(flows)
def test_wall_pressure_lifts_by_kutta_joukowski_and_does_not_drag(flow):
    errors, lift = [], flow.lift * 1j * np.exp(1j * flow.direction)
    for count in (1000, 2000):
        wall = points_of(flow.body.wall(count))
        pressure, side = flow.fields(wall)["pressure"], complex_of(np.roll(wall, -1, axis=0) - wall)
        force = (1j * side * (pressure + np.roll(pressure, -1)) / 2).sum()  # the body is on the left of its wall
        errors.append(abs(force - lift) / flow.speed**2)
    assert errors[1] < 1e-4  # measured 3.6e-5
    assert errors[1] < errors[0] / 3.8 + 1e-12  # of second order; measured 3.94
    assert abs(complex(*flow.forces(2000)[0]) - lift) < 1e-4 * flow.speed**2  # measured 9e-6
    assert flow.lift_coefficient == pytest.approx(2 * flow.lift / flow.speed**2, rel=1e-12)


@given(flows)
def test_far_away_it_is_the_inflow_and_a_vortex(flow):
    angle, rests = np.linspace(0, 2 * np.pi, 50), []
    for radius in (100.0, 1000.0):
        place = radius * np.exp(1j * angle)
        velocity = complex_of(flow.velocity(points_of(place)))
        disturbed = velocity - complex_of(flow.inflow[None])
        vortex = -1j * flow.circulation * place / (2 * np.pi * radius**2)
        rests.append(np.linalg.norm(disturbed - vortex) / flow.speed)
    np.testing.assert_allclose(rests[0] / rests[1], 100, rtol=1e-2)  # measured 3e-4


@given(circles, *rest, seeds)
def test_the_circle_is_the_one_of_the_books(section, direction, speed, seed):
    flow = Flow(section, 0.0, direction, speed)
    points = around(flow, seed, closest=1.0001)
    ahead = np.exp(1j * direction)
    from_centre = complex_of(points) / ahead - 0.5
    exact = (speed * (1 - 0.25 / from_centre**2)).conj() * ahead
    np.testing.assert_allclose(flow.velocity(points), points_of(exact), atol=1e-10 * speed)
    assert flow.circulation == flow.lift == 0
    np.testing.assert_allclose(abs(flow.body.wall(60) / ahead - 0.5), 0.5, rtol=1e-12)


@given(flows, st.floats(-10, 10), st.floats(0.1, 10), seeds)
def test_it_turns_mirrors_and_scales_with_the_inflow(flow, angle, factor, seed):
    points = around(flow, seed)
    fields = flow.fields(points)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    mirror = np.array([[1.0, 0.0], [0.0, -1.0]])
    section = Section(flow.section.thickness, -flow.section.camber, flow.section.edge)
    turned = Flow(flow.section, flow.incidence, flow.direction + angle, flow.speed)
    mirrored = Flow(section, -flow.incidence, -flow.direction, flow.speed)
    faster = Flow(flow.section, flow.incidence, flow.direction, flow.speed * factor)
    for other, axes, by in ((turned, turn, 1.0), (mirrored, mirror, 1.0), (faster, np.eye(2), factor)):
        again = other.fields(points @ axes)
        np.testing.assert_allclose(again["velocity"], by * fields["velocity"] @ axes, atol=1e-9 * other.speed)
        np.testing.assert_allclose(again["pressure"], by**2 * fields["pressure"], atol=1e-8 * other.speed**2)
        np.testing.assert_allclose(other.inflow, by * flow.inflow @ axes, atol=1e-12 * other.speed)
        lift = -flow.lift if other is mirrored else by**2 * flow.lift
        np.testing.assert_allclose(other.lift, lift, atol=1e-12 * other.speed**2)
