"""Numbers of single precision, the same ones, whatever JAX is told: `python tests/train/test_precision.py CONFIG`."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np

import enf2enf_meshes
from enf2enf import checkpoint
from enf2enf import io as mesh_io
from enf2enf.surrogate import Surrogate
from enf2enf.train.config import RunConfig, TrainConfig
from enf2enf.train.loop import train
from enf2enf.train.step import TrainState, make_optimiser

FEW = {
    "steps": 4, "cases": 4, "points": 24, "warmup": 2, "validate_every": 2, "average": 0.9, "rate": 1e-2,
    "placements": 5, "smooth_steps": 0, "optimiser": "adam",
}  # fmt: skip


def told(path: Path) -> dict:
    """What a run comes to, what the shipped checkpoint answers, and in which kinds of numbers."""
    config = RunConfig.read(path)
    train(config, quiet=True)
    trained, shipped = (
        checkpoint.load(config.out / "model.enf"),
        checkpoint.load(enf2enf_meshes.checkpoint("elasticity")),
    )
    encoding = shipped.encode(shipped.geometry_of(mesh_io.read(enf2enf_meshes.path("unit_cell_vtu"))))
    answer = shipped.decode(encoding, {}, np.random.default_rng(0).uniform(0, 1, (300, 2)))["von_mises"]
    fresh = Surrogate.untrained(config.model, trained.normaliser, seed=3)
    states = [TrainState.start(fresh.model, make_optimiser(TrainConfig(optimiser=o), 10)) for o in ("adam", "muon")]
    leaves = jax.tree.leaves([trained.model, fresh.model, encoding.views[0].latents, states])
    return {
        "trained": trained.version,
        "fresh": fresh.version,
        "answer": hashlib.sha256(answer.tobytes()).hexdigest(),
        "kinds": sorted({str(leaf.dtype) for leaf in leaves if hasattr(leaf, "dtype")}),
    }


def test_double_precision_elsewhere_changes_nothing(write_config, tmp_path):
    paths = [write_config(tmp_path / f"{name}.toml", tmp_path / name, FEW) for name in ("usual", "double")]
    command = [sys.executable, __file__, str(paths[1])]
    environment = os.environ | {"JAX_ENABLE_X64": "1"}
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    expected = told(paths[0])
    assert json.loads(run.stdout) == expected and expected["kinds"] == ["float32", "int32"]


if __name__ == "__main__":
    print(json.dumps(told(Path(sys.argv[1]))))
