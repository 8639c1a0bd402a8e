"""What a command is to write is looked at before anything is computed, and written whole or not at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from enf2enf import checkpoint
from enf2enf.cli import main
from enf2enf.cli.streams import show
from enf2enf.io import formats

LOAD = ["-c", "traction=10,80"]
ENDINGS = {ending for chosen in formats.FORMATS.values() for ending in chosen.extensions if chosen.fields} | {".csv"}


@pytest.fixture(scope="module")
def saved(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("outputs") / "model.enf"
    checkpoint.save(path, surrogate)
    return str(path)


@pytest.fixture(scope="module")
def cell(root):
    return str(root / "meshes" / "unit_cell.vtu")


@pytest.fixture
def sealed(tmp_path):
    """A folder in which nobody can make a file: not even whoever has all rights."""
    if sys.platform == "linux":
        return Path("/proc/self")
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o500)
    return folder


COMMANDS = {
    "predict -o": ["predict", "nobody", "nowhere.vtu", "-o", "{}.vtu"],
    "predict --png": ["predict", "nobody", "nowhere.vtu", "--png", "{}.png"],
    "dataset check --png": ["dataset", "check", "nowhere", "--png", "{}.png"],
}
FOLDERS = {
    "dataset new": ["dataset", "new", "{}", "--meshes", "{cell}", "--fields", "p"],
    "generate": ["generate", "elasticity", "--out", "{}"],
    "demo": ["demo", "--out", "{}"],
}


def refusal(arguments, capsys):
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert not out
    return line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["missing", "sealed", "a file", "a folder"])
def test_a_file_that_cannot_be_written_is_refused_before_all_else(command, place, sealed, tmp_path, capsys):
    """Neither the model nor the data are there, of which nothing is said."""
    pytest.importorskip("matplotlib")
    *words, last = COMMANDS[command]
    (tmp_path / "file").touch()
    within = {"missing": tmp_path / "missing", "sealed": sealed, "a file": tmp_path / "file", "a folder": tmp_path}
    target = last.format(within[place] / "x")
    if place == "a folder":
        Path(target).mkdir()
    line = refusal([*words, target], capsys)
    assert line.startswith(f"enf2enf: {target}: expected a {'file' if place == 'a folder' else 'place'} to write"), line


@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_that_cannot_be_made_is_refused_by_its_name(command, sealed, cell, tmp_path, capsys):
    (tmp_path / "file").touch()
    targets = {
        sealed / "d": "expected a place to write to, got",
        tmp_path / "file": "expected a folder to write to, got a file",
        tmp_path / "file" / "d": f"expected a folder to write to, got one below {tmp_path}/file, which is a file",
    }
    for target, sentence in targets.items():
        line = refusal([word.format(target, cell=cell) for word in FOLDERS[command]], capsys)
        assert line.startswith(f"enf2enf: {target}: {sentence}"), line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_figures_of_an_evaluation_have_a_place(saved, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert "file" in refusal(["evaluate", "nobody", "nowhere", "--json", str(tmp_path / "file" / "x.json")], capsys)
    (tmp_path / "x.json").mkdir()
    line = refusal(["evaluate", "nobody", "nowhere", "--json", str(tmp_path / "x.json")], capsys)
    assert line == f"enf2enf: {tmp_path / 'x.json'}: expected a file to write, got a folder"


@pytest.mark.parametrize("name", ["dataset.json", "cache.npz", "model.enf"])
def test_figures_of_an_evaluation_replace_nothing_that_is_read(name, tmp_path, capsys):
    (tmp_path / name).write_text("mine")
    model, out = str(tmp_path / "model.enf"), tmp_path / ".." / tmp_path.name / name
    line = refusal(["evaluate", model, str(tmp_path), "--json", str(out)], capsys)
    assert line == f"enf2enf: {out}: expected another file than those that are read, got the same"
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("place", ["nodes", "wall", "line:0,0:1,0"])
def test_an_ending_is_refused_with_those_that_work(place, saved, cell, tmp_path, capsys):
    able = ENDINGS if place == "nodes" else {".vtu", ".csv"}
    line = refusal(["predict", saved, cell, "--at", place, "-o", str(tmp_path / "n.png")], capsys)  # without conditions
    listed = line.removeprefix("enf2enf: n.png: expected a name that ends in ").removesuffix(", got .png")
    assert set(listed.replace(" or ", ", ").split(", ")) == able


def test_all_files_are_written_or_none(saved, cell, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    pictures = {
        ("--png", "{}/both.doc"): "both.doc: expected a picture whose name ends in",
        ("--png", "{}/missing/both.png"): "missing/both.png: expected a place to write to, got No such file",
    }
    for options, sentence in pictures.items():
        picture = [word.format(tmp_path) for word in options]
        assert sentence in refusal(["predict", saved, cell, *LOAD, "-o", str(tmp_path / "both.vtu"), *picture], capsys)
    assert not list(tmp_path.iterdir())


def run(arguments, stdout, cwd, **more):
    command = [sys.executable, "-m", "enf2enf", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, cwd=cwd, **more)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_device_as_standard_output_is_one_sentence(saved, tmp_path):
    with open("/dev/full", "w") as full:
        ended = run(["inspect", saved], full, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "enf2enf: standard output: expected a place to read from or write to, got No space left on device"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["inspect", "{}"], ["predict", "--help"], ["predict", "{}", "{cell}", *LOAD]])
def test_a_reader_who_left_is_no_news(arguments, saved, cell, tmp_path):
    """Whatever is printed by: `print`, argparse or rich."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as broken:
        ended = run([word.format(saved, cell=cell) for word in arguments], broken, tmp_path)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.slow
def test_a_refusal_that_nobody_reads_is_no_news_either(tmp_path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "enf2enf", "inspect", "nobody"]
    with os.fdopen(write_end, "w") as broken:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=broken, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (141, b"")


@pytest.mark.slow
def test_a_refusal_goes_nowhere_where_standard_error_is_closed(saved, tmp_path):
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("no shell")
    line = 'exec "$@" 2>&-'
    command = [shell, "-c", line, "sh", sys.executable, "-m", "enf2enf", "inspect", "nobody"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")


def test_words_in_brackets_are_printed_as_they_are(capsys):
    table = Table("case a[/b]")
    table.add_row("got [nan, 1.0]")
    show(table)
    printed = capsys.readouterr().out
    assert "case a[/b]" in printed and "got [nan, 1.0]" in printed
