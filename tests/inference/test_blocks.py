"""Points in blocks: whatever their order within a block, every value comes back at the place of its point."""

import itertools
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.inference.blocks import PointBlock, evaluate_blocks


def value(points):
    """A value that tells its point."""
    return points * [1.0, -2.0] + 0.5


def blocks_of(points, size, chunk, local):
    return [PointBlock.of(points[first : first + size], chunk, local) for first in range(0, len(points), size)]


def ahead(count):
    """An evaluation that takes so many chunks before it gives their values."""

    def evaluate(chunks):
        taken = deque()
        for chunk in chunks:
            taken.append(chunk)
            if len(taken) == count:
                yield value(taken.popleft())
        yield from map(value, taken)

    return evaluate


@given(
    seed=st.integers(0, 2**31),
    count=st.integers(0, 700),
    size=st.integers(1, 300),
    chunk=st.integers(1, 90),
    local=st.booleans(),
    taken=st.integers(1, 5),
)
def test_every_value_is_at_the_place_of_its_point(seed, count, size, chunk, local, taken):
    points = np.random.default_rng(seed).choice([0.0, 0.25, 1.0], (count, 2))  # many ties
    points += np.arange(count)[:, None] * 1e-6  # all different
    blocks = blocks_of(points, size, chunk, local)
    answered = list(evaluate_blocks(blocks, ahead(taken)))
    assert [block for block, _ in answered] == blocks
    values = np.concatenate([np.empty((0, 2)), *(values for _, values in answered)])
    assert np.array_equal(values, value(points))


@given(seed=st.integers(0, 2**31), count=st.integers(0, 700), chunk=st.integers(1, 90), local=st.booleans())
def test_chunks_are_full_but_for_the_last(seed, count, chunk, local):
    points = np.random.default_rng(seed).random((count, 2))
    block = PointBlock.of(points, chunk, local)
    chunks = list(block.chunks())
    assert len(chunks) == block.chunk_count
    assert [len(part) for part in chunks[:-1]] == [chunk] * (len(chunks) - 1)
    assert sorted(map(tuple, np.concatenate(chunks))) == sorted(map(tuple, points))
    if not local:
        assert np.concatenate(chunks).tobytes() == points.tobytes()


def test_no_points_are_one_empty_chunk():
    ((_, values),) = evaluate_blocks([PointBlock.of(np.empty((0, 2)), 8, True)], ahead(2))
    assert values.shape == (0, 2)


@pytest.mark.parametrize("chunk", [16, 64])
def test_chunks_of_a_sorted_block_are_compact(chunk):
    """A chunk of 4,096 random points has blocks of 64 neighbours: what a local decoder takes together."""
    points = np.random.default_rng(0).random((65_536, 2))
    rows = np.stack([part[:64] for part in PointBlock.of(points, 64 * chunk, True).chunks()])
    assert np.ptp(rows, axis=1).max() < 2 * (64 / 65_536) ** 0.5  # measured 1.35; unsorted: 28


def test_blocks_are_taken_only_as_fast_as_chunks_are():
    taken = []

    def blocks():
        for number in itertools.count():
            taken.append(number)
            yield PointBlock.of(np.full((40, 2), float(number)), 10, False)

    answered = evaluate_blocks(blocks(), ahead(2))
    for number in range(5):
        _, values = next(answered)
        assert np.array_equal(values, value(np.full((40, 2), float(number))))
        assert len(taken) <= number + 2  # the next one is begun, and no other
    answered.close()
    assert len(taken) == 6
