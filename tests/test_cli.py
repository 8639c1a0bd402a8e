"""The commands: what they print and write, and one sentence on stderr for everything that is refused."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from enf2enf import checkpoint
from enf2enf import io as mesh_io
from enf2enf.cli import main
from enf2enf.conditions import conditions_of
from enf2enf.data import write_manifest
from enf2enf.errors import ConditionError
from enf2enf.schema import Schema

LOAD = "traction=10,80"
UNDER = " under traction 80.623 Pa at 82.875 degrees"


@pytest.fixture(scope="module")
def saved(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "model.enf"
    checkpoint.save(path, surrogate)
    return str(path)


@pytest.fixture(scope="module")
def cells(cell, surrogate, tmp_path_factory):
    """A data set of one geometry under three tractions, one of them to calibrate with, and none to test on."""
    folder = tmp_path_factory.mktemp("cells")
    mesh, random = mesh_io.read(cell), np.random.default_rng(0)
    mesh_io.write(folder / "cell.vtu", mesh.with_point_data({"von_mises": random.uniform(1, 2, len(mesh.points))}))
    cases = {name: {"mesh": "cell.vtu", "conditions": {"traction": random.uniform(10, 90, 2)}} for name in "abc"}
    split = {"train": ["a"], "validation": ["b"], "calibration": ["c"]}
    write_manifest(folder, surrogate.schema, cases, split, name="cells")
    return folder


@pytest.fixture(scope="module")
def cell(root):
    return root / "meshes" / "unit_cell.vtu"


def said(capsys):
    """Standard output and error since the last call."""
    out, err = capsys.readouterr()
    return out.splitlines(), err.splitlines()


def test_inspect_prints_the_card(saved, surrogate, capsys):
    assert main(["inspect", saved]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(surrogate.card))


@pytest.mark.slow
def test_predict_attaches_the_fields_to_the_same_mesh(saved, surrogate, cell, tmp_path, capsys):
    assert main(["predict", saved, str(cell), "-c", LOAD, "-o", str(tmp_path / "new.vtu")]) == 0
    before, after = mesh_io.read(cell), mesh_io.read(tmp_path / "new.vtu")
    np.testing.assert_array_equal(after.points, before.points)
    expected = surrogate.decode(surrogate.encode(before), {"traction": [10, 80]}, before.points)
    np.testing.assert_array_equal(after.point_data["von_mises"].astype(np.float32), expected["von_mises"])
    out, err = said(capsys)
    assert out == [f"{tmp_path / 'new.vtu'}: {len(before.points)} nodes{UNDER}"]
    assert not err


@pytest.mark.slow
def test_predict_joins_nodes_that_cells_do_not_share(saved, cell, tmp_path, capsys):
    """The answer is that on the mesh whose cells do."""
    whole, paths = mesh_io.read(cell), [str(tmp_path / name) for name in ("torn.vtu", "out.vtu", "whole.vtu")]
    nodes = whole.cells[0].nodes.ravel()
    torn = type(whole)(whole.points[nodes], (type(whole.cells[0])("triangle", np.arange(len(nodes)).reshape(-1, 3)),))
    mesh_io.write(paths[0], torn)
    assert main(["predict", saved, paths[0], "-c", LOAD, "-o", paths[1]]) == 1
    assert "got 560 edges that lie on others between different nodes" in said(capsys)[1][0]
    assert main(["predict", saved, paths[0], "-c", LOAD, "-o", paths[1], "--merge", "1e-6"]) == 0
    assert main(["predict", saved, str(cell), "-c", LOAD, "-o", paths[2]]) == 0
    found, expected = (mesh_io.read(path) for path in paths[1:])
    assert len(found.points) == len(expected.points)
    _, first = np.unique(nodes, return_index=True)  # of every node, where it comes first among those of the cells
    order = nodes[np.sort(first)]
    np.testing.assert_array_equal(found.points, expected.points[order])
    values = expected.point_data["von_mises"][order]
    np.testing.assert_allclose(found.point_data["von_mises"], values, rtol=1e-4)  # the outline begins elsewhere
    assert main(["predict", saved, paths[0], "-c", LOAD, "-o", paths[1], "--merge", "1"]) == 1
    assert "merge: expected a tolerance above 0 and below the shortest edge, 0.0" in said(capsys)[1][-1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
def test_a_file_name_need_not_be_unicode(saved, cell, tmp_path, capsys):
    mesh, out = (tmp_path / os.fsdecode(name) for name in (b"caf\xe9.vtu", b"th\xe9.vtu"))
    shutil.copy(cell, mesh)
    assert main(["predict", saved, str(mesh), "-c", LOAD, "-o", str(out)]) == 0
    assert said(capsys) == ([f"{tmp_path}/th\\udce9.vtu: 240 nodes{UNDER}"], [])
    assert mesh_io.read(out).point_data["von_mises"].shape == (240,)


def test_predict_says_what_of_the_file_was_left_out(saved, cell, tmp_path, capsys):
    mesh, out = mesh_io.read(cell), tmp_path / "out.vtu"
    mesh_io.write(tmp_path / "a.vtu", type(mesh)(np.concatenate([mesh.points, [[9.0, 0.5]]]), mesh.cells))
    assert main(["predict", saved, str(tmp_path / "a.vtu"), "-c", LOAD, "-o", str(out)]) == 0
    sentence = "nodes: expected a cell at each, got 1 without any, the first at (9, 0.5)"
    told, warned = said(capsys)
    assert told == [f"{out}: 241 nodes{UNDER}, 1 without a field: 1 outside the domain"]
    assert warned[0] == f"enf2enf: {sentence}"


def test_predict_says_when_it_extrapolates_and_reads_other_units(saved, cell, tmp_path, capsys):
    """The answer in millimetres is the answer in metres, on the mesh as it was given."""
    large = mesh_io.read(cell)
    mesh_io.write(tmp_path / "mm.vtu", type(large)(large.points * 1000, large.cells, large.patches, {}))
    for mesh, unit in ((cell, "m"), (tmp_path / "mm.vtu", "mm")):
        out = str(tmp_path / f"{unit}_out.vtu")
        assert main(["predict", saved, str(mesh), "-c", "traction=0,9000", "--length-unit", unit, "-o", out]) == 0
        assert said(capsys)[1] == ["enf2enf: traction is outside the training range: an extrapolation"]
    one, other = mesh_io.read(tmp_path / "m_out.vtu"), mesh_io.read(tmp_path / "mm_out.vtu")
    np.testing.assert_allclose(other.points, 1000 * one.points)
    span = np.ptp(one.point_data["von_mises"])
    np.testing.assert_allclose(other.point_data["von_mises"], one.point_data["von_mises"], atol=1e-5 * span)


def test_evaluate_measures_every_split_that_has_a_case(saved, cells, tmp_path, capsys):
    for split, case in (("train", "a"), ("validation", "b"), ("calibration", "c")):
        figures = tmp_path / f"{split}.json"
        assert main(["evaluate", saved, str(cells), "--split", split, "--json", str(figures)]) == 0
        assert f"cells, {split} split, 1 case:" in " ".join(capsys.readouterr().out.split())
        report = json.loads(figures.read_text())
        assert report["split"] == split and report["fields"]["von_mises"]["worst_case"] == case
    assert main(["evaluate", saved, str(cells), "--split", "test"]) == 1
    assert said(capsys)[1] == ["enf2enf: split 'test': expected at least one case, got none"]


def test_evaluate_refuses_an_empty_calibration_split(saved, cells, tmp_path, capsys):
    folder = tmp_path / "cells"
    shutil.copytree(cells, folder)
    manifest = json.loads((folder / "dataset.json").read_text())
    split = {"train": ["a", "c"], "validation": ["b"]}
    write_manifest(folder, Schema.from_dict(manifest["schema"]), manifest["cases"], split, name="cells")
    assert main(["evaluate", saved, str(folder), "--split", "calibration"]) == 1
    assert said(capsys)[1][-1] == "enf2enf: split 'calibration': expected at least one case, got none"


REFUSED = {
    "no checkpoint": (["inspect", "nobody"], "checkpoint: expected a file, or one of the shipped"),
    "mesh as checkpoint": (["inspect", "{cell}"], "unit_cell.vtu: expected a checkpoint, got a file that is not one"),
    "folder as checkpoint": (["inspect", "{folder}"], "expected a checkpoint"),
    "no mesh": (["predict", "{saved}", "{folder}/no.vtu", "-c", LOAD, "-o", "{out}"], "no.vtu"),
    "broken mesh": (["predict", "{saved}", "{broken}/truncated.vtu", "-c", LOAD, "-o", "{out}"], "truncated.vtu"),
    "size": (["predict", "{saved}", "{broken}/millimetres.vtu", "-c", LOAD, "-o", "{out}"], "length unit right?"),
    "unit": (["predict", "{saved}", "{cell}", "--length-unit", "ell", "-c", LOAD, "-o", "{out}"], "'ell'"),
    "wall": (["predict", "{saved}", "{cell}", "-w", "roof", "-c", LOAD, "-o", "{out}"], "'roof'"),
    "no condition": (["predict", "{saved}", "{cell}", "-o", "{out}"], "condition 'traction': expected a value in Pa"),
    "condition": (["predict", "{saved}", "{cell}", "-c", "traction", "-o", "{out}"], "-c: expected NAME=VALUE[,VALUE]"),
    "format": (["predict", "{saved}", "{cell}", "-c", LOAD, "-o", "{folder}/out.doc"], "out.doc"),
    "no folder": (["predict", "{saved}", "{cell}", "-c", LOAD, "-o", "{folder}/none/out.vtu"], "none"),
    "no data": (["evaluate", "{saved}", "{folder}"], "expected dataset.json or cache.npz in it, got neither"),
    "no config": (["train", "{folder}/none.toml"], "none.toml: expected a readable file, got No such file"),
    "bad config": (["train", "{cell}"], "expected a TOML file"),
    "no lines": (["inspect", "a\nb"], "a\\nb"),
    "no mesh of lines": (["predict", "{saved}", "a\nb.vtu", "-c", LOAD, "-o", "{out}"], "a\\nb.vtu"),
    "no end": (["predict", "{saved}", "/dev/zero", "-c", LOAD, "-o", "{out}"], "got not a regular file"),
    "few cases": (["generate", "elasticity", "--cases", "2", "--out", "{folder}/few"], "cases: expected"),
    "file as folder": (["generate", "elasticity", "--out", "{cell}"], "unit_cell.vtu"),
    "no data set": (["subsample", "{folder}", "--share", "0.5", "--out", "{folder}/o"], "expected a readable file"),
    "share": (["subsample", "{folder}", "--share", "1", "--out", "{folder}/o"], "share: expected a part above 0"),
    "port": (["serve", "{saved}", "--port", "70000"], "--port: expected 0 to 65535, got 70000"),
    "serve nothing": (["serve", "nobody"], "checkpoint: expected a file"),
}


@pytest.mark.parametrize("sin", REFUSED)
def test_what_is_refused_is_refused_in_one_sentence(sin, saved, cell, root, tmp_path, capsys):
    arguments, sentence = REFUSED[sin]
    places = {"saved": saved, "cell": cell, "folder": tmp_path, "broken": root / "meshes/broken"}
    places["out"] = tmp_path / "o.vtu"
    assert main([argument.format(**places) for argument in arguments]) == 1
    out, err = said(capsys)
    assert len(err) == 1 and err[0].startswith("enf2enf: ") and sentence in err[0], err
    assert not out
    assert not (tmp_path / "o.vtu").exists()


def test_what_is_no_command_prints_the_usage(capsys):
    for arguments in (
        [],
        ["fly"],
        ["predict"],
        ["generate", "magic", "--out", "x"],
        ["generate", "elasticity", "--load", "light", "--out", "x"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        assert "usage: enf2enf" in capsys.readouterr().err


def test_conditions_are_names_and_numbers():
    assert conditions_of([]) == {}
    assert conditions_of(["a=1", "b=-2e3,.5", "c=nan"])["b"] == [-2000.0, 0.5]
    for bad in (["a"], ["a=1", "a=2"], ["a="], ["a=1,"], ["a=1;2"], ["a=one"]):
        with pytest.raises(ConditionError):
            conditions_of(bad)


BARE = """
import sys
for module in ("optax", "tensorboardX", "skfem", "matplotlib", "grpc", "pythonjsonlogger"):
    sys.modules[module] = None  # as if it were not installed
from enf2enf.cli import main
from enf2enf.data import write_manifest
commands = [
    ["train", sys.argv[1]],
    ["generate", "elasticity", "--out", sys.argv[1]],
    ["serve", sys.argv[2]],
    ["demo"],
    ["inspect", sys.argv[2]],
]
print([main(command) for command in commands], file=sys.stderr)
"""


@pytest.mark.slow
def test_a_missing_extra_is_named_with_what_installs_it(saved, tmp_path):
    """And what needs none works without any."""
    child = [sys.executable, "-c", BARE, str(tmp_path / "x"), saved]
    run = subprocess.run(child, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in run.stderr
    *sentences, codes = run.stderr.splitlines()
    extras = [sentence.split("pip install ")[1] for sentence in sentences]
    assert extras[:3] == ["'enf2enf[train]'", "'enf2enf[data]'", "'enf2enf[server]'"]
    assert extras[3] in ("'enf2enf[data]'", "'enf2enf[server]'", "'enf2enf[demo]'")
    assert codes == "[1, 1, 1, 1, 0]"
    assert json.loads(run.stdout)["parameters"] > 1000
