"""The way of a new user on the page about data: from cases that OpenFOAM solved to a served model."""

import json
import shlex
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from pages import ROOT, Fence, commands, fences

from enf2enf import load, read
from enf2enf.cli import main
from enf2enf.client import Client
from enf2enf.data import Dataset

pytestmark = pytest.mark.slow

DATA, CASES = ROOT / "docs" / "data.md", ROOT / "tests" / "openfoam"
TINY = {
    "model": {
        "panels": 32,
        "encoder": {"width": 16, "heads": 2, "blocks": 1, "grid": 2, "wall": 4},
        "decoder": {"width": 16, "heads": 2, "blocks": 0, "layers": 1, "reaches": [0.7, 1.4]},
    },
    "train": {"steps": 4, "cases": 2, "points": 24, "warmup": 1, "validate_every": 2, "smooth_steps": 0,
              "placements": 1, "optimiser": "adam"},
}  # fmt: skip


def section() -> list[Fence]:
    """What stands in the fences below the heading, as far as the next one."""
    text = DATA.read_text()
    start = text.index("### From a folder of cases")
    part = text[start : text.index("\n### ", start + 1)]
    return [fence for fence in fences(DATA) if fence.text in part]


def merged(one: dict, other: dict) -> dict:
    both = {key: merged(one[key], other[key]) for key in one.keys() & other.keys() if isinstance(one[key], dict)}
    return one | other | both


def dumped(table: dict, name: str = "") -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    parts = [dumped(value, f"{name}.{key}".strip(".")) for key, value in table.items() if isinstance(value, dict)]
    return "\n".join([f"[{name}]" * bool(name), *lines, *parts])


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The folder after all commands of the page but the last, and that one; training is much shorter."""
    pytest.importorskip("pyvista"), pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("user")
    shutil.copytree(CASES / "cases", folder / "cases")
    shutil.copy(CASES / "conditions.csv", folder)
    (settings,) = [tomllib.loads(fence.text) for fence in section() if fence.language == "toml"]
    (folder / "mine.toml").write_text(dumped(merged(settings, TINY)))
    shown = {fence.text for fence in section()}
    lines = [
        line for line, _ in commands(DATA) if any(line.split(" \\")[0] in text.replace("\\\n", " ") for text in shown)
    ]
    assert len(lines) <= 6
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in lines[:-1]:
            assert main(shlex.split(line)[1:]) in (0, None), line
    return folder, lines[-1]


def test_the_data_set_is_what_was_solved(walked):
    folder, _ = walked
    dataset = Dataset.open(folder / "data" / "mine")
    assert {part: len(ids) for part, ids in dataset.split.items()} == dict(train=5, validation=1, calibration=1, test=1)
    (inflow,), (p, u) = dataset.schema.conditions, dataset.schema.fields
    assert (inflow.name, inflow.unit, p.unit, u.relative_to) == ("inflow", "m/s", "m2/s2", "inflow")
    for name in dataset.manifest["cases"]:
        case, mesh = dataset.case(name), read(folder / "cases" / name)
        assert len(case.solution.points) == 960 and len(case.geometry.walls) == 1
        np.testing.assert_array_equal(np.sort(case.solution["p"]), np.sort(mesh.cell_data["p"][:960]))
        distance = np.linalg.norm(case.solution.points, axis=1)
        far = case.solution["U"][distance > 4.5]  # where the flow is next to undisturbed
        np.testing.assert_allclose(far.mean(axis=0), case.conditions["inflow"], atol=0.1)  # measured 0.06
    assert (folder / "report.png").exists()


def test_the_answer_is_the_mesh_of_the_case_with_fields(walked):
    folder, _ = walked
    mesh, answer = read(folder / "cases" / "ellipse0"), read(folder / "answer.vtu")
    np.testing.assert_array_equal(answer.points, mesh.points)
    assert set(answer.patches) == {"ellipse", "freestream"} and set(answer.point_data) == {"p", "U"}
    assert set(answer.cell_data) == set(mesh.cell_data)
    made = load(folder / "runs" / "mine" / "model.enf")
    inflow = {"inflow": {"magnitude": 1.1, "angle_deg": 4}}
    expected = made.predict(folder / "cases" / "ellipse0", inflow, walls=["ellipse"])
    for name, values in expected.fields.items():
        np.testing.assert_array_equal(answer.point_data[name].astype(np.float32), values)


def test_the_model_is_served(walked):
    folder, line = walked
    words = shlex.split(line)
    assert words[:2] == ["enf2enf", "serve"]
    command = [sys.executable, "-m", "enf2enf", *words[1:], "--port", "0", "--unsupervised"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as serving:
        try:
            with Client(serving.stdout.readline().split()[-1], timeout=120) as client:
                assert client.ready()
                answer = client.predict(folder / "cases" / "ellipse0", {"inflow": [1.0, 0.2]}, walls=["ellipse"])
        finally:
            serving.terminate()
    made = load(folder / "runs" / "mine" / "model.enf")
    expected = made.predict(folder / "cases" / "ellipse0", {"inflow": [1.0, 0.2]}, walls=["ellipse"])
    for name, values in expected.fields.items():
        np.testing.assert_allclose(answer[name], values, rtol=1e-4, atol=1e-5)  # measured 0
