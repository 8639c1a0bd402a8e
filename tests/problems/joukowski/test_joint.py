"""Flow around several bodies against that around one, around two circles by images, and what every flow is."""

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import SolverError
from enf2enf.problems.joukowski.body import Body, complex_of, points_of
from enf2enf.problems.joukowski.flow import Flow
from enf2enf.problems.joukowski.joint import JointFlow
from enf2enf.problems.joukowski.placing import GAP, distance
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.problems.joukowski.section import Section

pytestmark = pytest.mark.slow

CIRCLE = Section(1.0, 0.0, np.pi)
seeds = st.integers(0, 2**32 - 1)
singles = seeds.map(lambda seed: Joukowski("one").draw(seed, 0, 0)[0])
pairs = seeds.map(lambda seed: Joukowski("two").draw(seed, 0, 0)[0])
few = settings(max_examples=12)


def around(bodies, seed, count=200, closest=1e-3):
    """Points outside all bodies, at any distance from the walls."""
    rng, found = np.random.default_rng(seed), []
    for body in bodies:
        angle, far = rng.uniform(0, 2 * np.pi, (2, count)), np.exp(rng.uniform(np.log(closest), 1, count))
        found.append(body.wall_at(angle[0]) + far * np.exp(1j * angle[1]))
    points, walls = np.concatenate(found), [points_of(body.wall(2000)) for body in bodies]
    gaps = [shapely.distance(shapely.polygons(wall), shapely.points(points_of(points))) for wall in walls]
    return points_of(points[np.min(gaps, axis=0) > closest])


def alone(flow):
    """The series for the one body of a flow whose closed form is known."""
    return JointFlow(flow.bodies, flow.direction, flow.speed)


@few
@given(singles, seeds)
def test_around_one_body_it_is_the_closed_form(flow, seed):
    points, series = around(flow.bodies, seed), alone(flow)
    np.testing.assert_allclose(series.velocity(points), flow.velocity(points), atol=1e-9 * flow.speed)  # measured 1e-11
    np.testing.assert_allclose(series.circulation, flow.circulation, atol=1e-10 * flow.speed)  # 4e-12
    assert flow.error(points) is None and series.error(points) < 1e-9  # measured 5e-11


@settings(max_examples=5)
@given(pairs, seeds)
def test_bodies_far_from_each_other_do_not_feel_each_other(pair, seed):
    """But for the vortex of the other one, which falls as 1 / distance."""
    main, other = pair.bodies
    section, incidence = main.section, pair.direction - np.angle(main.chord)
    exact, points, errors = Flow(section, incidence, pair.direction, pair.speed), around((main,), seed), []
    for far in (1e2, 1e3):
        flow = dataclasses.replace(pair, bodies=(main, dataclasses.replace(other, nose=far * np.exp(1j * seed))))
        errors.append(np.abs(flow.velocity(points) - exact.velocity(points)).max() / pair.speed)
    assert errors[0] < 0.05  # measured 0.017
    assert errors[1] < errors[0] / 8 + 1e-10  # measured 9.5


def images(circles, inflow, points, count=60):
    """Potential flow around two circles without circulation: doublets, mirrored in one circle after the other."""
    velocity = np.full(points.shape, inflow.conjugate())
    for first in (0, 1):
        centre, radius = circles[first]
        place, strength = centre, inflow * radius**2
        for number in range(count):
            velocity -= strength / (points - place) ** 2
            centre, radius = circles[(first + number + 1) % 2]
            away = (place - centre).conjugate()
            place, strength = centre + radius**2 / away, -strength.conjugate() * (radius / away) ** 2
    return velocity.conj()


@few
@given(st.floats(0.05, 2), st.floats(0.03, 1), st.floats(-4, 4), st.floats(-4, 4), seeds)
def test_two_circles_are_those_of_the_method_of_images(size, gap, bearing, direction, seed):
    centre = 0.5 + (0.5 + gap + size / 2) * np.exp(1j * bearing)
    bodies = (Body(CIRCLE, 0.0, 1.0), Body(CIRCLE, centre - size / 2, size))
    flow, points = JointFlow(bodies, direction, 3.0), around(bodies, seed)
    exact = images([(0.5 + 0j, 0.5), (centre, size / 2)], 3.0 * np.exp(1j * direction), complex_of(points))
    np.testing.assert_allclose(flow.velocity(points), points_of(exact), atol=5e-6)  # measured 5e-7
    np.testing.assert_allclose(flow.circulations, 0, atol=1e-12)


@few
@given(pairs, seeds)
def test_nothing_flows_through_either_wall(flow, seed):
    angle, h = np.random.default_rng(seed).uniform(0.1, 2 * np.pi - 0.1, 300), 1e-4
    for body in flow.bodies:
        step = [body.wall_at(angle + k * h) for k in (-2, -1, 1, 2)]
        tangent = step[0] - 8 * step[1] + 8 * step[2] - step[3]
        velocity = complex_of(flow.velocity(points_of(body.wall_at(angle))))
        through = (velocity * tangent.conj()).imag / abs(tangent)
        assert np.sqrt((through**2).mean()) < 5e-6 * flow.speed  # measured 4e-7


@few
@given(pairs, seeds)
def test_either_trailing_edge_is_left_at_a_finite_speed(flow, seed):
    """By theory as a power of the distance: the sides stand still there at any angle but none."""
    share = np.random.default_rng(seed).uniform(0.01, 0.99, 50)
    for body in flow.bodies:
        if body.section.edge == np.pi:
            continue
        lower, upper = np.angle(body.section.wall_at(np.array([-1e-9, 1e-9])) - 1)
        turn = np.exp(1j * (lower + share * ((upper - lower) % (2 * np.pi))))
        places = [points_of(body.outward(1 + r * turn)) for r in (1e-5, 1e-7)]
        speeds = [np.hypot(*flow.velocity(place).T) for place in places]
        power = 2 / body.section.power - 1
        np.testing.assert_allclose(np.log(speeds[0] / speeds[1]) / np.log(1e2), power, atol=5e-3)  # measured 9e-4


@few
@given(pairs)
def test_the_circulation_around_a_body_is_its_own_and_of_other_curves_none(flow):
    """Around a circle a little larger than that of a section; and around one beside both."""
    for body, circulation in zip(flow.bodies, flow.circulations, strict=True):
        arc = body.section.spoke * (1.01 * np.exp(2j * np.pi * np.arange(4096) / 4096) - 1)
        curve = body.outward(body.section.to_plane(arc / (2 + arc)))
        velocity = complex_of(flow.velocity(points_of((curve + np.roll(curve, -1)) / 2)))
        around = (velocity.conj() * (np.roll(curve, -1) - curve)).sum()
        np.testing.assert_allclose(around, -circulation, atol=5e-6 * flow.speed)  # measured 5e-7
        if body.section.edge == np.pi:
            assert abs(circulation) < 1e-12 * flow.speed
    circle = np.exp(2j * np.pi * np.arange(256) / 256)
    beside = complex_of(flow.velocity(points_of(5j + 2 * circle)))
    np.testing.assert_allclose((beside.conj() * circle).mean(), 0, atol=1e-12 * flow.speed)  # measured 4e-14


@few
@given(pairs)
def test_pressure_on_both_walls_lifts_by_kutta_joukowski_and_does_not_drag(flow):
    force = flow.forces().sum(axis=0)
    left = np.array([-np.sin(flow.direction), np.cos(flow.direction)])
    np.testing.assert_allclose(force, flow.lift * left, atol=5e-6 * flow.speed**2)  # measured 6e-7
    assert flow.lift == pytest.approx(flow.speed * flow.circulations.sum(), rel=1e-12, abs=1e-12)


@few
@given(pairs)
def test_far_away_it_is_the_inflow_and_one_vortex(flow):
    angle, rests = np.linspace(0, 2 * np.pi, 50), []
    for radius in (10.0, 100.0):
        place = radius * np.exp(1j * angle)
        disturbed = complex_of(flow.velocity(points_of(place)) - flow.inflow)
        vortex = -1j * flow.circulation * place / (2 * np.pi * radius**2)
        rests.append(np.linalg.norm(disturbed - vortex) / flow.speed)
    np.testing.assert_allclose(rests[0] / rests[1], 100, rtol=0.15)  # measured 7e-2: what is next


@few
@given(pairs, st.floats(-10, 10), st.floats(0.1, 10), seeds)
def test_it_turns_mirrors_and_scales_with_the_inflow(flow, angle, factor, seed):
    points = around(flow.bodies, seed)
    fields, turn, mirror = flow.fields(points), np.exp(1j * angle), np.array([[1.0, 0.0], [0.0, -1.0]])
    axes = np.array([[turn.real, turn.imag], [-turn.imag, turn.real]])
    turned = [Body(body.section, body.nose * turn, body.chord * turn) for body in flow.bodies]
    mirrored = [
        Body(dataclasses.replace(body.section, camber=-body.section.camber), np.conj(body.nose), np.conj(body.chord))
        for body in flow.bodies
    ]
    for other, axis, by in (
        (JointFlow(tuple(turned), flow.direction + angle, flow.speed), axes, 1.0),
        (JointFlow(tuple(mirrored), -flow.direction, flow.speed), mirror, 1.0),
        (dataclasses.replace(flow, speed=flow.speed * factor), np.eye(2), factor),
    ):
        again = other.fields(points @ axis)
        np.testing.assert_allclose(again["velocity"], by * fields["velocity"] @ axis, atol=1e-6 * other.speed)  # 2e-7
        np.testing.assert_allclose(again["pressure"], by**2 * fields["pressure"], atol=1e-6 * other.speed**2)


@settings(max_examples=4)
@given(pairs, seeds)
def test_its_own_error_is_that_against_many_more_terms_and_small(flow, seed):
    points = around(flow.bodies, seed)
    fields, exact = flow.fields(points), dataclasses.replace(flow, terms=216).fields(points)
    error = max(np.linalg.norm(fields[key] - exact[key]) / np.linalg.norm(exact[key]) for key in fields)
    assert error < 1e-4  # measured 2e-5
    np.testing.assert_allclose(flow.error(points), error, rtol=0.3, atol=1e-6)  # measured 0.14


def test_a_small_body_close_to_a_large_one_takes_more_terms():
    flow, _ = Joukowski("two").draw(0, 52, 0)  # at a gap of 0.03; 64 terms alone are wrong by a tenth
    exact = dataclasses.replace(flow, terms=216).circulations
    np.testing.assert_allclose(flow.circulations, exact, atol=1e-4 * flow.speed)


def test_second_bodies_are_near_the_first_and_never_touch_it():
    for index in range(200):
        main, other = Joukowski("two").draw(0, index, 0)[0].bodies
        assert main == Joukowski("one").draw(0, index, 0)[0].body
        assert GAP[0] <= distance(main, other) <= GAP[1] * (1 + 1e-3)


def test_bodies_that_all_but_touch_are_refused():
    bodies = (Body(CIRCLE, 0.0, 1.0), Body(CIRCLE, 1.0 + 1e-7, 1.0))
    with pytest.raises(SolverError, match="flow around several bodies: expected a solution with 301 terms, got a str"):
        JointFlow(bodies, np.pi / 2, 1.0, terms=301).velocity(np.zeros((1, 2)))
