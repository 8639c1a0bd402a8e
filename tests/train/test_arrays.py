"""The arrays that training reads: normalised cases, their mirror images, and batches of them."""

import dataclasses

import equinox as eqx
import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given, settings

from enf2enf.data import PackedData
from enf2enf.errors import DatasetError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.inference.encoding import panels_from
from enf2enf.train.arrays import SplitArrays, fit_normaliser
from enf2enf.train.loop import Trainer

pytestmark = pytest.mark.slow

PANELS = 16
measure = eqx.filter_jit(lambda encoder, panels, place: encoder.measure(panels, place))


def train_cases(packed):
    return [(packed, packed.ids("train"))]


@pytest.fixture(scope="module")
def plain(packed, encoder):
    return SplitArrays.build(train_cases(packed), fit_normaliser(packed), encoder, PANELS)


def test_mirroring_is_training_on_the_mirrored_data_set_too(packed, mirrored_holes, encoder, plain):
    normaliser = fit_normaliser(packed)
    cases, others = map(train_cases, (packed, PackedData.load(mirrored_holes)))
    both = SplitArrays.build(cases, normaliser, encoder, PANELS, FrameConfig(reflections=("x",)))
    other = SplitArrays.build(others, normaliser, encoder, PANELS)
    np.testing.assert_array_equal(both.counts, np.concatenate([plain.counts, other.counts]))
    for name in ("conditions", "target", "weight", "valid"):
        halves = getattr(plain.everything, name), getattr(other.everything, name)
        np.testing.assert_array_equal(getattr(both.everything, name), np.concatenate(halves))
    assert not np.array_equal(plain.everything.target, other.everything.target)
    halves = plain.everything.queries.points, other.everything.queries.points
    np.testing.assert_array_equal(both.everything.queries.points, np.concatenate(halves))
    halves = plain.everything.queries.distance, other.everything.queries.distance
    np.testing.assert_allclose(both.everything.queries.distance, np.concatenate(halves), atol=1e-6)  # measured 6e-8
    halves = zip(*map(jax.tree.leaves, (plain.everything.source, other.everything.source)), strict=True)
    for leaf, pair in zip(jax.tree.leaves(both.everything.source), halves, strict=True):
        np.testing.assert_allclose(leaf, np.concatenate(pair), atol=2e-5)


def test_two_mirrors_make_all_four_images_once(packed, encoder, plain):
    frames = FrameConfig(reflections=("x", "y"))
    four = SplitArrays.build(train_cases(packed), fit_normaliser(packed), encoder, PANELS, frames)
    count, signs = len(plain.counts), set()
    for start in range(0, 4 * count, count):
        ratio = four.everything.queries.points[start : start + count] * plain.everything.queries.points
        signs.add(tuple(np.sign(ratio.sum(axis=(0, 1)))))
    assert signs == {(1, 1), (-1, 1), (1, -1), (-1, -1)}


def test_padding_is_marked_and_never_weighs(plain):
    assert sorted(set(plain.counts)) == [64, 80]
    np.testing.assert_array_equal(plain.everything.valid.sum(axis=1), plain.counts)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_a_batch_is_the_rows_it_names(plain, seed):
    random = np.random.default_rng(seed)
    cases = random.integers(len(plain.counts), size=3)
    points = random.integers(64, size=(3, 5))
    batch = plain.take(cases, points, np.zeros(3, int))
    for row, case in enumerate(cases):
        np.testing.assert_array_equal(batch.queries.points[row], plain.everything.queries.points[case][points[row]])
        np.testing.assert_array_equal(batch.target[row], plain.everything.target[case][points[row]])
        np.testing.assert_array_equal(batch.weight[row], plain.everything.weight[case])
        np.testing.assert_array_equal(batch.source[0].pose[row], plain.everything.source[0].pose[case, 0])


def test_every_placement_is_that_of_the_encoder(packed, encoder, plain):
    normaliser = fit_normaliser(packed)
    arrays = SplitArrays.build(train_cases(packed), normaliser, encoder, PANELS, placements=5)
    cases, points, places = np.arange(3), np.zeros((3, 1), int), np.array([4, 0, 2], np.int32)
    batch = arrays.take(cases, points, places)
    for case, place in zip(cases, places, strict=True):
        geometry = packed.geometry(packed.ids("train")[case])
        frames = FrameConfig()
        frame = frames.of(geometry, normaliser.length, [np.eye(2)])[0]
        panels = panels_from(geometry.cut(PANELS, frame), frames.box_of(geometry, frame), open_walls=False)
        seen = jax.tree.leaves(measure(encoder, panels, place))
        for one, other in zip(seen, jax.tree.leaves(batch.source), strict=True):
            np.testing.assert_allclose(one, other[case], atol=1e-5)
    assert not np.allclose(batch.source[0].pose[0], batch.source[0].pose[1], atol=1e-3)


def test_weights_turn_normalised_errors_into_relative_ones(plain, packed):
    normaliser, groups = fit_normaliser(packed), packed.schema.field_columns.groups
    assert groups == (0, 1, 1)
    for position, index in enumerate(packed.ids("train")):
        row, values = packed.conditions(index), packed.values(index).astype(np.float64)
        gain = normaliser.field_deviation * normaliser.under(row).scales
        target = plain.everything.target[position, : len(values)]
        atol = 1e-6 * np.abs(gain).max()
        np.testing.assert_allclose(normaliser.physical(target, row), values, rtol=1e-5, atol=atol)
        size = np.sqrt((values**2).mean(axis=0))
        size = np.array([size[0], *2 * [np.hypot(*size[1:])]])
        np.testing.assert_allclose(plain.everything.weight[position], gain / size, rtol=1e-6)


def test_a_case_of_zeros_is_refused_by_name_before_a_run_begins(packed, finished, tmp_path):
    arrays = {name: np.array(values) for name, values in packed._arrays.items()}
    first, last = arrays["points_ends"][2:4]
    arrays["values"][first:last, 1:] = 0
    config = dataclasses.replace(finished[0], out=tmp_path)
    with pytest.raises(DatasetError, match="case 'case_2', displacement: expected a field that is not zero everywhere"):
        Trainer(config, PackedData(packed.manifest, arrays), quiet=True)
    assert not list(tmp_path.iterdir())
