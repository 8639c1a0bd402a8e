"""The order of points: a permutation, whose blocks are as compact as boxes of their number can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.inference.tiling import tiled_order


@given(seed=st.integers(0, 2**31), count=st.integers(0, 700), dim=st.sampled_from([2, 3]), block=st.integers(1, 90))
def test_every_point_comes_once(seed, count, dim, block):
    points = np.random.default_rng(seed).choice([0.0, 0.25, 1.0], (count, dim))  # many ties
    assert sorted(tiled_order(points, block)) == list(range(count))


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
@given(seed=st.integers(0, 2**31))
def test_blocks_of_uniform_points_are_near_cubes(dim, seed):
    """A cube of the block's share of the volume has sides (block / count)^(1 / dim); theirs are at most twice that."""
    count, block = 64 * 8**dim, 64
    points = np.random.default_rng(seed).random((count, dim))
    blocks = points[tiled_order(points, block)].reshape(-1, block, dim)
    assert np.ptp(blocks, axis=1).mean(axis=0).max() < 2 * (block / count) ** (1 / dim)  # 1.0 measured; unordered: 7.8
