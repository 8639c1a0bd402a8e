"""The last stage: fields that are smooth off the wall, where no mesh has a node, and as right as before."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import checkpoint
from enf2enf.errors import ConfigError
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.nn.distance import signed_distance
from enf2enf.train.arrays import SplitArrays
from enf2enf.train.loop import train
from enf2enf.train.loss import _off_the_wall, smooth_errors

pytestmark = pytest.mark.slow

off_the_wall = jax.jit(_off_the_wall)
distances = jax.jit(jax.vmap(signed_distance, in_axes=(None, 0)))
smooth = eqx.filter_jit(smooth_errors)


@pytest.mark.parametrize("sides", [3, 40])  # every other number compiles anew
@settings(max_examples=10)
@given(turned=st.floats(0, 6.3), spacing=st.floats(1e-3, 0.3))
def test_points_off_a_wall_are_as_far_from_it_as_they_are_said_to_be(sides, turned, spacing):
    angle = turned + 2 * np.pi * np.arange(sides) / sides
    corners = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    wall = jnp.asarray(np.stack([corners, np.roll(corners, -1, axis=0)], axis=1), jnp.float32)
    queries = off_the_wall(wall, spacing)
    distance = np.asarray(queries.distance).reshape(sides, 4)
    expected = np.asarray(distances(wall, queries.points)).reshape(sides, 4)
    np.testing.assert_allclose(np.abs(expected), distance, atol=1e-5)
    assert (expected[:, 1:] > 0).all()
    np.testing.assert_allclose(distance, np.tile(spacing * np.arange(4), (sides, 1)), rtol=1e-6)


@pytest.fixture(scope="module")
def smoothed(finished, spacing, tmp_path_factory):
    """A run with the stage, that nothing stopped."""
    settings = dataclasses.replace(finished[0].train, smooth_steps=120, smooth_spacing=spacing)
    config = dataclasses.replace(finished[0], out=tmp_path_factory.mktemp("runs") / "smooth", train=settings)
    return config, train(config, quiet=True)


def test_fields_become_smoother_and_stay_as_right(finished, trained, smoothed, packed, spacing):
    config, outcome = smoothed
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    smooth_lines = [("smooth", step) for step in (50, 100, 120)]
    assert [(line["stage"], line["step"]) for line in lines[-4:]] == [("field", 200), *smooth_lines]
    assert (outcome.finished, outcome.step) == (True, 120)
    assert outcome.validation == min(line["validation"] for line in lines[-3:])
    after, groups = checkpoint.load(config.out / "model.enf"), packed.schema.field_columns.groups
    assert after.provenance["training"]["stopped_at"]["stage"] == "smooth"
    arrays = SplitArrays.build(
        [(packed, packed.ids("train"))], trained.normaliser, trained.model.encoder, trained.config.panels
    )
    cases, panels = np.arange(8), np.tile(np.arange(trained.config.panels), (8, 1))
    batch = arrays.take(cases, np.tile(np.arange(arrays.counts.max()), (8, 1)), 0 * cases, panels)
    before, now = (
        np.array(smooth(surrogate.model, batch, groups, spacing)).mean(axis=1) for surrogate in (trained, after)
    )
    assert (now[1] < 0.8 * before[1]).all()
    assert (now[0] < 1.5 * before[0]).all()


def test_stops_change_no_bit(smoothed, check_stops):
    check_stops(*smoothed)


def test_a_frozen_encoder_is_not_smoothed(smoothed):
    config = smoothed[0]
    meta = ModelConfig(MetaConfig(), FieldConfig())
    settings = dataclasses.replace(config.train, placements=1, shape_steps=5)
    with pytest.raises(ConfigError, match="train.smooth_steps: expected 0 where the encoder is frozen, got 120"):
        dataclasses.replace(config, model=meta, train=settings)
