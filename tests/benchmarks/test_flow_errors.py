"""What errors of loads and fields are of a case and amount to over cases, and the files that others' loads come in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import flow
from benchmarks.flow_errors import Errors, best_interval, errors_of, figures, load_figures, null, variances
from benchmarks.outside.exchange import Flow, read_loads, read_sections, write_loads, write_sections

SEEDS = st.integers(0, 1000)
NUMBERS = st.floats(-1e6, 1e6)


@settings(max_examples=10)
@given(seed=SEEDS, off=st.floats(0, 2))
def test_loads_that_are_all_so_much_too_large_are_off_by_that_and_surely(seed, off):
    truth = np.random.default_rng(seed).normal(size=(12, 2))
    figures = load_figures(np.stack([(1 + off) * truth, truth], axis=-1))
    for name in ("lift", "drag"):
        assert figures[name] == pytest.approx(off, abs=1e-12) and figures[f"rho_{name}"] == pytest.approx(1.0)
        assert figures["intervals"][name] == pytest.approx((off, off), abs=1e-12)


@settings(max_examples=10)
@given(seed=SEEDS, unit=st.floats(0.1, 10))
def test_an_interval_is_around_its_figure_and_has_its_unit(seed, unit):
    rng = np.random.default_rng(seed)
    truth, off = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    one = load_figures(np.stack([truth + off, truth], axis=-1))
    other = load_figures(np.stack([truth + unit * off, truth], axis=-1))
    low, high = one["intervals"]["lift"]
    assert low < one["lift"] < high
    assert other["intervals"]["lift"] == pytest.approx((unit * low, unit * high))


@settings(max_examples=5)
@given(seed=SEEDS)
def test_intervals_have_the_width_of_the_normal_law(seed):
    """Of a mean of many: 2 x 1.96 standard errors; all cases but the worst in twenty count."""
    values = np.random.default_rng(seed).uniform(size=400)
    low, high = best_interval(np.zeros(400), values)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(0.95 * 400), rel=0.15)  # measured 0.07
    ranked = best_interval(values, values)
    assert ranked[1] < high and ranked[0] < low
    assert best_interval(values, np.ones(400)) == (1.0, 1.0)


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, count=st.integers(20, 60))
def test_every_figure_of_a_family_has_an_interval_around_it(seed, count):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(count, 2))
    loads = np.stack([truth + 0.1 * rng.normal(size=(count, 2)), truth], axis=-1)
    volume, rest = rng.exponential(size=(count, 4)), rng.exponential(size=(2, count))
    found = figures(Errors([str(number) for number in range(count)], volume, *rest, loads))
    names = set(found) - {"intervals", "worst"}
    assert set(found["intervals"]) == names
    for name in names:
        low, high = found["intervals"][name]
        assert low <= found[name] <= high


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5), NUMBERS, st.text("abc_01", min_size=1))
def test_sections_and_loads_come_back(tmp_path_factory, points, number, name):
    path = tmp_path_factory.mktemp("csv") / "out" / "file.csv"
    write_sections(path, [Flow(name, 1e6, number, 30.0, points), Flow("second", 2e6, 0.0, 40.0, points)])
    first, second = read_sections(path)
    assert (first.name, second.name) == (name, "second") and first.alpha == pytest.approx(number, rel=1e-8)
    np.testing.assert_allclose(first.coordinates, points, rtol=1e-8)
    write_loads(path, [(name, number, 0.01)])
    assert read_loads(path)[name] == pytest.approx((number, 0.01), rel=1e-8)


LOADS = np.array([[0.3, 0.01, 2.0, -1.5], [0.02, 1e-4, 0.05, 0.3]])
"""C_L and C_D by 1, U, alpha and alpha^2 of the flows below."""


def a_flow(geometry, inflow, points, middle):
    """Of a pressure that is linear in space: its force is its gradient times the area, on any polygon."""
    speed, angle = np.hypot(*inflow), np.arctan2(inflow[1], inflow[0])
    lift, drag = LOADS @ [1.0, speed, angle, angle**2]
    wall = geometry.walls[0]
    area = abs(np.sum(wall[:, 0] * np.roll(wall[:, 1], -1) - wall[:, 1] * np.roll(wall[:, 0], -1))) / 2
    along = inflow / speed
    gradient = -(speed**2) / 2 / area * (drag * along + lift * np.array([-along[1], along[0]]))
    rng = np.random.default_rng(int(1e6 * angle) % 1000)
    velocity = inflow + rng.normal(size=(len(points), 2)) * speed
    ratio = np.exp(rng.normal(size=len(points)))
    return velocity, points @ gradient, ratio, middle @ gradient, np.full_like(middle, 1e-9)


@pytest.fixture(scope="module")
def packed(tmp_path_factory, write_flows):
    rng = np.random.default_rng(0)
    train = [f"{kind}_{number}" for kind in ("naca_stored", "naca_new", "uiuc_new") for number in range(3)]
    names = [*train, "naca_test_0", "uiuc_test_0"]
    cases = {name: (0.08 + 0.02 * rng.random(), 0.02, *rng.uniform([20, -4], [90, 12])) for name in names}
    split = {"train": train, "validation": names[-2:], "calibration": [], "test": []}
    return write_flows(tmp_path_factory.mktemp("flows"), cases, split, a_flow)


def columns(packed, name):
    return dict(zip(packed.schema.field_columns.names, packed.schema.field_columns.slices, strict=True))[name]


def test_errors_are_told_in_the_variances_of_the_first_naca_cases(packed):
    own = [index for index in packed.ids("train") if packed.names[index].startswith("naca_stored")]
    every = [(flow.volume(packed, index, packed.values(index)), flow.viscosity(packed, index)) for index in own]
    assert len(every) == 3
    scales, log_scale = variances(packed)
    np.testing.assert_allclose(scales, np.concatenate([fields for fields, _ in every]).var(axis=0), rtol=1e-12)
    assert log_scale == pytest.approx(np.concatenate([np.log1p(fields[:, 3] / nu) for fields, nu in every]).var())


@settings(max_examples=10)
@given(st.lists(st.floats(-0.5, 0.5), min_size=4, max_size=4), st.floats(-0.5, 0.5), st.floats(-0.9, 3))
def test_errors_of_a_case_are_what_the_guess_is_off_by(packed, off, on_wall, more):
    """So many deviations in the domain, so many of the case's own on its wall, or so much more of all loads."""
    scales, log_scale = variances(packed)
    wall, velocity = columns(packed, "wall_pressure"), columns(packed, "velocity")
    scalars = [columns(packed, name).start for name in ("pressure", "nut")]

    def shifted(index):
        found = packed.values(index).astype(np.float64)
        found[:, velocity] += np.sqrt(scales[:2]) * off[:2]
        found[:, scalars] += np.sqrt(scales[2:]) * off[2:]
        found[:, wall] += on_wall * np.nanstd(found[:, wall])
        return found

    def loaded(index):
        found = packed.values(index).astype(np.float64)
        found[:, wall] *= 1 + more
        nu = flow.viscosity(packed, index)
        found[:, scalars[1]] = nu * np.expm1(np.log1p(found[:, scalars[1]] / nu) + abs(off[3]))
        return found

    ids = packed.ids("validation")
    one, other = (errors_of(packed, ids, guess) for guess in (shifted, loaded))
    assert one.names == ["naca_test_0", "uiuc_test_0"]
    np.testing.assert_allclose(one.volume, np.square([off, off]), atol=1e-9)
    np.testing.assert_allclose(one.surface, on_wall**2, atol=1e-9)
    np.testing.assert_allclose(other.log_nut, off[3] ** 2 / log_scale, atol=1e-9)
    np.testing.assert_allclose(other.loads[..., 0], (1 + more) * other.loads[..., 1], atol=1e-9)
    conditions = [packed.schema.condition_columns.split(packed.conditions(index))["inflow"] for index in ids]
    exact = [LOADS @ [1.0, np.hypot(x, y), np.arctan2(y, x), np.arctan2(y, x) ** 2] for x, y in conditions]
    np.testing.assert_allclose(other.loads[..., 1], exact, rtol=1e-4, atol=1e-5)  # stored in single precision


def test_least_squares_find_loads_that_are_such_of_the_conditions(packed):
    found = null(packed, packed.ids("validation"))
    assert found["lift"] < 1e-4 and found["drag"] < 1e-4 and found["rho_lift"] == found["rho_drag"] == 1.0
