"""Where points are drawn: outside, at the wall distances that were promised, and evenly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import cKDTree

from enf2enf.problems.joukowski.flow import complex_of, points_of
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.problems.joukowski.sampling import BOX, DISTANCES, NEAR, SPREAD, sample

DENSE = 1 << 16  # nodes of the wall that distances are measured to


def drawn(seed):
    flow, entropy = Joukowski().draw(seed, 0, 0)
    return flow, sample(flow, np.random.default_rng(entropy))


@settings(max_examples=6)
@given(st.integers(0, 2**31))
def test_points_are_outside_at_their_wall_distance_and_in_the_box_along_the_inflow(seed):
    flow, points = drawn(seed)
    assert points.shape == (NEAR + SPREAD, 2)
    assert flow.section.excludes(complex_of(points) / flow.turn).all()
    distance, _ = cKDTree(flow.wall(DENSE)).query(points[:NEAR])
    assert distance.min() > DISTANCES[0] * (1 - 2e-3) and distance.max() < DISTANCES[1] * (1 + 2e-3)
    assert stats.kstest(np.log(distance), stats.uniform(*_span(np.log(DISTANCES))).cdf).pvalue > 1e-3
    along = points_of(complex_of(points) / np.exp(1j * flow.direction))
    low, high = points_of(np.array(BOX))
    assert (along >= low).all() and (along <= high).all()
    wake = along[NEAR:][along[NEAR:, 0] > 1.1]
    for axis, ends in enumerate(((1.1, high[0]), (low[1], high[1]))):
        assert stats.kstest(wake[:, axis], stats.uniform(*_span(ends)).cdf).pvalue > 1e-3


def _span(ends):
    return ends[0], ends[1] - ends[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_points_fan_out_behind_the_trailing_edge_and_lie_evenly_along_the_rest(seed):
    flow, points = drawn(seed)
    wall = flow.wall(DENSE)
    distance, nearest = cKDTree(wall).query(points[:NEAR])
    length = np.cumsum(np.hypot(*np.diff(wall, axis=0, append=wall[:1]).T))
    fan = distance * (np.pi - flow.section.edge)
    behind = np.minimum(nearest, DENSE - nearest) < 3
    expected = fan / (length[-1] + fan)
    spread = np.sqrt((expected * (1 - expected)).sum())
    assert abs(behind.sum() - expected.sum()) < 4 * spread + 2
    close = ~behind & (distance < 0.01)  # where no other part of the wall is as close
    assert stats.kstest(length[nearest[close]] / length[-1], "uniform").pvalue > 1e-3
