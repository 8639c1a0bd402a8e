"""Numbers out of range are refused by name, before anything is built from them."""

import math

import pytest

from enf2enf.errors import ConfigError
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.settings import from_dict
from enf2enf.train.config import RunConfig, TrainConfig


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        (AmortisedConfig, {"heads": 0, "width": -16, "grid": 0, "wall": 10**9, "blocks": -1, "window": 0.0}),
        (AmortisedConfig, {"wavelengths": (2.0, -1.0), "probes": (math.nan,), "wall_window": 0.0, "box_decay": -1.0}),
        (RotaryConfig, {"point_wavelengths": (1.0, 2.0), "latent_reaches": (0.0, 1.0), "decays": (0.1, 0.0)}),
        (RotaryConfig, {"reaches": (1.0, 0.0), "layers": 0, "magnitude": -1, "wavelengths": (math.inf, 1.0)}),
        (MetaConfig, {"steps": 0, "rate": 0.0, "samples": 10**6, "window": -1.0, "context": 0}),
        (FieldConfig, {"heads": 0, "blocks": 10**9, "deviation": 0.0}),
        (ModelConfig, {"panels": 0, "lengths": "guessed"}),
        (TrainConfig, {"steps": 0, "cases": -1, "points": 0, "rate": math.nan, "clip": math.inf, "validate_every": 0}),
        (TrainConfig, {"warmup": -1, "shape_steps": -1, "seed": -1, "average": 1.0}),
    ],
)
def test_each_number_is_refused_by_its_name(config, settings):
    for name, value in settings.items():
        with pytest.raises(ConfigError, match=rf"{name}: expected"):
            from_dict(config, {name: value}, "table")


@pytest.mark.parametrize(
    ("change", "culprit"),
    [({"dataset": 3}, "dataset"), ({"out": 3}, "out"), ({"name": ""}, "name"), ({"model": 3}, "model"),
     ({"train": {"placements": 0}}, "train.placements"), ({"train": {"smooth_steps": -1}}, "train.smooth_steps"),
     ({"train": {"squared_steps": -1}}, "train.squared_steps"),
     ({"train": {"smooth_spacing": 0.0}}, "train.smooth_spacing"),
     ({"model": {"frames": {"reflections": ["z"]}}}, "model.frames.reflections"),
     ({"model": {"frames": {"reflections": ["x", "x"]}}}, "frames.reflections"),
     ({"preset": 7}, "preset"), ({"extra_data": {}}, "extra_data"),
     ({"extra_data": {"dataset": "more", "share": 1.0}}, "extra_data.share"),
     ({"extra_data": {"dataset": "more", "share": 1e-9}}, "extra_data.share"),
     ({"extra_data": {"dataset": "more", "conditions": 3}}, "extra_data.conditions")],
)  # fmt: skip
def test_each_key_of_a_run_is_refused_by_its_name(change, culprit):
    with pytest.raises(ConfigError, match=f"^{culprit}: expected"):
        RunConfig.from_dict({"dataset": "data"} | change, "run")


def test_a_run_without_names_gets_them_from_its_file():
    run = RunConfig.from_dict({"dataset": "data"}, "mine")
    assert (run.name, str(run.out)) == ("mine", "runs/mine")
    assert str(RunConfig.from_dict({"dataset": "data", "name": "other"}, "mine").out) == "runs/other"
