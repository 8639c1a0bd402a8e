"""What networks are told of flows, and what they are asked: mirror images, padding, shares, and back to SI units."""

import functools

import numpy as np
import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from benchmarks.peers import train_transolver  # noqa: E402
from benchmarks.peers.cases import Cases, Scale, asked, dimensionless, mirrored, told  # noqa: E402
from benchmarks.peers.transolver import Transolver  # noqa: E402

CASES = {"a": (0.12, 0.05, 40.0, 4.0), "b": (0.2, -0.03, 60.0, -2.0), "c": (0.16, 0.0, 50.0, 0.0)}
VOLUME, WALL = slice(0, 4), slice(4, 7)


def smooth(geometry, inflow, points, middle):
    """Something of every point and flow, without symmetry."""
    x, y = points.T
    size = np.hypot(*inflow)
    velocity = inflow + 0.1 * size * np.stack([np.sin(x + y), np.cos(2 * x) * y], axis=1)
    shear = 1e-3 * size**2 * np.stack([middle[:, 0], 0.2 + middle[:, 1]], axis=1)
    return velocity, size**2 * np.sin(x), 10 * np.exp(-(y**2)), size**2 * middle[:, 0], shear


@pytest.fixture(scope="module")
def packed(tmp_path_factory, write_flows):
    split = {"train": ["a", "b"], "validation": ["c"]}
    return write_flows(tmp_path_factory.mktemp("flows"), CASES, split, smooth)


def test_nodes_are_told_where_they_are_and_what_flows(packed):
    index = packed.ids("train")[0]
    inputs, on_wall = told(packed, index), packed.on_wall(index)
    assert inputs.shape == (packed.counts[index], 2 + 3 + 1 + 2) and on_wall.sum() == 60
    np.testing.assert_array_equal(inputs[:, :2], packed.points(index))
    np.testing.assert_array_equal(np.unique(inputs[:, 2:5], axis=0), [packed.conditions(index)])
    assert (inputs[~on_wall, 5] > 0).all() and not inputs[on_wall, 5].any() and not inputs[~on_wall, 6:].any()
    np.testing.assert_allclose(np.linalg.norm(inputs[on_wall, 6:], axis=1), 1.0)


def test_a_mirror_image_is_the_flow_in_the_mirror(packed):
    """Points, inflow, normals and vectors change the sign of their y, nothing else changes."""
    index = packed.ids("train")[0]
    np.testing.assert_allclose(told(packed, index, True), told(packed, index) * [1, -1, 1, -1, 1, 1, 1, -1])
    np.testing.assert_allclose(asked(packed, index, True), asked(packed, index) * [1, -1, 1, 1, 1, 1, -1])
    np.testing.assert_array_equal(mirrored(packed, index, packed.points(index)), packed.points(index) * [1, -1])


def test_shares_make_the_mean_squares_of_domain_and_wall(packed):
    """Of a guess that is off by a known number at every node of a field."""
    scale, off = Scale.fit(packed), np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    cases = Cases.build(packed, "train", scale, mirror=True)

    def model(known, valid):
        return jnp.asarray(cases.target[0] + off, jnp.float32)

    expected = np.sqrt((off[VOLUME] ** 2).mean() + (off[WALL] ** 2).mean())
    assert float(train_transolver.relative_error(model, cases.case(0))) == pytest.approx(expected, rel=1e-5)


def test_drawn_nodes_count_for_all_on_the_average(packed):
    scale, rng = Scale.fit(packed), np.random.default_rng(0)
    cases = Cases.build(packed, "train", scale)
    squares = [
        float(np.nansum((drawn.target**2) * drawn.shares))
        for drawn in (cases.case(0, rng.choice(cases.counts[0], 200, replace=False)) for _ in range(400))
    ]
    whole = float(np.nansum(cases.case(0).target ** 2 * cases.shares[0]))
    assert np.mean(squares) == pytest.approx(whole, rel=0.03)  # measured 0.003


@pytest.mark.slow
def test_answers_of_a_trained_run_are_the_fields_in_si_units(packed, tmp_path, monkeypatch):
    """A run of a few steps on drawn nodes, and its own guesses put through the same arithmetic by hand."""
    small = functools.partial(Transolver, width=16, heads=2, layers=1, slices=4)
    monkeypatch.setattr(train_transolver, "Transolver", small)
    settings = train_transolver.Settings(0.01, True, 64, 1)
    folder = train_transolver.Folder(tmp_path, {"data": packed.digest})
    train_transolver.train(settings, packed, folder)
    (index,), scale = packed.ids("validation"), Scale.fit(packed)
    guess = train_transolver.answers(packed, folder, "validation")(index)
    assert guess.shape == packed.values(index).shape and np.isfinite(guess).all()
    found = (dimensionless(packed, index).forward(guess) - scale.mean) / scale.deviation
    off = found - (asked(packed, index) - scale.mean) / scale.deviation
    error = np.sqrt((np.nanmean(off**2, axis=0)[VOLUME]).mean() + (np.nanmean(off**2, axis=0)[WALL]).mean())
    assert error == pytest.approx(min(error for _, error in folder.curve), rel=1e-4)
