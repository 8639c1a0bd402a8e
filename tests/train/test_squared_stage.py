"""The stage on errors and their squares: its loss, the weights that come of it, and stops in it."""

import dataclasses
import json

import equinox as eqx
import numpy as np
import pytest

from enf2enf import checkpoint
from enf2enf.errors import ConfigError
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.train.arrays import SplitArrays
from enf2enf.train.loop import train
from enf2enf.train.loss import relative_errors
from enf2enf.train.stages import FieldLoss, SquaredLoss

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def squared(finished, tmp_path_factory):
    """A run with the stage, that nothing stopped."""
    settings = dataclasses.replace(finished[0].train, squared_steps=120)
    config = dataclasses.replace(finished[0], out=tmp_path_factory.mktemp("runs") / "squared", train=settings)
    return config, train(config, quiet=True)


def batch_of(surrogate, packed):
    """All points of the train split."""
    cases = [(packed, packed.ids("train"))]
    arrays = SplitArrays.build(cases, surrogate.normaliser, surrogate.model.encoder, surrogate.config.panels)
    everything = np.tile(np.arange(arrays.counts.max()), (8, 1))
    return arrays.take(np.arange(8), everything, np.zeros(8, int))


def test_the_loss_is_of_errors_and_five_times_their_squares(trained, packed):
    batch, groups = batch_of(trained, packed), packed.schema.field_columns.groups
    errors = np.asarray(eqx.filter_jit(relative_errors)(trained.model, batch, groups, False))
    found = [float(eqx.filter_jit(loss)(trained.model, batch, groups)) for loss in (FieldLoss(), SquaredLoss())]
    np.testing.assert_allclose(found, [errors.mean(), (errors + 5 * errors**2).mean()], rtol=1e-5)


def test_large_errors_fall_and_the_mean_stays(trained, squared, packed):
    config, outcome = squared
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    own = [("squared", step) for step in (50, 100, 120)]
    assert [(line["stage"], line["step"]) for line in lines[-4:]] == [("field", 200), *own]
    assert (outcome.finished, outcome.step) == (True, 120)
    after, groups = checkpoint.load(config.out / "model.enf"), packed.schema.field_columns.groups
    assert after.provenance["training"]["stopped_at"]["stage"] == "squared"
    batch = batch_of(trained, packed)
    before, now = (
        np.asarray(eqx.filter_jit(relative_errors)(each.model, batch, groups, False)) for each in (trained, after)
    )
    assert (now**2).mean() < (before**2).mean()
    assert outcome.validation <= 1.02 * min(line["validation"] for line in lines[:-3])


def test_stops_change_no_bit(squared, check_stops):
    check_stops(*squared)


def test_there_is_none_after_a_frozen_encoder(squared):
    config = squared[0]
    settings = dataclasses.replace(config.train, placements=1, shape_steps=5)
    with pytest.raises(ConfigError, match="train.squared_steps: expected 0 where the encoder is frozen, got 120"):
        dataclasses.replace(config, model=ModelConfig(MetaConfig(), FieldConfig()), train=settings)
