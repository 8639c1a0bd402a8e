import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from enf2enf.errors import QueryError
from enf2enf.metrics import mean_absolute, relative_l2

fields = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 20), st.integers(1, 3)), elements=st.floats(1e-3, 1e3)
)  # fmt: skip


@given(truth=fields, factor=st.floats(-3, 3))
def test_a_multiple_of_the_truth_is_off_by_its_factor(truth, factor):
    assert relative_l2(factor * truth, truth) == pytest.approx(abs(factor - 1), abs=1e-12)  # measured 2e-16


@given(truth=fields, shift=st.floats(-10, 10))
def test_a_shift_of_every_component_is_its_own_mean(truth, shift):
    expected = abs(shift) * np.sqrt(truth.shape[1])
    assert mean_absolute(truth + shift, truth) == pytest.approx(expected, abs=1e-11)  # measured 2e-13
    assert mean_absolute(truth[:, 0] + shift, truth[:, 0]) == pytest.approx(abs(shift), abs=1e-11)


@given(truth=fields, scale=st.floats(1e-6, 1e6), order=st.randoms(use_true_random=False))
def test_neither_the_unit_nor_the_order_of_the_points_matters(truth, scale, order):
    guess = truth[::-1] * 1.1
    rows = order.sample(range(len(truth)), len(truth))
    error = relative_l2(guess, truth)
    assert relative_l2(scale * guess[rows], scale * truth[rows]) == pytest.approx(error, rel=1e-12)  # measured 5e-16


def test_single_precision_does_not_hide_small_errors():
    truth = np.full(100_000, 1e4, np.float32)
    assert relative_l2(truth + np.float32(0.5), truth) == pytest.approx(0.5 / 1e4, rel=1e-9)  # measured 0
    assert mean_absolute(truth + np.float32(0.5), truth) == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("metric", [relative_l2, mean_absolute])
def test_what_cannot_be_compared_is_refused(metric):
    for shape, other in (((3,), (4,)), ((0, 2), (0, 2)), ((3, 1), (3,))):
        with pytest.raises(QueryError, match="prediction: expected the truth's shape"):
            metric(np.ones(shape), np.ones(other))
    with pytest.raises(QueryError, match="prediction: expected finite numbers, got 1 that are not"):
        metric(np.array([1.0, np.nan]), np.ones(2))
    with pytest.raises(QueryError, match="truth: expected finite numbers"):
        metric(np.ones(2), np.array([1.0, np.inf]))


def test_nothing_is_relative_to_zero():
    with pytest.raises(QueryError, match="truth: expected a field that is not zero everywhere, got zeros"):
        relative_l2(np.ones(3), np.zeros(3))
