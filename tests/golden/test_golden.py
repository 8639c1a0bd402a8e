"""What the shipped checkpoint answered when the answers were kept: a change of structure must not change them.

`python tests/golden/test_golden.py` keeps the answers of today, for a change that is meant to move them.
"""

import hashlib
import platform
from pathlib import Path

import jax
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf import io as mesh_io
from enf2enf.checkpoint import load
from enf2enf.client import Client
from enf2enf.data import PackedData, write_manifest
from enf2enf.grid import Grid
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Quantity, Schema
from enf2enf.train.arrays import SplitArrays
from enf2enf_server.gate.app import create_server

KEPT = Path(__file__).with_name("golden.npz")
NAME = "unit_cell.vtu"
TOLERANCE = 1e-5  # of the span, on another machine; measured 0 on the one that kept them


def machine() -> str:
    """What decides the last bits of an answer."""
    flags = next((line for line in _cpu() if line.startswith("flags")), platform.processor())
    return hashlib.sha256(f"{jax.__version__} {np.__version__} {flags}".encode()).hexdigest()[:16]


def _cpu() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def square_with_hole(around: int, radius: float) -> Mesh:
    """The unit square around a round hole, in rings of triangles, with a field in closed form."""
    angle = 2 * np.pi * np.arange(around) / around
    spoke = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    hole, square = radius * spoke, 0.5 * spoke / np.abs(spoke).max(axis=1, keepdims=True)
    points = 0.5 + np.concatenate([hole + (square - hole) * share for share in (0.0, 0.3, 1.0)])
    i, j = np.meshgrid(np.arange(2), np.arange(around), indexing="ij")
    a, b = (i * around + j).ravel(), (i * around + (j + 1) % around).ravel()
    triangles = np.concatenate([np.stack([a, a + around, b + around], 1), np.stack([a, b + around, b], 1)])
    stress = 100 + 50 * points[:, 0] * points[:, 1] + 200 * np.exp(-8 * np.hypot(*(points - 0.5).T))
    return Mesh(points, (CellBlock("triangle", triangles),), {}, {"von_mises": stress})


def packed(folder: Path) -> PackedData:
    """Three cases, packed."""
    cases = {}
    for name, around, radius in (("a", 40, 0.2), ("b", 52, 0.31), ("c", 44, 0.27)):
        mesh_io.write(folder / f"{name}.vtu", square_with_hole(around, radius))
        cases[name] = {"mesh": f"{name}.vtu", "conditions": {}}
    schema = Schema(2, (), (Quantity("von_mises", unit="Pa"),))
    split = {"train": ["a", "b"], "validation": ["c"], "test": []}
    write_manifest(folder, schema, cases, split, name="holes", licence="CC0-1.0")
    return PackedData.load(folder)


def answers(folder: Path) -> dict[str, np.ndarray]:
    """Everything that is kept, by name."""
    surrogate = load("elasticity")
    return {**_computed(surrogate), **_packed(surrogate, packed(folder)), **_served(surrogate)}


def _computed(surrogate) -> dict[str, np.ndarray]:
    encoding = surrogate.encode(mesh_io.read(enf2enf_meshes.path("unit_cell_vtu")))
    found = {}
    for view, seen in enumerate(surrogate.views(encoding, surrogate.condition_row({}))):
        found[f"view {view}, walls"] = np.asarray(seen.panels.vertices)
        for cloud, latents in enumerate(seen.latents):
            found[f"view {view}, cloud {cloud}, pose"] = np.asarray(latents.pose)
            found[f"view {view}, cloud {cloud}, context"] = np.asarray(latents.context)
    points = np.random.default_rng(0).uniform(-0.02, 1.02, (1000, 2))
    found["decoded"] = surrogate.decode(encoding, {}, points)["von_mises"]
    return found


def _packed(surrogate, data: PackedData) -> dict[str, np.ndarray]:
    found = {}
    for case in range(data.case_count):
        geometry = data.geometry(case)
        found[f"case {case}, wall"], found[f"case {case}, outer"] = geometry.walls[0], geometry.outer
        found[f"case {case}, points"], found[f"case {case}, values"] = data.points(case), data.values(case)
    arrays = SplitArrays.build(
        [(data, data.ids("train"))], surrogate.normaliser, surrogate.model.encoder, surrogate.config.panels,
        surrogate.config.frames,
    ).everything  # fmt: skip
    for name in ("conditions", "target", "weight", "valid", "wall"):
        found[f"trained on, {name}"] = np.asarray(getattr(arrays, name))
    found["trained on, points"], found["trained on, distance"] = arrays.queries.points, arrays.queries.distance
    for cloud, observed in enumerate(arrays.source):
        found[f"trained on, features {cloud}"] = np.asarray(observed.context)
    return found


def _served(surrogate) -> dict[str, np.ndarray]:
    server, port = create_server(surrogate)
    server.start().result()
    try:
        with Client(f"127.0.0.1:{port}") as client:
            shape = client.encode(enf2enf_meshes.path("unit_cell_vtu"))
            asked = {
                "few": np.random.default_rng(1).uniform(0, 1, (50, 2)),
                "many": np.random.default_rng(2).uniform(0, 1, (9000, 2)),
                "grid": Grid((0, 0), (1, 1), (30, 40)),
                "nodes": "nodes",
            }
            return {f"served, {name}": client.decode(shape, {}, at)["von_mises"] for name, at in asked.items()}
    finally:
        server.stop()


@pytest.fixture(scope="module")
def now(tmp_path_factory) -> dict[str, np.ndarray]:
    """The answers of today."""
    return answers(tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def kept() -> dict[str, np.ndarray]:
    """The answers that were kept."""
    with np.load(KEPT) as file:
        return dict(file)


def test_answers_are_those_that_were_kept(now, kept):
    """To the bit where they were computed, to a tolerance elsewhere."""
    here = machine() == str(kept.pop("machine"))
    assert set(now) == set(kept)
    for name, before in kept.items():
        values = now[name]
        assert values.dtype == before.dtype and values.shape == before.shape, name
        if here:
            assert np.array_equal(values, before, equal_nan=True), name
        else:
            span = np.nanmax(before) - np.nanmin(before) if before.dtype.kind == "f" and before.size else 0
            assert np.allclose(values, before, rtol=0, atol=TOLERANCE * span, equal_nan=True), name


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        np.savez_compressed(KEPT, machine=np.array(machine()), **answers(Path(folder)))
