"""Numbers of single precision, the same ones, whatever JAX is told: `python tests/train/test_precision.py CONFIG`."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf import checkpoint
from enf2enf import io as mesh_io
from enf2enf.data import PackedData
from enf2enf.train.config import RunConfig, TrainConfig
from enf2enf.train.loop import Trainer
from enf2enf.train.step import TrainState, make_optimiser, make_step

pytestmark = pytest.mark.slow

STEPS = 3


def told(path: Path) -> dict:
    """What a few steps come to, what the shipped checkpoint answers, and in which kinds of numbers."""
    shipped = checkpoint.load("elasticity")
    encoding = shipped.encode(mesh_io.read(enf2enf_meshes.path("unit_cell_vtu")))
    answer = shipped.decode(encoding, {}, np.random.default_rng(0).uniform(0, 1, (100, 2)))["von_mises"]
    config = RunConfig.read(path)
    trainer = Trainer(config, PackedData.load(config.dataset), quiet=True)
    (stage,), model = trainer.stages, trainer.surrogate.model
    optimiser, groups = trainer.optimiser(stage), trainer.packed.schema.field_columns.groups
    state, step = TrainState.start(model, optimiser), make_step(stage.loss, optimiser.update, groups, 0.9)
    for number in range(STEPS):
        state, _ = step(state, trainer.batch(stage, trainer.data, number))
    other = TrainState.start(model, make_optimiser(TrainConfig(optimiser="muon"), STEPS))
    latents = shipped.views(encoding, shipped.condition_row({}))[0].latents
    leaves = jax.tree.leaves([model, state, other, latents, trainer.data.everything])
    return {
        "trained": trainer.surrogate.with_weights(state.average, {}).version,
        "answer": hashlib.sha256(answer.tobytes()).hexdigest(),
        "kinds": sorted({str(leaf.dtype) for leaf in leaves if hasattr(leaf, "dtype")}),
    }


def test_double_precision_elsewhere_changes_nothing(write_config, tmp_path):
    few = {"steps": STEPS, "cases": 4, "points": 24, "placements": 5, "smooth_steps": 0, "optimiser": "adam"}
    paths = [write_config(tmp_path / f"{name}.toml", tmp_path / name, few) for name in ("usual", "double")]
    command = [sys.executable, __file__, str(paths[1])]
    environment = os.environ | {"JAX_ENABLE_X64": "1"}
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    expected = told(paths[0])
    assert json.loads(run.stdout) == expected and expected["kinds"] == ["bool", "float32", "int32"]


if __name__ == "__main__":
    print(json.dumps(told(Path(sys.argv[1]))))
