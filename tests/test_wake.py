"""Drag in the wake: that of momentum which is missing, none in potential flow, and the same in every frame."""

import dataclasses
import math

import flows
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import load
from enf2enf.errors import SchemaError
from enf2enf.geometry import Geometry
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.flow import Flow
from enf2enf.problems.joukowski.section import Section
from enf2enf.problems.thickness import half_thickness
from enf2enf.schema import Integrals, Quantity, Schema
from enf2enf.wake import across_wake, drags_apart, in_wake, wake_drag

SCHEMA = Schema(
    2,
    (Quantity("inflow", "vector", "m/s"), Quantity("rho", unit="kg/m3")),
    (Quantity("u", "vector", "m/s"), Quantity("p"), Quantity("p_wall", on="wall")),
    outer_is_far=True,
    length=1.0,
    integrals=Integrals("p_wall", "inflow", density="rho", velocity="u", domain_pressure="p"),
)
some = settings(max_examples=20)


@some
@given(st.floats(0.1, 0.9), st.floats(0.01, 0.06), st.floats(-3, 3), st.floats(0.1, 80), st.floats(0.2, 5))
def test_where_the_pressure_is_that_of_the_inflow_it_is_the_momentum_that_is_missing(depth, width, angle, speed, chord):
    """Of a wake of Gaussian shape: the integral of u (U - u), which is known."""
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.linspace(-0.5, 0.5, 400) * chord
    slower = depth * np.exp(-((across / (width * chord)) ** 2))
    velocity = speed * (1 - slower)[:, None] * along
    found = wake_drag(across[:, None] * [-along[1], along[0]], velocity, np.zeros(400), speed * along, chord)
    exact = 2 * width * np.sqrt(np.pi) * (depth - depth**2 / np.sqrt(2))
    np.testing.assert_allclose(found, exact, rtol=2e-2)  # the faint edges are left out


@some
@given(st.floats(0.06, 0.2), st.floats(-0.1, 0.1), st.floats(-0.15, 0.15), st.floats(-3, 3), st.floats(0.5, 2.0))
def test_potential_flow_of_any_lift_loses_nothing(thickness, camber, incidence, direction, density):
    flow = Flow(Section(thickness, camber, 0.2), incidence, direction, 7.0)
    geometry = Geometry.of([points_of(flow.body.wall(200))])
    given_ = {"inflow": flow.inflow, "rho": density}
    points = across_wake(SCHEMA, geometry, given_)
    assert geometry.contains(points).all()
    fields = flow.fields(points)
    known = {"u": fields["velocity"], "p": density * fields["pressure"]}
    assert in_wake(SCHEMA, points, known, given_, 0.5) == pytest.approx({"C_D_wake": 0.0, "C_D_mean": 0.25}, abs=1e-9)


def test_it_is_behind_all_walls_and_reaches_beside_them():
    geometry = Geometry.of(flows.bodies(np.random.default_rng(0), 3))
    vertices = np.concatenate(geometry.walls)
    for angle in (0.0, 2.0, -1.0):
        axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        along, across = axes @ across_wake(SCHEMA, geometry, {"inflow": 3 * axes[0], "rho": 1.0}).T
        furthest, beside = axes @ vertices.T
        np.testing.assert_allclose(along, furthest.max() + 0.3)
        np.testing.assert_allclose([across.min(), across.max()], [beside.min() - 0.4, beside.max() + 0.4])


@pytest.mark.slow
def test_an_answer_carries_it_beside_the_drag_on_the_walls_nan_where_nothing_is_known():
    named = Integrals("pressure", "inflow", velocity="velocity", domain_pressure="viscosity")
    schema = dataclasses.replace(flows.SCHEMA, integrals=named)
    surrogate = flows.surrogate(schema=schema)
    geometry = Geometry.of(flows.bodies(np.random.default_rng(0), 1))
    found = surrogate.decode(surrogate.encode(geometry), flows.GIVEN, "wall").integrals
    points = across_wake(schema, geometry, flows.GIVEN)
    around = surrogate.decode(surrogate.encode(geometry), flows.GIVEN, points)
    expected = in_wake(schema, points, around.fields, flows.GIVEN, found["C_D"])
    assert expected == {name: found[name] for name in expected} and np.isfinite(list(expected.values())).all()
    gone = {name: np.where(np.arange(len(points)) == 7, np.nan, own.T).T for name, own in around.fields.items()}
    assert np.isnan(list(in_wake(schema, points, gone, flows.GIVEN, found["C_D"]).values())).all()


BAD = {
    "half": (Integrals("p_wall", "inflow", velocity="u"), r"domain_pressure of .*scalar fields in the domain \['p'\]"),
    "the other half": (Integrals("p_wall", "inflow", domain_pressure="p"), "velocity of the integrals"),
    "on walls": (Integrals("p_wall", "inflow", velocity="u", domain_pressure="p_wall"), "domain_pressure of"),
    "a scalar": (Integrals("p_wall", "inflow", velocity="p", domain_pressure="p"), "velocity of the integrals"),
}


@pytest.mark.parametrize("sin", BAD)
def test_names_of_nothing_are_refused(sin):
    named, sentence = BAD[sin]
    with pytest.raises(SchemaError, match=sentence):
        dataclasses.replace(SCHEMA, integrals=named)
    assert Schema.from_dict(SCHEMA.to_dict()) == SCHEMA


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_drags_that_contradict_each_other_are_told(on_walls, behind):
    told = drags_apart({"C_L": 0.3, "C_D": on_walls, "C_D_wake": behind})
    apart = abs(on_walls - behind)
    assert bool(told) == (apart > 1e-3 and apart > 0.15 * max(abs(on_walls), abs(behind)))
    assert not any(drags_apart({name: on_walls for name in names}) for names in ((), ("C_D",), ("C_D_wake",)))
    assert not drags_apart({"C_D": on_walls, "C_D_wake": math.nan})


def test_a_flow_that_has_separated_comes_with_a_warning_and_one_that_has_not_without():
    x = (1 - np.cos(np.linspace(0, np.pi, 61))) / 2
    half = 0.3 * half_thickness(x)
    wall = Geometry.of([np.concatenate([np.stack([x, -half], axis=1)[:-1], np.stack([x, half], axis=1)[:0:-1]])])
    surrogate = load("aerofoil")
    shape = surrogate.encode(wall)
    for degrees, warned in ((1, False), (12, True)):
        inflow = {"magnitude": 50, "angle_deg": degrees}
        answer = surrogate.decode(shape, {"inflow": inflow, "viscosity": 1.56e-5}, "wall")
        told = [warning for warning in answer.warnings if warning.startswith("C_D: expected the same on the walls")]
        assert len(told) == warned
