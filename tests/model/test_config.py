"""Configurations build what they say and refuse what they do not know."""

import equinox as eqx
import jax
import pytest

from enf2enf.errors import ConfigError
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.schema import Quantity, Schema
from enf2enf.settings import from_dict, preset
from enf2enf.train.config import RunConfig, TrainConfig, merge

SCHEMA = Schema(2, (), (Quantity("von_mises", unit="Pa"),))


@pytest.mark.parametrize("name", ["fast", "paper"])
def test_presets_build(name):
    tables = preset(name)
    config = from_dict(ModelConfig, tables["model"], "model")
    from_dict(TrainConfig, tables["train"], "train")
    assert jax.tree.leaves(eqx.filter_eval_shape(lambda key: config.build(SCHEMA, 0, key=key), jax.random.key(0)))
    assert from_dict(ModelConfig, config.to_dict(), "model") == config


@pytest.mark.parametrize(
    ("plain", "culprit"),
    [
        ({"facet": 3}, "'facet'"),
        ({"panels": "many"}, "model.panels"),
        ({"panels": True}, "model.panels"),
        ({"panels": 100}, "panels: expected a multiple of wall = 48"),
        ({"bi_invariant": "mirror"}, "model.bi_invariant"),
        ({"encoder": {"kind": "magic"}}, "model.encoder.kind"),
        ({"encoder": 3}, "model.encoder.kind"),
        ({"encoder": {"kind": "amortised", "wavelengths": [1.0]}}, "2 values"),
        ({"encoder": {"kind": "amortised", "clouds": 2}}, "'clouds'"),
        ({"decoder": {"kind": "field"}}, "decoder"),
    ],
)
def test_bad_values_are_named(plain, culprit):
    with pytest.raises(ConfigError) as caught:
        from_dict(ModelConfig, plain, "model")
    assert culprit in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(AmortisedConfig(width=10, heads=4)),
        ModelConfig(AmortisedConfig(width=32), RotaryConfig(width=64)),
        ModelConfig(AmortisedConfig(width=32), RotaryConfig(width=32, heads=2)),
        ModelConfig(bi_invariant="absolute"),
        ModelConfig(MetaConfig(width=9, heads=2), FieldConfig()),
    ],
)
def test_impossible_widths_are_refused(config):
    with pytest.raises(ConfigError):
        eqx.filter_eval_shape(lambda key: config.build(SCHEMA, 0, key=key), jax.random.key(0))


def test_a_table_of_another_kind_replaces_the_preset():
    base = {"encoder": {"kind": "amortised", "width": 96}, "panels": 192}
    assert merge(base, {"encoder": {"width": 64}})["encoder"] == {"kind": "amortised", "width": 64}
    assert merge(base, {"encoder": {"kind": "meta"}})["encoder"] == {"kind": "meta"}


def test_run_configuration_from_toml(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('dataset = "somewhere"\n[train]\nsteps = 7\n[model.encoder]\ngrid = 4\n')
    config = RunConfig.read(file)
    assert (config.name, config.train.steps, config.model.encoder.grid) == ("mine", 7, 4)
    for text, culprit in (("datset = 1", "datset"), ("[train", "TOML"), ("name = 'x'", "dataset")):
        file.write_text(text)
        with pytest.raises(ConfigError, match=culprit):
            RunConfig.read(file)
    with pytest.raises(ConfigError, match="readable"):
        RunConfig.read(tmp_path / "none.toml")
