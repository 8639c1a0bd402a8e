"""Batches that are prepared ahead of their steps: the same ones in the same order, and no more than one too many."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.train.ahead import ahead


@given(first=st.integers(0, 100), count=st.integers(0, 30), taken=st.integers(0, 30))
def test_they_come_in_turn_and_one_more_is_begun(first, count, taken):
    begun = []

    def prepare(number: int) -> int:
        begun.append(number)
        return -number

    numbers, batches = range(first, first + count), ahead(prepare, range(first, first + count))
    assert [next(batches, None) for _ in range(taken)][:count] == [-number for number in numbers[:taken]]
    batches.close()
    assert begun == list(numbers[: taken + 1 if taken else 0])


def test_the_next_one_is_prepared_while_one_is_used():
    used, prepared = threading.Event(), threading.Event()

    def prepare(number: int) -> int:
        if number == 1:
            assert used.wait(10)
            prepared.set()
        return number

    batches = ahead(prepare, range(3))
    assert next(batches) == 0
    used.set()  # by whoever has the first
    assert prepared.wait(10)
    assert list(batches) == [1, 2]


def test_what_cannot_be_prepared_is_told_where_it_is_asked_for():
    batches = ahead(lambda number: 1 // (2 - number), range(5))
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(batches)
