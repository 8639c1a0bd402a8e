"""Where points are drawn: outside, at the wall distances that were promised, and evenly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import cKDTree

from enf2enf.problems.joukowski.body import complex_of, points_of
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.problems.joukowski.sampling import BOX, DISTANCES, NEAR, ON_WALLS, SPREAD, sample, sample_walls

DENSE = 1 << 16  # nodes of the wall that distances are measured to


def drawn(seed):
    flow, entropy = Joukowski().draw(seed, 0, 0)
    return flow, sample(flow, np.random.default_rng(entropy))


@settings(max_examples=6)
@given(st.integers(0, 2**31))
def test_points_are_outside_at_their_wall_distance_and_in_the_box_along_the_inflow(seed):
    flow, points = drawn(seed)
    assert points.shape == (NEAR + SPREAD, 2)
    assert flow.section.excludes(flow.body.inward(complex_of(points))).all()
    distance, _ = cKDTree(points_of(flow.body.wall(DENSE))).query(points[:NEAR])
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
    wall = points_of(flow.body.wall(DENSE))
    distance, nearest = cKDTree(wall).query(points[:NEAR])
    length = np.cumsum(np.hypot(*np.diff(wall, axis=0, append=wall[:1]).T))
    fan = distance * (np.pi - flow.section.edge)
    behind = np.minimum(nearest, DENSE - nearest) < 3
    expected = fan / (length[-1] + fan)
    spread = np.sqrt((expected * (1 - expected)).sum())
    assert abs(behind.sum() - expected.sum()) < 4 * spread + 2
    close = ~behind & (distance < 0.01)  # where no other part of the wall is as close
    assert stats.kstest(length[nearest[close]] / length[-1], "uniform").pvalue > 1e-3


@settings(max_examples=4)
@given(st.integers(0, 2**31))
def test_around_two_bodies_points_are_as_near_to_one_wall_as_was_drawn_and_nearer_to_none(seed):
    flow, entropy = Joukowski("two").draw(seed, 0, 0)
    points = sample(flow, np.random.default_rng(entropy))
    assert points.shape == (NEAR + SPREAD, 2)
    walls = [points_of(body.wall(DENSE)) for body in flow.bodies]
    distances = np.array([cKDTree(wall).query(points[:NEAR])[0] for wall in walls])
    lengths = [np.hypot(*np.diff(wall, axis=0, append=wall[:1]).T).sum() for wall in walls]
    count, (own, other) = round(NEAR * lengths[0] / sum(lengths)), distances
    assert (own[:count] <= other[:count] * (1 + 5e-3)).all() and (other[count:] <= own[count:] * (1 + 5e-3)).all()
    nearest = distances.min(axis=0)
    assert nearest.min() > DISTANCES[0] * (1 - 2e-3) and nearest.max() < DISTANCES[1] * (1 + 2e-3)
    assert 0.5 < np.log(nearest / DISTANCES[0]).mean() / np.log(DISTANCES[1] / DISTANCES[0]) * 2 < 1.05
    for body in flow.bodies:
        assert body.excludes(complex_of(points)).all()


@settings(max_examples=8)
@given(st.integers(0, 2**31), st.sampled_from(["one", "two"]))
def test_wall_samples_lie_on_the_walls_evenly(seed, bodies):
    flow, entropy = Joukowski(bodies).draw(seed, 0, 0)
    points = sample_walls(flow.bodies, np.random.default_rng(entropy))
    assert points.shape == (ON_WALLS, 2)
    walls = [points_of(body.wall(DENSE)) for body in flow.bodies]
    lengths = [np.cumsum(np.hypot(*np.diff(wall, axis=0, append=wall[:1]).T)) for wall in walls]
    spacing, count = sum(length[-1] for length in lengths) / ON_WALLS, 0
    for wall, length in zip(walls, lengths, strict=True):
        distance, nearest = cKDTree(wall).query(points)
        own = distance < 1e-4
        np.testing.assert_allclose(np.diff(np.sort(length[nearest[own]])), spacing, rtol=0.05)  # measured 7e-3
        count += own.sum()
    assert count == ON_WALLS
