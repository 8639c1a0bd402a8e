"""The paper's model trains in two stages: the encoder on the signed distance, then the decoder on its latents."""

import dataclasses

import jax
import numpy as np
import pytest

from enf2enf import checkpoint
from enf2enf.archive import named_arrays
from enf2enf.errors import ConfigError
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.rotary_decoder import RotaryDecoder
from enf2enf.train.arrays import SplitArrays, fit_normaliser
from enf2enf.train.config import RunConfig, TrainConfig
from enf2enf.train.frozen import freeze, score_latents
from enf2enf.train.loop import train

pytestmark = pytest.mark.slow

ENCODER = MetaConfig(context=2, width=16, heads=1, grid=2, samples=4, steps=1)
PAPER = ModelConfig(ENCODER, FieldConfig(width=16, heads=1, blocks=0), panels=16)
SETTINGS = TrainConfig(
    steps=6, shape_steps=6, cases=2, points=24, optimiser="adam", warmup=1, validate_every=3, average=0.5
)


@pytest.fixture(scope="module")
def whole(holes, tmp_path_factory):
    config = RunConfig("paper", holes, tmp_path_factory.mktemp("runs") / "whole", PAPER, SETTINGS)
    return config, train(config, quiet=True)


def read(path):
    return {name: np.asarray(leaf) for name, leaf in named_arrays(checkpoint.load(path).model).items()}


def test_stages_follow_each_other_and_stops_change_nothing(whole, tmp_path, ctrl_c):
    config, outcome = whole
    lines = (config.out / "metrics.jsonl").read_text().splitlines()
    assert [line.split(', "train')[0] for line in lines] == [
        f'{{"stage": "{stage}", "step": {step}' for stage in ("shape", "field") for step in (3, 6)
    ]
    parts, seen = dataclasses.replace(config, out=tmp_path / "parts"), []
    for step in (2, 5, 4):  # amid the first stage, at its last step (so that the second does not begin), amid that
        ctrl_c({step})
        stopped = train(parts, quiet=True)
        seen.append((stopped.finished, stopped.step))
    ctrl_c({})
    assert seen == [(False, 3), (False, 6), (False, 5)]
    ended = train(parts, quiet=True)
    assert (ended.finished, ended.step, ended.validation) == (True, 6, outcome.validation)
    one, other = read(config.out / "model.enf"), read(parts.out / "model.enf")
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def test_latents_of_a_frozen_encoder_have_one_place(whole):
    with pytest.raises(ConfigError, match="train.placements: expected 1 where the encoder is frozen, got 2"):
        dataclasses.replace(whole[0], train=dataclasses.replace(SETTINGS, placements=2))


def test_the_decoder_scores_latents_by_their_training_statistics(whole, packed):
    surrogate = checkpoint.load(whole[0].out / "model.enf")
    arrays = SplitArrays.build([(packed, packed.ids("train"))], fit_normaliser(packed), surrogate.model.encoder, 16)
    (cloud,) = freeze(surrogate.model, arrays).everything.source
    contexts = cloud.context.reshape(-1, 2)
    np.testing.assert_allclose(surrogate.model.decoder.mean, contexts.mean(axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(surrogate.model.decoder.deviation, contexts.std(axis=0), rtol=1e-3, atol=2e-6)
    assert (np.abs(contexts - 1) > 1e-6).any()  # the inner steps moved them from their start


def test_what_scores_no_latents_is_left_alone(whole, packed):
    """A meta-learned encoder before a rotary decoder."""
    model = checkpoint.load(whole[0].out / "model.enf").model
    rotary = jax.tree.map(lambda leaf: leaf, model)
    decoder = RotaryDecoder.__new__(RotaryDecoder)
    object.__setattr__(rotary, "decoder", decoder)
    assert score_latents(rotary, None) is rotary
