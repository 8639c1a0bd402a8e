"""What errors of loads and fields amount to over cases, their intervals, and the files that others' loads come in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.flow_errors import Errors, best_interval, figures, load_figures
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
