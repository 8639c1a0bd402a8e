"""The benchmark of super-resolution on a small data set, against figures taken apart from it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.checkpoint import save
from enf2enf.data import Dataset, write_manifest
from enf2enf.metrics import relative_l2
from enf2enf.surrogate import Surrogate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cells(root, surrogate, tmp_path_factory):
    """Three cases of one mesh under three tractions, the last with a fine sampling that leaves the domain."""
    folder, random = tmp_path_factory.mktemp("cells"), np.random.default_rng(0)
    mesh, cases = mesh_io.read(root / "meshes" / "unit_cell.vtu"), {}
    for number, name in enumerate("abc"):
        stress = random.normal(200, 100, len(mesh.points))
        mesh_io.write(folder / f"{name}.vtu", type(mesh)(mesh.points, mesh.cells, {}, {"von_mises": stress}))
        cases[name] = {"mesh": f"{name}.vtu", "conditions": {"traction": [10.0 * number, 80.0]}}
    points = random.uniform(0, 1, (3000, 2))
    np.savez(folder / "fine.npz", points=points, von_mises=random.normal(200, 100, len(points)))
    cases["c"]["fine"] = "fine.npz"
    split = {"train": ["a"], "validation": ["b"], "test": ["c"]}
    write_manifest(folder, surrogate.schema, cases, split, name="cells")
    return folder


def run(root, folder, *arguments):
    checkpoints = ("--full", "full.enf", "--eighth", "eighth.enf")
    command = [sys.executable, "-m", "benchmarks.super_resolution", *checkpoints, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_states_both_errors_and_their_ratio(root, surrogate, cells, tmp_path):
    other = Surrogate.untrained(surrogate.config, surrogate.normaliser, seed=1)
    for name, one in (("full", surrogate), ("eighth", other)):
        save(tmp_path / f"{name}.enf", one)
    result = run(root, tmp_path, "--data", cells, "--json", "out/figures.json")
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    case, fine = (dataset := Dataset.open(cells)).case("c"), dataset.fine("c")
    inside = case.geometry.contains(fine.points)
    near = inside & (case.geometry.signed_distance(fine.points) <= 0.02)
    assert 0 < near.sum() < inside.sum() < len(inside)
    regions = {"all nodes": (case.field, slice(None)), "fine": (fine, inside), "fine, by the void": (fine, near)}
    for region, (truth, chosen) in regions.items():
        row, expected = figures["relative_l2"]["von_mises"][region], {}
        for name, one in (("full", surrogate), ("eighth", other)):
            guess = one.predict(case.geometry, case.conditions, truth.points)["von_mises"]
            expected[name] = relative_l2(guess[chosen], truth["von_mises"][chosen])
            assert row[name] == pytest.approx(expected[name], rel=1e-6)  # measured 0
        assert row["ratio"] == pytest.approx(expected["eighth"] / expected["full"], rel=1e-6)
        assert row["ratio"] != pytest.approx(1, rel=1e-3)
    assert figures["points"]["fine"]["least_points"] == inside.sum()
    assert figures["points"]["fine, by the void"]["least_points"] == near.sum()
    assert figures["points"]["fine"]["left_out"] == dict.fromkeys(("full", "eighth"), int((~inside).sum()))
    assert f"{len(inside) - inside.sum()} points without an answer" in result.stdout


def test_a_split_without_a_fine_sampling_is_refused(root, surrogate, cells, tmp_path):
    for name in ("full", "eighth"):
        save(tmp_path / f"{name}.enf", surrogate)
    result = run(root, tmp_path, "--data", cells, "--split", "train")
    assert result.returncode != 0
    assert "train split: expected at least one case with a fine sampling, got none" in result.stderr
