"""`enf2enf predict` gives the surrogate's own answer in every form; every command shows an example that it takes."""

import csv
import json
import re
import shlex

import flows
import numpy as np
import pytest
from sectors import Sector

from enf2enf import checkpoint, read
from enf2enf.cli import _parser, main
from enf2enf.cli.place import at_of
from enf2enf.io import write
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.surrogate import Surrogate

LOAD = ["-c", "traction=10,80"]
COMMANDS = ("demo", "generate", "dataset", "subsample", "train", "evaluate", "predict", "inspect", "serve", "token")


@pytest.fixture(scope="module")
def saved(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("predict") / "model.enf"
    checkpoint.save(path, surrogate)
    return str(path)


@pytest.fixture(scope="module")
def cell(root):
    return str(root / "meshes" / "unit_cell.vtu")


@pytest.mark.slow
@pytest.mark.parametrize("place", ["nodes", "wall", "line:0,0:1,0", "grid:0,0:1,1:20,30", "slice:x:0.1"])
def test_every_place_in_every_form(saved, surrogate, cell, place, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    expected = surrogate.predict(cell, {"traction": [10.0, 80.0]}, at_of(place))
    table, picture = tmp_path / "answer.csv", tmp_path / "answer.png"
    assert main(["predict", saved, cell, *LOAD, "--at", place, "-o", str(table), "--png", str(picture)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in out] == [str(table), str(picture)]
    assert str(len(expected.points)) in out[0]
    rows = list(csv.DictReader(table.open()))
    found = np.array([float(row["von_mises"]) for row in rows], np.float32)
    np.testing.assert_array_equal(found, expected["von_mises"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["predict", saved, cell, *LOAD, "--at", place, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(expected.to_dict()))


def test_points_of_a_file_in_every_form(saved, surrogate, cell, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    given, points = tmp_path / "points.csv", np.array([[0.1, 0.1], [0.2, 0.1], [0.5, 0.5]])
    np.savetxt(given, points, delimiter=",", header="x,y", comments="")
    expected = surrogate.predict(cell, {"traction": [10.0, 80.0]}, points)
    asked = ["predict", saved, cell, *LOAD, "--at", str(given)]
    for name in ("answer.vtu", "answer.csv", "answer.png"):
        assert main([*asked, "--png" if name.endswith("png") else "-o", str(tmp_path / name)]) == 0
        said = "3 points under traction 80.623 Pa at 82.875 degrees, 1 without a field: 1 outside the domain"
        assert capsys.readouterr().out == f"{tmp_path / name}: {said}\n"
    stored = read(tmp_path / "answer.vtu").point_data["von_mises"].astype(np.float32)
    np.testing.assert_array_equal(stored, expected["von_mises"])


def test_without_a_file_it_is_a_table(saved, surrogate, cell, capsys):
    assert main(["predict", saved, cell, "--vector", "traction=50,90"]) == 0
    expected = surrogate.predict(cell, {"traction": [0.0, 50.0]})["von_mises"].astype(np.float64)
    out = capsys.readouterr().out
    for number in (expected.min(), expected.mean(), expected.max()):
        assert f"{number:.6g}" in out
    assert "von_mises" in out and "│ Pa " in out and " under traction 50 Pa at 90 degrees\n" in out


def test_a_line_becomes_points_in_vtu(saved, cell, tmp_path):
    path = tmp_path / "line.vtu"
    assert main(["predict", saved, cell, *LOAD, "--at", "line:0,0:1,0:9", "-o", str(path)]) == 0
    stored = read(path)
    assert stored.cells[0].kind == "vertex" and stored.point_data["von_mises"].shape == (9,)


def test_half_a_mesh_is_answered_as_the_whole_and_written_as_half(saved, surrogate, tmp_path, capsys):
    sector = Sector("quad", (0.1,), size=1 / 6)
    half, out = sector.mesh("half"), tmp_path / "out.vtu"
    write(tmp_path / "half.vtu", half)
    asked = ["predict", saved, str(tmp_path / "half.vtu"), "--symmetry", "front", "--symmetry", "back", "-o", str(out)]
    assert main([*asked, "-c", "traction=-20,0"]) == 0
    stored = read(out)
    np.testing.assert_allclose(stored.points, half.points, atol=1e-12)
    whole = surrogate.predict(sector.mesh("whole"), {"traction": [-20.0, 0.0]}, half.points)["von_mises"]
    np.testing.assert_allclose(stored.point_data["von_mises"], whole, atol=1e-5 * np.ptp(whole))
    assert stored.patches.keys() == half.patches.keys()
    capsys.readouterr()
    assert main([*asked, "-c", "traction=10,80"]) == 1
    assert "condition 'traction': expected along the plane of symmetry, got [10.0, 80.0]" in capsys.readouterr().err


def test_what_cannot_be_drawn_or_held_is_one_sentence(saved, cell, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out = tmp_path / "answer.csv"
    wrong = {
        ("--png", str(tmp_path / "x.doc")): "x.doc: expected a picture whose name ends in .png, .pdf, .svg, got .doc",
        (
            "--at",
            "grid:0,0:1,1:9999999,9999999",
        ): "memory: expected a question whose answer fits",
    }
    for options, sentence in wrong.items():
        assert main(["predict", saved, cell, *LOAD, *options, "-o", str(out)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert sentence in line and not out.exists()


@pytest.mark.slow
def test_it_says_why_points_have_no_field(tmp_path, capsys):
    """In a body, or far away: beyond the box, which turns with the inflow, so that others are then."""
    random, schema = np.random.default_rng(0), Joukowski().schema
    rows = np.column_stack([random.uniform(2, 9, 8), np.zeros(8)])
    fields = [random.normal(size=(16, schema.field_width)) for _ in rows]
    config = ModelConfig(flows.AMORTISED, flows.ROTARY, 32, frames=flows.INFLOW)
    made = Surrogate.untrained(config, Normaliser.fit(schema, np.ones(8), rows, fields))
    checkpoint.save(tmp_path / "flow.enf", made)
    (body,) = flows.bodies(random, 1)
    write(tmp_path / "body.vtu", flows.mesh_of([body]))
    points = np.mean(body, axis=0) + [[0.0, 0.0], [2.5, 0.0], [0.0, 2.5], [50.0, 0.0]]
    np.savetxt(tmp_path / "at.csv", points, delimiter=",")
    asked = ["predict", str(tmp_path / "flow.enf"), str(tmp_path / "body.vtu"), "--at", str(tmp_path / "at.csv")]
    for angle, known in ((0, 1), (90, 2)):
        field = made.predict(str(tmp_path / "body.vtu"), {"inflow": {"magnitude": 5.0, "angle_deg": angle}}, points)
        assert np.flatnonzero(~field.field.missing).tolist() == [known]
        assert main([*asked, "--vector", f"inflow=5,{angle}", "-o", str(tmp_path / "out.csv")]) == 0
        causes = "1 outside the domain, 2 beyond the box that the model covers, turned with the inflow"
        said = f"4 points under inflow 5 m/s at {angle} degrees, 3 without a field: {causes}"
        assert capsys.readouterr().out == f"{tmp_path / 'out.csv'}: {said}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_can_be_parsed(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    examples = re.findall(r"^  enf2enf (.*)", capsys.readouterr().out.split("for example:")[1], re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example.partition(">>")[0])
        assert words[0] == command and _parser().parse_args(words).command


@pytest.mark.parametrize(("at", "told"), [((), True), (("--at", "wall"), False), (("--at", "line:0,1:1,1:5"), False)])
def test_whoever_asks_at_the_nodes_of_a_bare_curve_hears_of_the_fields_on_walls(root, at, told, capsys):
    section = str(root / "meshes" / "sd7034.dat")
    assert main(["predict", "aerofoil", section, "--vector", "inflow=50,4", "-c", "viscosity=1.56e-5", *at]) == 0
    assert ("--at wall answers with the fields there" in capsys.readouterr().err) == told
