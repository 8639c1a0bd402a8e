import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from enf2enf.train.sampling import draw_batch, draw_panels, draw_placements

seeds, steps = st.integers(0, 2**31), st.integers(0, 10**6)
counts = st.lists(st.integers(1, 60), min_size=1, max_size=30).map(np.array)


@given(seed=seeds, step=steps, counts=counts, cases=st.integers(1, 9), points=st.integers(1, 50))
def test_a_draw_is_a_function_of_seed_and_step(seed, step, counts, cases, points):
    first, rows = draw_batch(seed, step, counts, cases, points)
    draw_batch(seed, step + 1, counts, cases, points)
    again, same = draw_batch(seed, step, counts, cases, points)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(rows, same)
    assert first.shape == (cases,)
    assert rows.shape == (cases, points)


@given(seed=seeds, counts=counts, cases=st.integers(1, 9), epochs=st.integers(1, 3))
def test_every_case_comes_once_an_epoch(seed, counts, cases, epochs):
    total = len(counts) * epochs
    order = np.concatenate([draw_batch(seed, step, counts, cases, 1)[0] for step in range(-(-total // cases))])[:total]
    for epoch in np.split(order, epochs):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(len(counts)))


@given(seed=seeds, step=steps, counts=counts, points=st.integers(1, 80))
def test_points_come_without_replacement_while_there_are_enough(seed, step, counts, points):
    chosen, rows = draw_batch(seed, step, counts, 3, points)
    for case, row in zip(chosen, rows, strict=True):
        often = np.bincount(row, minlength=counts[case])
        assert len(often) == counts[case]
        assert often.max() - often.min() <= 1


@given(
    seed=seeds, step=steps, sizes=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), min_size=1, max_size=9),
    points=st.integers(2, 40), data=st.data(),
)  # fmt: skip
def test_walls_get_their_share_of_the_points(seed, step, sizes, points, data):
    """The last points of a case are those on its walls; of both kinds all come as often, to within one."""
    domain, walled = np.array(sizes).T
    share = data.draw(st.integers(1, points - 1))
    chosen, rows = draw_batch(seed, step, domain + walled, 3, points, walled, share)
    assert rows.shape == (3, points)
    for case, row in zip(chosen, rows, strict=True):
        often = np.bincount(row, minlength=domain[case] + walled[case])
        parts = [often[: domain[case]], often[domain[case] :]] if walled[case] else [often]
        assert len(often) == domain[case] + walled[case]
        assert all(part.max() - part.min() <= 1 for part in parts)
        assert not walled[case] or parts[1].sum() == share


@given(seed=seeds, step=steps, placements=st.integers(1, 20), cases=st.integers(1, 40))
def test_placements_are_a_function_of_seed_and_step(seed, step, placements, cases):
    chosen = draw_placements(seed, step, placements, cases)
    np.testing.assert_array_equal(chosen, draw_placements(seed, step, placements, cases))
    assert chosen.shape == (cases,) and (chosen >= 0).all() and (chosen < placements).all()


@given(seed=seeds, step=steps, panels=st.integers(1, 400), cases=st.integers(1, 9))
def test_facets_are_a_function_of_seed_and_step(seed, step, panels, cases):
    chosen = draw_panels(seed, step, panels, cases, 16)
    np.testing.assert_array_equal(chosen, draw_panels(seed, step, panels, cases, 16))
    assert chosen.shape == (cases, 16) and (chosen >= 0).all() and (chosen < panels).all()


def test_all_placements_come_as_often():
    """8 placements over 4000 cases: a binomial count, 6 standard deviations either way."""
    often = np.bincount(np.concatenate([draw_placements(3, step, 8, 10) for step in range(400)]), minlength=8)
    assert np.abs(often - 500).max() < 6 * np.sqrt(4000 / 8 * 7 / 8)


def test_points_are_drawn_evenly():
    """Each of 20 points in 5 of 20 places over 4000 draws: a binomial count, 6 standard deviations either way."""
    often = np.zeros(20)
    for step in range(4000):
        often += np.bincount(draw_batch(3, step, np.array([20]), 1, 5)[1][0], minlength=20)
    assert np.abs(often - 1000).max() < 6 * np.sqrt(4000 * 0.25 * 0.75)  # measured 2.0 standard deviations


def test_seeds_and_epochs_differ():
    counts = np.full(50, 400)
    orders = [draw_batch(seed, step, counts, 50, 1)[0].tolist() for seed in (0, 1) for step in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
