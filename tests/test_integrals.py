"""Lift, drag and moment of answers: exact where pressures are, the same in every frame, and the same from a server."""

import dataclasses

import flows
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import load
from enf2enf.errors import SchemaError
from enf2enf.forces import integrals
from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane.chord import chord
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.flow import Flow
from enf2enf.problems.joukowski.section import Section
from enf2enf.schema import Integrals, Quantity, Schema

SPEED = (("inflow", 2.0),)
SCHEMA = Schema(
    2,
    (Quantity("inflow", "vector", "m/s"),),
    (
        Quantity("p", scales_with=SPEED, on="wall"),
        Quantity("tau", "vector", scales_with=SPEED, on="wall"),
        Quantity("q"),
    ),
    outer_is_far=True,
    length=1.0,
    integrals=Integrals("p", "inflow", "tau"),
)
TURNED = st.tuples(st.floats(-3, 3), st.booleans(), st.floats(-9, 9), st.floats(-9, 9))
some = settings(max_examples=10)


def moved(angle: float, mirror: bool) -> np.ndarray:
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return axes @ np.diag([1.0, -1.0 if mirror else 1.0])


@some
@given(st.floats(0.06, 0.2), st.floats(-0.1, 0.1), st.floats(-0.15, 0.15), st.floats(-3, 3))
def test_of_an_exact_pressure_lift_is_exact_and_acts_where_its_moment_says(thickness, camber, incidence, direction):
    flow = Flow(Section(thickness, camber, 0.2), incidence, direction, 7.0)
    geometry = Geometry.of([points_of(flow.body.wall(800))])
    middle = points_of(flow.body.wall(1600)[1::2])
    fields = {"p": flow.fields(middle)["pressure"], "tau": np.zeros((800, 2))}
    found = integrals(SCHEMA, geometry, fields, {"inflow": flow.inflow})
    np.testing.assert_allclose(found["C_L"], flow.lift_coefficient, atol=2e-3)
    np.testing.assert_allclose([found["C_D"], found["C_D_pressure"]], 0, atol=2e-3)
    if abs(found["C_L"]) < 1e-3:
        return
    leading, trailing = chord(geometry.walls, flow.inflow / 7.0)
    along = trailing - leading
    place = leading + found["x_cp"] * along  # about it there is no moment
    sides = WallSides.of(geometry)
    force = -(fields["p"] * sides.lengths)[:, None] * sides.normals
    arm = sides.midpoints - place
    moments = arm[:, 0] * force[:, 1] - arm[:, 1] * force[:, 0]
    assert abs(moments.sum()) < 1e-3 * np.abs(moments).sum() + 1e-9


def test_a_thin_section_carries_its_lift_at_the_quarter_chord_and_raises_its_nose_about_the_half():
    flow = Flow(Section(0.03, 0.0, 0.07), 0.08, 0.0, 1.0)
    geometry = Geometry.of([points_of(flow.body.wall(2000))])
    fields = {"p": flow.fields(points_of(flow.body.wall(4000)[1::2]))["pressure"], "tau": np.zeros((2000, 2))}
    found = integrals(SCHEMA, geometry, fields, {"inflow": flow.inflow})
    assert found["C_L"] > 0.4 and abs(found["x_cp"] - 0.25) < 0.03 and abs(found["C_m"]) < 0.03 * found["C_L"]
    leading, trailing = chord(geometry.walls, np.array([1.0, 0.0]))
    assert leading[0] < trailing[0]
    sides = WallSides.of(geometry)
    pushed_up = (sides.normals[:, 1] < 0) & (sides.midpoints[:, 0] < leading[0] + 0.25)
    fields["p"] = pushed_up.astype(float)
    assert integrals(SCHEMA, geometry, fields, {"inflow": flow.inflow})["C_m"] > 0


@some
@given(seed=st.integers(0, 99), motion=TURNED)
def test_they_turn_and_move_with_everything_and_a_mirror_changes_what_has_a_sense(seed, motion):
    angle, mirror, x, y = motion
    axes, shift, random = moved(angle, mirror), np.array([x, y]), np.random.default_rng(seed)
    loop = flows.bodies(random, 1)[0]
    here, there = Geometry.of([loop]), Geometry.of([loop @ axes.T + shift])
    pressure, shear, inflow = random.normal(size=48), random.normal(size=(48, 2)), random.normal(size=2)
    apart = np.linalg.norm(
        WallSides.of(there).midpoints[:, None] - WallSides.of(here).midpoints @ axes.T - shift, axis=2
    )
    gone = apart.argmin(axis=1)
    one = integrals(SCHEMA, here, {"p": pressure, "tau": shear}, {"inflow": inflow})
    other = integrals(SCHEMA, there, {"p": pressure[gone], "tau": shear[gone] @ axes.T}, {"inflow": axes @ inflow})
    sign = -1 if mirror else 1
    expected = one | {"C_L": sign * one["C_L"], "C_m": sign * one["C_m"]}
    assert other.keys() == expected.keys()
    np.testing.assert_allclose(list(other.values()), list(expected.values()), rtol=1e-6, atol=1e-8)


def test_walls_add_up():
    random = np.random.default_rng(3)
    geometry = Geometry.of(flows.bodies(random, 3))
    fields = {"p": random.normal(size=144), "tau": random.normal(size=(144, 2))}
    found = integrals(SCHEMA, geometry, fields, {"inflow": [2.0, 1.0]})
    for name in ("C_L", "C_D"):
        np.testing.assert_allclose(sum(found[f"{name}_{wall}"] for wall in range(3)), found[name], rtol=1e-9)


def test_every_diameter_of_a_circle_is_its_chord_the_one_along_the_inflow_counts():
    angle = 2 * np.pi * np.arange(90) / 90
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for direction in (0.0, 1.0, 4.0):
        along = np.array([np.cos(direction), np.sin(direction)])
        leading, trailing = chord([circle], along)
        np.testing.assert_allclose([leading @ along, trailing @ along], [-1, 1], atol=2e-3)


@pytest.mark.parametrize(
    "centres", [[(-1, 0.4), (1, 0.4)], [(-1, 0), (1, 0.4)], [(-1, 0), (1, 0.1)]], ids=["a square", "a fork", "near"]
)
@given(TURNED)
def test_where_chords_on_either_side_are_as_near_to_the_inflow_theirs_is_between(centres, motion):
    """Of bodies that mirror each other in the inflow: one is as good as the other, and rounding would choose."""
    body = flows.bodies(np.random.default_rng(0), 1)[0]
    body = (body - body.mean(axis=0)) / np.ptp(body) / 10
    bodies = [(body + centre) * [1, sign] for centre in centres for sign in (1, -1)]
    along, axes = np.array([1.0, 0.0]), moved(*motion[:2])
    ends = chord(bodies, along)
    np.testing.assert_allclose(ends[:, 1], 0, atol=1e-12)
    there = chord([loop @ axes.T + motion[2:] for loop in bodies], axes @ along)
    np.testing.assert_allclose(there, ends @ axes.T + motion[2:], atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("frames", [flows.INFLOW], ids=["inflow"])
def test_an_answer_carries_them_wherever_it_was_asked(frames):
    schema = dataclasses.replace(flows.SCHEMA, integrals=Integrals("pressure", "inflow"))
    surrogate = flows.surrogate(schema=schema, frames=frames)
    geometry = Geometry.of(flows.bodies(np.random.default_rng(0), 2))
    shape = surrogate.encode(geometry)
    wall, evaluator = surrogate.decode(shape, flows.GIVEN, "wall"), surrogate.evaluator(shape, flows.GIVEN)
    axes = surrogate.config.frames.axes(schema, surrogate.condition_row(flows.GIVEN))
    frame = surrogate.config.frames.of(geometry, surrogate.normaliser.length, axes)[0]
    sides = WallSides.smooth(geometry, surrogate.config.panels, frame, surrogate.config.turning)
    fields = schema.field_columns.split(evaluator.on_wall(sides.midpoints))
    expected = integrals(schema, geometry, fields, {"inflow": np.array(flows.GIVEN["inflow"])}, sides)
    assert expected == wall.integrals == surrogate.decode(shape, flows.GIVEN, [[1.0, 1.0]]).integrals
    assert wall.to_dict()["integrals"] == expected
    assert "integrals" not in flows.surrogate().predict(geometry, flows.GIVEN, [[1.0, 1.0]]).to_dict()


@some
@given(TURNED, st.integers(1, 3))
def test_smooth_sides_are_those_of_the_walls_in_their_order_and_enclose_nothing_but_them(motion, count):
    axes = moved(*motion[:2])
    loops = [loop @ axes.T + motion[2:] for loop in flows.bodies(np.random.default_rng(count), count)]
    geometry = Geometry.of(loops)
    sides = WallSides.smooth(geometry, 300, Frame(np.array([0.3, 0.1]), moved(1.0, False), 0.7), 0.7)
    assert len(sides.lengths) == 300 and np.unique(sides.walls).tolist() == list(range(count))
    for number, wall in enumerate(geometry.walls):
        own = sides.walls == number
        assert shapely.Polygon(wall).buffer(0.02).covers(shapely.multipoints(sides.midpoints[own]))
        np.testing.assert_allclose(sides.lengths[own] @ sides.normals[own], 0, atol=1e-12)
        np.testing.assert_allclose(sides.lengths[own].sum(), shapely.Polygon(wall).length, rtol=0.02)
        apart = ((sides.midpoints[own] - wall.mean(axis=0)) * sides.normals[own]).sum(axis=1)
        np.testing.assert_allclose(apart @ sides.lengths[own] / 2, shapely.Polygon(wall).area, rtol=0.02)


def test_the_chord_keeps_its_digits_far_from_the_origin():
    wall = FourDigits(2, 4, 12).wall(60, 2e-3, 2e-3)[:-1]
    here, along = chord([wall], np.array([1.0, 0.1])), np.array([1.0, 0.1])
    for away in (1e3, 3e7, 1e8):
        np.testing.assert_allclose(chord([wall + away], along) - away, here, atol=4e-16 * away)


@pytest.mark.slow
def test_drag_hardly_depends_on_how_finely_a_file_cuts_a_section():
    surrogate, found = load("aerofoil"), []
    fine = FourDigits(2, 4, 12).wall(400, 2e-4, 2e-4)
    nose = int(np.argmin(fine[:, 0]))
    given_ = {"inflow": {"magnitude": 50.0, "angle_deg": 8.0}, "viscosity": 1.56e-5}
    for count in (30, 60, 300):
        x = (1 - np.cos(np.linspace(0, np.pi, count + 1))) / 2
        lower, upper = (
            np.stack([x, np.interp(x, *side[np.argsort(side[:, 0])].T)], axis=1) for side in np.split(fine, [nose])
        )
        found.append(surrogate.predict([np.concatenate([lower[::-1], upper[1:-1]])], given_, [[2.0, 0.0]]).integrals)
    for name in ("C_L", "C_D", "C_m"):
        np.testing.assert_allclose([one[name] for one in found], found[-1][name], rtol=5e-3)


BAD = {
    "no such field": (
        Integrals("lift", "inflow"),
        r"pressure of the integrals: .*scalar fields on walls \['p'\], got",
    ),
    "a vector": (Integrals("tau", "inflow"), "pressure of the integrals"),
    "in the domain": (Integrals("q", "inflow"), "pressure of the integrals"),
    "a scalar shear": (Integrals("p", "inflow", "p"), r"shear of the integrals: .*the vector fields on walls"),
    "no inflow": (Integrals("p", ""), r"inflow of the integrals: .*the vector conditions \['inflow'\], got ''"),
    "no density": (Integrals("p", "inflow", density="rho"), "density of the integrals: .*the scalar conditions"),
    "a number": (Integrals(3, "inflow"), "pressure of the integrals"),
}


@pytest.mark.parametrize("sin", BAD)
def test_names_of_nothing_are_refused(sin):
    given_, sentence = BAD[sin]
    with pytest.raises(SchemaError, match=sentence):
        dataclasses.replace(SCHEMA, integrals=given_)


@pytest.mark.parametrize("plain", [{"pressure": "p"}, {"pressure": "p", "inflow": "inflow", "drag": "q"}, ["p"]])
def test_tables_of_something_else_are_refused(plain):
    with pytest.raises(SchemaError, match="integrals"):
        Schema.from_dict(SCHEMA.to_dict() | {"integrals": plain})


def test_a_schema_keeps_them():
    assert Schema.from_dict(SCHEMA.to_dict()) == SCHEMA
    with pytest.raises(
        SchemaError,
        match="integrals: expected a reference length of the schema, by which they are coefficients, got none",
    ):
        dataclasses.replace(SCHEMA, length=None)


@given(thickness=st.floats(0.03, 0.15), sides=st.integers(20, 120), angle=st.floats(-1.5, 1.5), turn=st.floats(0, 6.3))
def test_the_chord_of_a_section_is_the_same_at_any_incidence(thickness, sides, angle, turn):
    """From its edge to where it is farthest from that; between both corners, where the edge is cut off."""
    around = 2 * np.pi * np.arange(2 * sides) / (2 * sides)
    x = (1 + np.cos(around)) / 2
    section = np.stack([x, thickness * np.sin(around) * (1 - x + 0.1)], axis=1)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    along = np.array([np.cos(angle), np.sin(angle)]) @ axes
    np.testing.assert_allclose(chord([section @ axes], along), np.array([[0, 0], [1, 0]]) @ axes, atol=1e-9)
    blunt = section[x < 0.9]
    leading, trailing = chord([blunt @ axes], along) @ axes.T
    np.testing.assert_allclose([leading[1], *trailing], [0, blunt[:, 0].max(), 0], atol=1e-9)
