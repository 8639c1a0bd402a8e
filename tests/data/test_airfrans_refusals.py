"""The public AirfRANS: a folder that is not what it should be is refused in one sentence."""

import json
import shutil

import airfrans_files
import meshio
import numpy as np
import pytest

from enf2enf.cli import main
from enf2enf.data.airfrans.convert import convert
from enf2enf.data.airfrans.layout import PublicFolder
from enf2enf.data.airfrans.record import Record
from enf2enf.errors import DatasetError
from enf2enf.io import read, write
from enf2enf.mesh import CellBlock, Mesh


@pytest.fixture
def single(tmp_path):
    """One case, to be spoilt."""
    name = airfrans_files.write_case(tmp_path, 40.0)
    return PublicFolder(tmp_path), name


def change(path, edit):
    """Edits a file of VTK's as meshio reads and writes it."""
    mesh = meshio.read(path)
    edit(mesh)
    mesh.write(path)


def rename(mesh, old, new):
    mesh.point_data[new] = mesh.point_data.pop(old)


def at_rest(mesh):
    mesh.point_data["U"][int(np.hypot(*mesh.points[:, :2].T).argmax())] = 0


def in_motion(mesh):
    mesh.point_data["U"][int(np.argmax(mesh.points[:, 0] + 9 * (mesh.point_data["U"][:, 0] == 0)))] = 1


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda mesh: rename(mesh, "nut", "nuT"), r"expected the field 'nut' by node, got only \['U', 'implicit_d"),
        (lambda mesh: rename(mesh, "p", "U"), r", U: expected 2 numbers a node, got an array of shape \(6040,\)"),
        (
            lambda mesh: mesh.points.__setitem__((0, 2), 3.0),
            r"_internal.vtu: expected a slice of the plane, got a mesh in",
        ),
        (at_rest, r"expected nodes at rest \(U_x = 0\) at those of the aerofoil, and nowhere else, got one at \(1.5"),
        (in_motion, r"and nowhere else, got none at \(1, 0\)"),
        (lambda mesh: mesh.point_data["U"][:, 0].__iadd__(1e-9), r"and nowhere else, got none$"),
        (lambda mesh: mesh.point_data["U"].__imul__(2), r", U: expected a velocity upstream that is about that of its"),
        (
            lambda mesh: mesh.point_data["U"].__imul__(-1),
            r"of its name, \[39.99, 0.67\], got \[-37.52, -2.23\]$",
        ),
        (
            lambda mesh: mesh.point_data["p"].__setitem__(500, np.nan),
            ", p: expected finite numbers, got nan at node 500",
        ),
        (
            lambda mesh: mesh.point_data["U"].__setitem__((7, 1), np.inf),
            r", U: expected finite numbers, got \[.*, inf\] at node 7",
        ),
    ],
)
def test_a_flow_that_is_none(single, spoil, sentence):
    folder, name = single
    change(folder.flow_file(name), spoil)
    with pytest.raises(DatasetError, match=rf"^case '{name}'.*{sentence}"):
        Record.read(folder, name)


def test_an_aerofoil_that_is_none(single):
    folder, name = single
    whole, mesh = folder.wall_file(name).read_bytes(), read(folder.wall_file(name))
    write(folder.wall_file(name), Mesh(mesh.points, (CellBlock("line", mesh.cells[0].nodes[1:]),)))
    with pytest.raises(DatasetError, match=rf"^case '{name}', boundary: expected closed loops.* an unclosed curve"):
        Record.read(folder, name)
    shifted = Mesh(np.concatenate([mesh.points, mesh.points + 9]), (two_of(mesh.cells[0].nodes, len(mesh.points)),))
    write(folder.wall_file(name), shifted)
    with pytest.raises(DatasetError, match=rf"^case '{name}', aerofoil: expected one closed curve, got 2"):
        Record.read(folder, name)
    folder.wall_file(name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=rf"^case '{name}', {name}_aerofoil.vtp: expected a complete VTP file"):
        Record.read(folder, name)


def two_of(lines, count):
    return CellBlock("line", np.concatenate([lines, lines + count]))


def spoilt(lists, **changes):
    return json.dumps(lists | changes)


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (lambda lists: None, r"manifest.json: expected the list of cases of AirfRANS, got No such file or directory"),
        (lambda lists: "{", r"manifest.json: expected JSON, got Expecting property name"),
        (lambda lists: "[]", r"manifest.json: expected a table of lists of cases, got \[\]"),
        (lambda lists: "{}", r"manifest.json: expected a list 'scarce_train', got none"),
        (lambda lists: spoilt(lists, full_test="all"), r"manifest.json: expected a list 'full_test', got 'all'"),
        (lambda lists: spoilt(lists, full_test=[]), r"task 'scarce': expected 2 cases to train with .* got 2, 0"),
        (lambda lists: spoilt(lists, full_test=["case_0001"]), r"case: expected a name .*, got 'case_0001'"),
        (lambda lists: spoilt(lists, full_test=[7]), r"case: expected a name .*, got 7"),
        (lambda lists: spoilt(lists, full_test=["airFoil2D_SST_0_1_2_3_9"]), r"case: expected a name .*, got 'airF"),
        (lambda lists: spoilt(lists, full_test=["airFoil2D_SST_50_1_2_3_12"]),
         r"case 'airFoil2D_SST_50_1_2_3_12': expected the file airFoil2D_\S*12_internal.vtu in its folder, got none"),
        (lambda lists: spoilt(lists, full_test=lists["scarce_train"]), r"task 'scarce': expected every case once, got"),
    ],
)  # fmt: skip
def test_a_folder_that_is_none(public, tmp_path, manifest, sentence, capsys):
    folder, lists = tmp_path / "Dataset", json.loads((public[0] / "manifest.json").read_text())
    shutil.copytree(public[0], folder)
    (folder / "manifest.json").unlink()
    if (text := manifest(lists)) is not None:
        (folder / "manifest.json").write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        convert(folder, tmp_path / "out", "scarce", iter)
    assert main(["dataset", "airfrans", str(folder), "--task", "scarce", "--out", str(tmp_path / "out")]) != 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "expected" in said


def test_an_unknown_task_and_a_folder_of_something_else(public, tmp_path):
    with pytest.raises(DatasetError, match=r"^task: expected one of 'full', 'scarce', 'reynolds', 'aoa', got 'half'$"):
        convert(public[0], tmp_path / "out", "half", iter)
    assert not (tmp_path / "out").exists()
    (tmp_path / "notes.txt").touch()
    for target in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(DatasetError, match=r"expected a folder that is new, empty or of an interrupted run, got"):
            convert(public[0], target, "scarce", iter)
