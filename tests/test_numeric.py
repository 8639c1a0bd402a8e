"""What counts as an array of numbers: as NumPy has it, but nothing that it would silently take for other numbers."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from enf2enf.numeric import numbers_of

NUMBERS = st.one_of(st.floats(), st.integers(-(2**53), 2**53), st.floats(width=32).map(np.float32))
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1))
OTHERS = {
    "truth": True,
    "NumPy's truth": np.True_,
    "masked": np.ma.masked,
    "text": "1",
    "bytes": b"1",
    "complex": 1j,
    "none": None,
    "row": [1.0],
}


@given(ROWS)
def test_numbers_in_lists_tuples_and_arrays_are_as_numpy_has_them(rows):
    for same in (rows, tuple(map(tuple, rows)), list(map(np.array, rows)), np.array(rows), np.ma.array(rows)):
        np.testing.assert_array_equal(numbers_of(same), np.array(rows))
    np.testing.assert_array_equal(numbers_of(rows[0]), np.array(rows[0]))
    assert numbers_of(rows[0][0]) == rows[0][0] or np.isnan(rows[0][0])


@pytest.mark.filterwarnings("ignore:Warning. converting a masked element")
@pytest.mark.parametrize("kind", OTHERS)
@given(ROWS, st.data())
def test_one_that_is_none_is_found_wherever_it_is(kind, rows, data):
    row = data.draw(st.integers(0, len(rows) - 1))
    rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = OTHERS[kind]
    if kind == "row" and {len(each) for each in rows} == {1} and len(rows) == 1:
        return  # an array of one row more
    assert numbers_of(rows) is None
    assert numbers_of([rows, rows]) is None


def test_rows_of_arrays_whose_numbers_are_masked_or_truths_are_none():
    hidden = np.ma.masked_less(np.arange(3.0), 1)
    assert numbers_of([hidden, hidden]) is None and numbers_of([[0.0, 1, 2], hidden]) is None
    assert numbers_of([np.array([True, False]), np.array([0.0, 1])]) is None
    assert numbers_of([np.ma.array([1.0, 2])]) is not None


@pytest.mark.parametrize("wrong", [b"12", bytearray(b"12"), memoryview(b"12"), "12", None, {}, np.ma.masked, True])
def test_what_is_no_array_of_numbers_is_none(wrong):
    assert numbers_of(wrong) is None


def test_nothing_is_an_array_of_none():
    assert numbers_of([]).shape == (0,) and numbers_of([[], []]).shape == (2, 0)
