"""Forces against the theorems of Gauss and Archimedes, and against flows whose lift and moment are known."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import ConditionError, SchemaError
from enf2enf.forces import coefficients, forces
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.polygon import area
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.problems.joukowski.flow import Flow, complex_of, points_of
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.problems.joukowski.section import Section

some = settings(max_examples=25)
numbers = st.floats(-10, 10)
places = st.tuples(numbers, numbers).map(np.array)
AROUND = np.array([[-4.0, -2], [4, -3], [3, 4], [-3, 3]])


@st.composite
def walls(draw) -> list[np.ndarray]:
    """Two star-shaped polygons, or one and a wall around the domain."""
    rng, found = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), []
    for centre in (-1.5, 1.5):
        count = rng.integers(3, 21)
        angle = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.6, count)) / count
        radius = rng.uniform(0.3, 1, count)
        found.append(np.stack([centre + radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    return [found[0], AROUND] if draw(st.booleans()) else found


def geometry_of(loops: list[np.ndarray]) -> Geometry:
    return Geometry.of(loops, loops[1] if abs(area(loops[1])) > 10 else None)


def sides_of(loops: list[np.ndarray]) -> WallSides:
    return WallSides.of(geometry_of(loops))


def centroid(loop: np.ndarray) -> np.ndarray:
    ahead = np.roll(loop, -1, axis=0)
    cross = loop[:, 0] * ahead[:, 1] - loop[:, 1] * ahead[:, 0]
    return (cross[:, None] * (loop + ahead)).sum(axis=0) / (3 * cross.sum())


def cross(a: np.ndarray, b: np.ndarray) -> float:
    return a[0] * b[1] - a[1] * b[0]


@some
@given(walls(), numbers, places)
def test_a_constant_pressure_neither_pushes_nor_turns(loops, pressure, about):
    sides = sides_of(loops)
    on = forces(sides, np.full(len(sides.lengths), pressure), about=about)
    np.testing.assert_allclose(on.force, 0, atol=1e-12)  # measured 2e-14
    np.testing.assert_allclose(on.moment, 0, atol=1e-10)  # measured 2e-12


@some
@given(walls(), places, numbers, places)
def test_a_linear_pressure_lifts_what_it_is_in_at_its_centroid(loops, gradient, constant, about):
    """As a still fluid does, another one at each wall, and to rounding: of bodies as of what is around the domain."""
    geometry = geometry_of(loops)
    sides = WallSides.of(geometry)
    gradients = np.stack([gradient, 1 - 2 * gradient])
    pressure = (sides.midpoints * gradients[sides.walls]).sum(axis=1) + constant
    on = forces(sides, pressure, about=about)
    for wall, own, force, moment in zip(geometry.walls, gradients, on.force, on.moment, strict=True):
        np.testing.assert_allclose(force, -area(wall) * own, atol=1e-11)
        exact = cross(centroid(wall) - about, -area(wall) * own)
        np.testing.assert_allclose(moment, exact, atol=1e-9)  # measured 3e-12
    np.testing.assert_allclose(on.total_force, on.force.sum(axis=0))
    np.testing.assert_allclose(on.total_moment, on.moment.sum())


@some
@given(walls(), st.integers(0, 99), places)
def test_forces_do_not_depend_on_the_order_of_sides(loops, seed, about):
    """Those of a smooth curve come wall by wall, but not in the walls' order."""
    sides, rng = sides_of(loops), np.random.default_rng(seed)
    pressure, order = rng.normal(size=len(sides.lengths)), rng.permutation(len(sides.lengths))
    shuffled = WallSides(*(getattr(sides, part.name)[order] for part in dataclasses.fields(sides)))
    one, other = forces(sides, pressure, about=about), forces(shuffled, pressure[order], about=about)
    np.testing.assert_allclose(other.force, one.force, atol=1e-12)
    np.testing.assert_allclose(other.moment, one.moment, atol=1e-10)


@some
@given(walls(), places, places)
def test_a_constant_shear_pulls_along_at_the_middle_of_the_wall(loops, shear, about):
    sides = sides_of(loops)
    none = np.zeros(len(sides.lengths))
    on = forces(sides, none, np.tile(shear, (len(none), 1)), about)
    for number in range(2):
        own = sides.walls == number
        length = sides.lengths[own].sum()
        middle = sides.lengths[own] @ sides.midpoints[own] / length
        np.testing.assert_allclose(on.force[number], length * shear, atol=1e-11)
        np.testing.assert_allclose(on.moment[number], cross(middle - about, length * shear), atol=1e-10)


@some
@given(walls(), st.integers(0, 99), places, places, st.floats(-4, 4), st.booleans())
def test_forces_turn_and_move_with_the_walls_and_moments_change_sign_in_a_mirror(loops, seed, about, to, angle, mirror):
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    axes = axes @ np.diag([1.0, -1.0 if mirror else 1.0])
    here, there = sides_of(loops), sides_of([loop @ axes.T + to for loop in loops])
    rng = np.random.default_rng(seed)
    pressure, shear = rng.normal(size=len(here.lengths)), rng.normal(size=here.normals.shape)
    # A mirror turns the loops round: where each side has gone.
    apart = np.linalg.norm(there.midpoints[:, None] - (here.midpoints @ axes.T + to), axis=2)
    gone = apart.argmin(axis=1)
    assert apart.min(axis=1).max() < 1e-12
    one = forces(here, pressure, shear, about)
    other = forces(there, pressure[gone], shear[gone] @ axes.T, axes @ about + to)
    np.testing.assert_allclose(other.force, one.force @ axes.T, atol=1e-11)  # measured 1e-14
    np.testing.assert_allclose(other.moment, (-1 if mirror else 1) * one.moment, atol=1e-10)  # measured 4e-13
    inflow = rng.normal(size=2)
    first, second = coefficients(one, inflow, 1.3, 2.0), coefficients(other, axes @ inflow, 1.3, 2.0)
    signs = np.array([1, -1, -1]) if mirror else np.ones(3)
    got, expected = ([c.drag, c.lift, c.moment] for c in (second, first))
    np.testing.assert_allclose(got, signs * expected, rtol=1e-9, atol=1e-9)
    other = forces(here, pressure, shear, about + to)
    np.testing.assert_allclose(other.total_moment, one.total_moment - cross(to, one.total_force), atol=1e-9)


def known(flow: Flow, about: np.ndarray) -> np.ndarray:
    """The coefficients of drag, lift and moment; the last by the theorem of Blasius, on a circle around the section."""
    ring = 2.5 * np.exp(2j * np.pi * np.arange(256) / 256)
    conjugate = complex_of(flow.velocity(points_of(ring))).conj()
    moment = np.pi * (conjugate**2 * (ring - complex(*about)) * ring).mean().imag
    return np.array([0.0, flow.lift, moment]) / (flow.speed**2 / 2)


def computed(flow: Flow, count: int, about: np.ndarray) -> np.ndarray:
    """From the exact pressure at those points of the wall that its parameter has halfway along its sides.

    For a chord of 3 m in a fluid of 1.2 kg/m3.
    """
    sides = WallSides.of(Geometry.of([3 * points_of(flow.body.wall(count))]))
    pressure = 1.2 * flow.fields(points_of(flow.body.wall(2 * count))[1::2])["pressure"]
    found = coefficients(forces(sides, pressure, about=3 * about), flow.inflow, 3.0, 1.2)
    return np.array([found.drag, found.lift, found.moment])


flows = st.builds(
    Flow, st.builds(Section, st.floats(0.06, 0.3), st.floats(-0.2, 0.2), st.floats(0.05, 0.6)), st.floats(-0.2, 0.2),
    st.floats(-3, 3), st.floats(0.1, 100),
)  # fmt: skip


@some
@given(flows, places)
def test_lift_drag_and_moment_of_exact_pressures_converge_by_the_second_order(flow, about):
    exact = known(flow, about)
    errors = [np.abs(computed(flow, count, about) - exact).max() for count in (384, 768)]
    arm = 1 + np.linalg.norm(about)
    assert errors[1] < 2e-5 * arm  # measured 7.4e-6
    assert errors[1] < errors[0] / 3.8 + 1e-7 * arm  # measured 3.5e-8: at the trailing edge a power that is not whole


def test_the_wall_of_the_joukowski_problem_is_cut_finely_enough():
    """Exact pressures on its 192 sides, over 50 of its cases."""
    drawn = [Joukowski().draw(5, index, 0)[0] for index in range(50)]
    error = [computed(flow, 192, np.zeros(2))[:2] - known(flow, np.zeros(2))[:2] for flow in drawn]
    drag, lift = np.abs(error).mean(axis=0)
    assert lift < 1e-4 * np.mean([abs(known(flow, np.zeros(2))[1]) for flow in drawn])  # measured 4e-5
    assert drag < 2e-5  # measured 1.0e-5


SIDES = sides_of([AROUND / 10, AROUND])
NONE = np.zeros(len(SIDES.lengths))
WRONG = {  # instead of numbers, whatever their shape
    "not finite": lambda good: good + np.nan,
    "short": lambda good: good[1:],
    "deep": lambda good: good[None],
    "ragged": lambda good: [*good.tolist()[1:], [[0.0]]],
    "text": lambda good: "none",
    "texts": lambda good: good.astype(str),
    "complex": lambda good: good + 0j,
    "hidden": lambda good: np.ma.masked_array(good, mask=np.arange(good.size).reshape(good.shape) == 0),
    "nothing": lambda good: None,
}


@pytest.mark.parametrize("sin", WRONG)
def test_what_are_no_numbers_is_refused_by_name(sin):
    on, wrong = forces(SIDES, NONE), WRONG[sin]
    for name, ask in {
        "pressure": lambda: forces(SIDES, wrong(NONE)),
        "shear": lambda: forces(SIDES, NONE, wrong(SIDES.normals)),
        "about": lambda: forces(SIDES, NONE, about=wrong(np.ones(2))),
        "inflow": lambda: coefficients(on, wrong(np.ones(2)), 1.0),
        "chord": lambda: coefficients(on, (1.0, 0.0), wrong(np.ones(2))),
        "density": lambda: coefficients(on, (1.0, 0.0), 1.0, wrong(np.ones(2))),
    }.items():
        if (name, sin) == ("shear", "nothing"):
            continue  # which is none
        with pytest.raises(SchemaError, match=f"^{name}: expected finite numbers of shape .*, got "):
            ask()


def test_sides_that_are_none_and_forces_that_are_not_finite_are_refused():
    for none in (None, [1.0], NONE):
        with pytest.raises(SchemaError, match="^sides: expected those of an answer at 'wall', got "):
            forces(none, NONE)
    with pytest.raises(SchemaError, match="^forces: expected finite sums and moments of pressure and shear, got so"):
        forces(SIDES, np.full_like(NONE, 1.7e308), np.full_like(SIDES.normals, -1.7e308), (1e3, 0.0))


@pytest.mark.parametrize("size", [0.0, -1.0, 1e-200, 1e200])
def test_what_nothing_can_be_divided_by_is_refused_by_name(size):
    on = forces(SIDES, NONE)
    named = {0.0: "magnitude of the inflow", -1.0: ""}.get(size, "inflow, chord and density")
    if named:
        with pytest.raises(ConditionError, match=f"^{named}: expected .*, got "):
            coefficients(on, [size, 0.0], 1.0)
    for name, numbers in (("chord", (size, 1.0)), ("density", (1.0, size))):
        if size <= 0:
            with pytest.raises(ConditionError, match=f"^{name}: expected a number above 0, got {size}"):
                coefficients(on, (1.0, 0.0), *numbers)
    with pytest.raises(ConditionError):
        coefficients(on, (1.0, 0.0), size, size)


@some
@given(walls(), places, st.integers(0, 99))
def test_lists_and_whole_numbers_are_as_good_as_arrays(loops, about, seed):
    sides, inflow = sides_of(loops), [3, -4]
    random = np.random.default_rng(seed)
    pressure, shear = random.integers(-9, 9, len(sides.lengths)), random.integers(-9, 9, sides.normals.shape)
    one = forces(sides, pressure.astype(float), shear.astype(float), about)
    other = forces(sides, pressure.tolist(), tuple(shear.tolist()), tuple(about))
    np.testing.assert_array_equal(one.force, other.force)
    np.testing.assert_array_equal(one.moment, other.moment)
    assert coefficients(one, np.array(inflow, float), 2.0) == coefficients(other, tuple(inflow), np.int32(2), 1)
