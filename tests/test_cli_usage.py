"""Commands that are called wrongly: the library's sentence, then how the command at hand is called."""

import re
import shlex

import pytest

from enf2enf.cli import main

WRONG = {
    "": "arguments: expected COMMAND, got none",
    "fly": "COMMAND: expected one of .*, got 'fly'",
    "predict": "arguments: expected checkpoint, mesh, got none",
    "predict a b c d": "arguments: expected no further ones, got c d",
    "predict a b --where wall": "arguments: expected no further ones, got --where wall",
    "predict a b --merge x": "--merge: expected a number, got 'x'",
    "predict '' b": "checkpoint: expected a name, got ''",
    "predict a ''": "mesh: expected a name, got ''",
    "predict a b -o ''": "-o/--out: expected a name, got ''",
    "serve a --port abc": "--port: expected a whole number, got 'abc'",
    "serve a --port": "--port: expected one argument, got none",
    "evaluate a b --split x": "--split: expected one of .*validation.*, got 'x'",
    "generate magic": "problem: expected one of .*elasticity.*, got 'magic'",
    "generate elasticity --cases 1e3 --out x": "--cases: expected a whole number, got '1e3'",
    "dataset": "arguments: expected ACTION, got none",
    "dataset new": "arguments: expected folder, --meshes, --fields, got none",
    "dataset new x --meshes --fields p": "--meshes: expected at least one argument, got none",
    "train a --minutes long": "--minutes: expected a number, got 'long'",
}
COMMANDS = "demo|generate( elasticity)?|dataset( new| check)?|subsample|train|evaluate|predict|inspect|serve|token"


@pytest.mark.parametrize("line", WRONG)
def test_two_lines_say_what_is_wrong_and_how_it_goes(line, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(shlex.split(line))
    out, err = capsys.readouterr()
    sentence, usage = err.splitlines()
    assert (stopped.value.code, out) == (2, "")
    assert re.fullmatch(f"enf2enf: {WRONG[line]}", sentence), sentence
    command = re.match(COMMANDS, line)
    called = f"enf2enf {command[0]}" if command else "enf2enf"
    assert re.fullmatch(rf"usage: {called} [^;]*; {called} --help says more", usage), usage
