"""A family of small solved problems: a void in a square cell, fields known in closed form at the nodes of its mesh."""

import dataclasses
import json
import signal
import tomllib

import jax
import numpy as np
import pytest

from enf2enf import checkpoint
from enf2enf import io as mesh_io
from enf2enf.archive import named_arrays
from enf2enf.data import PackedData, write_manifest
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.nn.bi_invariant import BI_INVARIANTS
from enf2enf.schema import Quantity, Schema
from enf2enf.train import running
from enf2enf.train.config import RunConfig
from enf2enf.train.loop import train

SCHEMA = Schema(
    2,
    (Quantity("traction", "vector", "Pa"), Quantity("heat", unit="K")),
    (Quantity("stress", unit="Pa", scales_with=(("traction", 1.0),)), Quantity("displacement", "vector", "m")),
)
AROUND = 16  # vertices of a void and facets of the model
FEW = {
    "steps": 200, "cases": 4, "points": 24, "warmup": 10, "validate_every": 50, "average": 0.9, "rate": 1e-2,
    "placements": 5, "smooth_steps": 0,
    "optimiser": "adam",  # Muon compiles for twice as long
}  # fmt: skip
MODEL = f"""
[model]
panels = {AROUND}
[model.frames]
reflections = ["x"]
[model.encoder]
width = 16
heads = 2
blocks = 1
expansion = 1
grid = 2
wall = 4
probes = [0.06]
[model.decoder]
width = 16
heads = 2
blocks = 0
layers = 1
layer_expansion = 1
reaches = [0.7, 1.4]
magnitude = 1
"""  # the smallest model of the `fast` kind
FLIP = np.array([-1.0, 1.0])


def problem(random, across):
    """Mesh with fields, and conditions: a regular polygon of random place, size and turn in a square of one metre."""
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    spoke, turn = np.stack([np.cos(angle), np.sin(angle)], axis=1), angle + random.uniform(0, 0.2)
    centre, radius = random.uniform(-0.1, 0.1, 2), random.uniform(0.1, 0.3)
    hole = centre + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    square = 0.5 * spoke / np.abs(spoke).max(axis=1, keepdims=True)
    points = np.concatenate([hole + (square - hole) * t for t in np.linspace(0, 1, across)])
    i, j = np.meshgrid(np.arange(across - 1), np.arange(AROUND), indexing="ij")
    a, b = (i * AROUND + j).ravel(), (i * AROUND + (j + 1) % AROUND).ravel()
    triangles = np.concatenate([np.stack([a, a + AROUND, b + AROUND], 1), np.stack([a, b + AROUND, b], 1)])
    traction, heat = random.uniform([-50, 50], [50, 100]), random.uniform(1, 2)
    near = np.exp(-4 * (np.linalg.norm(points - centre, axis=1) - radius))
    fields = {
        "stress": np.linalg.norm(traction) * (0.5 + near) + 20 * (points - centre) @ traction / 50,
        "displacement": 1e-3 * heat * near[:, None] * (points - centre),
    }
    return Mesh(points, (CellBlock("triangle", triangles),), {}, fields), {"traction": traction, "heat": heat}


def mirrored(mesh, conditions):
    """The same problem seen in a mirror."""
    fields = {**mesh.point_data, "displacement": mesh.point_data["displacement"] * FLIP}
    cells = tuple(CellBlock(block.kind, block.nodes[:, ::-1]) for block in mesh.cells)
    other = Mesh(mesh.points * FLIP, cells, {}, fields)
    return other, {**conditions, "traction": conditions["traction"] * FLIP}


def make(folder, counts=(8, 4, 2), change=lambda mesh, conditions: (mesh, conditions)):
    """A data-set folder of train, validation and test cases; every third case has a ring of nodes less."""
    random, cases = np.random.default_rng(3), {}
    folder.mkdir(parents=True)
    for number in range(sum(counts)):
        name = f"case_{number}"
        mesh, conditions = change(*problem(random, across=5 if number % 3 else 4))
        mesh_io.write(folder / f"{name}.vtu", mesh)
        cases[name] = {"mesh": f"{name}.vtu", "conditions": conditions}
    ids, ends = list(cases), np.cumsum([0, *counts])
    split = {part: ids[ends[i] : ends[i + 1]] for i, part in enumerate(("train", "validation", "test"))}
    write_manifest(folder, SCHEMA, cases, split, name="holes", licence="CC0-1.0", floor={"relative_l2": 1e-4})
    return folder


@pytest.fixture(scope="session")
def holes(tmp_path_factory):
    """Folder of 8 train, 4 validation and 2 test cases of 64 or 80 nodes."""
    return make(tmp_path_factory.mktemp("data") / "holes")


@pytest.fixture(scope="session")
def mirrored_holes(tmp_path_factory):
    """The same folder, every case mirrored in x."""
    return make(tmp_path_factory.mktemp("data") / "mirrored", change=mirrored)


@pytest.fixture(scope="session")
def holes_in_inches(tmp_path_factory):
    """The same folder, in another unit."""

    def in_inches(mesh, conditions):
        return dataclasses.replace(mesh, points=mesh.points / 0.0254), conditions

    return make(tmp_path_factory.mktemp("data") / "inches", change=in_inches)


@pytest.fixture(scope="session")
def untested(tmp_path_factory):
    """A folder of 2 train cases and 1 validation case."""
    return make(tmp_path_factory.mktemp("data") / "untested", counts=(2, 1, 0))


@pytest.fixture(scope="session")
def packed(holes):
    """The packed cases of `holes`."""
    return PackedData.load(holes)


@pytest.fixture(scope="session")
def encoder():
    """The encoder of the model, untrained."""
    config = RunConfig.from_dict({"dataset": "holes"} | tomllib.loads(MODEL), "tiny").model
    return config.encoder.build(BI_INVARIANTS[config.bi_invariant](), SCHEMA.dim, key=jax.random.key(0))


@pytest.fixture(scope="session")
def spacing():
    """Over which all fields are made smooth, since every other spacing compiles anew; no node is nearer to a wall."""
    return 0.03


@pytest.fixture(scope="session")
def write_config(holes):
    """Writes the TOML file of a run on `holes`; settings are changed by name."""

    def write(path, out, settings=FEW, dataset=holes):
        table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        path.write_text(f'name = "tiny"\ndataset = "{dataset}"\nout = "{out}"\n[train]\n{table}{MODEL}')
        return path

    return write


@pytest.fixture(scope="session")
def finished(write_config, tmp_path_factory):
    """A run that nothing stopped: its configuration and its outcome."""
    folder = tmp_path_factory.mktemp("runs")
    config = RunConfig.read(write_config(folder / "tiny.toml", folder / "finished"))
    return config, train(config, quiet=True)


@pytest.fixture(scope="session")
def trained(finished):
    """What came of it."""
    return checkpoint.load(finished[0].out / "model.enf")


@pytest.fixture
def check_stops(ctrl_c, tmp_path):
    """A run whose second stage has 120 steps, stopped in both, comes to the same bits as one that was not."""

    def check(config, whole):
        parts = dataclasses.replace(config, out=tmp_path / "parts")
        ctrl_c({30, 199})  # amid either stage, and at the end of the first, whose last validation is read later
        seen = [(stopped.finished, stopped.step) for stopped in (train(parts, quiet=True) for _ in range(3))]
        assert seen == [(False, 31), (False, 200), (False, 31)]
        ended = train(parts, quiet=True)
        assert (ended.finished, ended.step, ended.validation) == (True, 120, whole.validation)
        one, other = (named_arrays(checkpoint.load(run.out / "model.enf").model) for run in (config, parts))
        for name, array in one.items():
            assert np.asarray(array).tobytes() == np.asarray(other[name]).tobytes(), name

    return check


@pytest.fixture
def ctrl_c(monkeypatch):
    """Presses Ctrl-C while the given steps wait for their batches, as often as given."""

    undisturbed = running.ahead

    def at(steps, times=1):
        def ahead(prepare, numbers):
            for step, batch in zip(numbers, undisturbed(prepare, numbers), strict=True):
                for _ in range(times * (step in steps)):
                    signal.raise_signal(signal.SIGINT)
                yield batch

        monkeypatch.setattr(running, "ahead", ahead)

    return at
