"""What the commands say, down to the words."""

import argparse
import contextlib
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

import enf2enf
from enf2enf import checkpoint
from enf2enf.cli import _parser, main
from enf2enf.cli.making import _problem_parser
from enf2enf.cli.place import at_of
from enf2enf.cli.streams import show
from enf2enf.data import write_manifest
from enf2enf.errors import QueryError
from enf2enf.problems import PROBLEMS, find_problem
from enf2enf.schema import Quantity, Schema

LOAD = ["-c", "traction=10,80"]


@pytest.fixture(scope="module")
def saved(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("sentences") / "model.enf"
    checkpoint.save(path, surrogate)
    return str(path)


@pytest.fixture(scope="module")
def cell(root):
    return str(root / "meshes" / "unit_cell.vtu")


def refusal(arguments, capsys):
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def parsers(parser):
    """A parser and those of its commands."""
    yield parser
    for action in parser._actions:
        for command in (action.choices or {}).values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from parsers(command)


def test_every_argument_has_a_help_and_every_default_is_in_it():
    problems = [_problem_parser(find_problem(name)) for name in PROBLEMS]
    for parser in [*parsers(_parser()), *problems]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                continue
            assert action.help, f"{parser.prog} {action.dest}"
            is_flag = action.nargs == 0 or isinstance(action.default, list)
            if action.option_strings and action.default not in (None, "") and not is_flag:
                shown = f"{action.default:g}" if isinstance(action.default, float) else str(action.default)
                assert f"({shown})" in action.help or f"({action.default})" in action.help, (
                    f"{parser.prog} {action.dest}"
                )


def test_the_version_is_that_of_the_library(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0 and capsys.readouterr().out == f"enf2enf {enf2enf.__version__}\n"


WORDS = {
    "grid:0,0:1,1:5": "grid:X,Y:X,Y:NX,NY with lower, upper and resolution with 2 or 3 entries each",
    "grid:1,1:0,0:2,2": "grid:X,Y:X,Y:NX,NY with lower bounds below upper ones",
    "grid:0,0:1,1": "grid:X,Y:X,Y:NX,NY",
    "line:0,0:1,1:0": "line:X,Y:X,Y[:COUNT] with a whole number of points from 1 to 1,000,000,000",
    "line:0:1,1": "line:X,Y:X,Y[:COUNT] with points of 2 or 3 finite coordinates",
    "slice:w:1": "slice:AXIS:VALUE[:COUNT] with x, y or z",
    "slice:x": "slice:AXIS:VALUE[:COUNT]",
    "cells": "nodes, wall, line:X,Y:X,Y[:COUNT], grid:X,Y:X,Y:NX,NY, slice:AXIS:VALUE[:COUNT], or a .csv of points",
}


@pytest.mark.parametrize("word", WORDS)
def test_a_place_is_refused_as_it_was_typed(word):
    with pytest.raises(QueryError) as refused:
        at_of(word)
    assert str(refused.value) == f"--at: expected {WORDS[word]}, got {word!r}"


def test_capitals_of_an_axis_do_not_matter():
    assert at_of("slice:X:.5") == at_of("slice:x:.5")


@pytest.mark.parametrize("option", ["--at", "-o", "--png"])
def test_what_is_asked_once_is_not_asked_twice(option, capsys):
    with pytest.raises(SystemExit):
        main(["predict", "a", "b", option, "nodes", option, "wall"])
    assert "expected once, got 'wall' too" in capsys.readouterr().err.splitlines()[0]


def test_the_mesh_that_is_read_is_not_written(saved, cell, tmp_path, capsys):
    (tmp_path / "link.vtu").symlink_to(cell)
    for out in (cell, str(tmp_path / "link.vtu")):
        line = refusal(["predict", saved, cell, *LOAD, "-o", out], capsys)
        assert line == f"enf2enf: {out}: expected another file than the mesh that is asked about, got the same"


def test_the_points_that_are_read_are_not_written(saved, cell, tmp_path, capsys):
    points = tmp_path / "points.csv"
    points.write_text("x,y,station\n0.1,0.1,1\n0.9,0.9,2\n")
    line = refusal(["predict", saved, cell, *LOAD, "--at", str(points), "-o", str(points)], capsys)
    assert line == f"enf2enf: {points}: expected another file than the points that are asked about, got the same"
    assert "station" in points.read_text()


def test_a_data_set_of_other_fields_is_not_packed(saved, tmp_path, capsys):
    schema = Schema(2, (), (Quantity("heat"),))
    cases = {name: {"mesh": f"{name}.vtu"} for name in "ab"}  # which are not there
    write_manifest(tmp_path, schema, cases, {"train": ["a"], "validation": ["b"]}, name="others")
    line = refusal(["evaluate", saved, str(tmp_path)], capsys)
    assert line == "enf2enf: dataset: expected the surrogate's conditions and fields, got those of 'others'"


def test_one_is_one(saved, cell, tmp_path, capsys):
    for count, said in ((1, "1 point"), (2, "2 points")):
        out = str(tmp_path / f"{count}.csv")
        assert main(["predict", saved, cell, *LOAD, "--at", f"line:0,0:1,0:{count}", "-o", out]) == 0
        assert capsys.readouterr().out == f"{out}: {said} under traction 80.623 Pa at 82.875 degrees\n"


def test_what_does_not_fit_into_memory_has_a_size(saved, cell, capsys):
    line = refusal(["predict", saved, cell, *LOAD, "--at", "grid:0,0:1,1:9999999,9999999"], capsys)
    assert line == "enf2enf: memory: expected a question whose answer fits, got one that needs 728. TiB more"


@pytest.mark.slow
def test_a_device_is_named_by_its_path(saved, cell):
    command = [sys.executable, "-m", "enf2enf", "predict", saved, "/dev/stdin", *LOAD]
    with open(cell) as given_:
        ended = subprocess.run(command, stdin=given_, capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and ended.stderr.startswith(
        "enf2enf: /dev/stdin: expected a mesh in one of the formats"
    )


def test_the_name_of_a_caller_says_which_characters_are_none(capsys):
    line = refusal(["token", 'a"]b'], capsys)
    assert line.endswith("""a letter first, got one with '"]' in it""")


@given(numbers=st.lists(st.floats(allow_nan=False), min_size=1, max_size=6), columns=st.integers(1, 120))
def test_a_table_keeps_every_number_in_every_terminal(numbers, columns):
    texts = [f"{number:.6g}" for number in numbers]
    table = Table(*map(str, range(len(texts))))
    table.add_row(*texts)
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", str(columns))
        show(table)
    words = printed.getvalue().replace("│", " ").split()
    assert np.isin(texts, words).all()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep settings elsewhere")
def test_matplotlib_says_nothing_of_its_own_files(saved, cell, tmp_path):
    pytest.importorskip("matplotlib")
    there = {name: value for name, value in os.environ.items() if name not in ("MPLCONFIGDIR", "XDG_CONFIG_HOME")}
    nowhere = {"HOME": "/proc", "XDG_CONFIG_HOME": "/proc", "XDG_CACHE_HOME": "/proc"}
    command = [sys.executable, "-m", "enf2enf", "predict", saved, cell, *LOAD, "--png", str(tmp_path / "x.png")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=there | nowhere)
    assert (ended.returncode, ended.stderr) == (0, "")
