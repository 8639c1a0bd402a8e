"""The contract as another language reads it, and as its linter does. Needs Node and npm."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import CONDITIONS

pytestmark = pytest.mark.slow

NODE, PROTOS = "tests/node", "protos"


@pytest.fixture(scope="session")
def node(root, tmp_path_factory) -> Path:
    """A folder with the script and what the lock file names; takes some seconds."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node here: install node (18 or newer) and npm to try the contract in another language")
    folder = tmp_path_factory.mktemp("node") / "client"
    shutil.copytree(root / NODE, folder, ignore=shutil.ignore_patterns("node_modules"))
    options = ["--ignore-scripts", "--no-audit", "--no-fund"]
    result = subprocess.run(["npm", "ci", *options], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder


def ask(node, root, target, mesh, conditions, points):
    command = ["node", "query.mjs", target, root / PROTOS / "surrogate.proto", mesh, json.dumps(conditions)]
    given = json.dumps(points.tolist())
    return subprocess.run(command, cwd=node, input=given, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("count", [1, 4096])
def test_node_reads_the_same_bits(node, root, target, client, vtu, tmp_path, count):
    path = tmp_path / "cell.vtu"
    path.write_bytes(vtu)
    points = np.random.default_rng(count).uniform(-0.1, 1.1, (count, 2))
    result = ask(node, root, target, path, CONDITIONS, points)
    assert result.returncode == 0, result.stderr
    told, answer = json.loads(result.stdout), client.predict(path, CONDITIONS, points)
    assert (told["name"], told["handle"], told["nodes"]) == ("tiny", answer.shape.handle, 224)
    assert told["summary"]["points"] == count and told["summary"]["outside"] == answer.outside
    for way in ("streamed", "sampled"):
        assert list(told[way]) == ["stress", "shift"]
        for name, numbers in told[way].items():
            values = np.array(numbers, np.float32).reshape(answer[name].shape)  # null becomes NaN
            assert np.array_equal(values, answer[name], equal_nan=True)
    assert count == 1 or answer.outside > 0


def test_node_is_refused_in_a_sentence(node, root, target, vtu, tmp_path):
    (tmp_path / "cell.vtu").write_bytes(vtu)
    result = ask(node, root, target, tmp_path / "cell.vtu", {"heat": 300.0}, np.zeros((1, 2)))
    assert result.returncode == 1 and result.stderr.startswith("INVALID_ARGUMENT: ") and "load" in result.stderr


def lint(node, folder):
    command = [node / "node_modules" / ".bin" / "buf", "lint", folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_linter_finds_nothing(node, root):
    result = lint(node, root / PROTOS)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("sound", "unsound", "finding"),
    [
        ("// Name of the model.\n  string name", "string name", "should have a non-empty comment"),
        ("repeated Quantity conditions", "repeated Quantity Conditions", "should be lower_snake_case"),
        ("KIND_SCALAR", "SCALAR", "should be prefixed"),
        ("package enf2enf.v1;", "package enf2enf;", "version"),
    ],
)
def test_the_linter_finds_what_is_wrong(node, root, tmp_path, sound, unsound, finding):
    contract = (root / PROTOS / "surrogate.proto").read_text()
    assert sound in contract
    (tmp_path / "surrogate.proto").write_text(contract.replace(sound, unsound))
    shutil.copy(root / PROTOS / "buf.yaml", tmp_path)
    result = lint(node, tmp_path)
    assert result.returncode and finding in result.stdout


def test_the_lock_names_no_registry(root):
    packages = json.loads((root / NODE / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
