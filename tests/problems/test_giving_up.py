"""Ctrl-C twice: what is being solved is given up, and nothing of it is left."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import running, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc"),
]

SOLVER = """#!/bin/sh
if [ -n "$FAILS" ] && mkdir "$STARTED/first" 2>/dev/null; then
    while ! ls "$STARTED" | grep -q '[0-9]'; do sleep 0.1; done
    exit 1
fi
touch "$STARTED/$$"
exec sleep 1000
"""
STOPPING = "Stopping once the cases that are being solved are; they stay. Ctrl-C now gives them up.\n"


@contextlib.contextmanager
def campaign(folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen, Path, Path]]:
    """`generate aerofoil` with a solver that hangs, once that runs; what solvers are noted in; their files' folder."""
    solver, started, temporary = folder / "bin" / "simpleFoam", folder / "started", folder / "temporary"
    for made in (solver.parent, started, temporary):
        made.mkdir()
    solver.write_text(SOLVER)
    solver.chmod(0o755)
    known = {"PATH": f"{solver.parent}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(temporary), **variables}
    command = [sys.executable, "-m", "enf2enf", "generate", "aerofoil", "--cases", "4", "--jobs", "2"]
    with subprocess.Popen(
        [*command, "--out", str(folder / "out")], env=os.environ | known | {"STARTED": str(started)},
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert until(lambda: len(list(started.iterdir())) == 2)
            yield process, started, temporary
        finally:
            process.kill()
            for number in _running(started):
                os.kill(number, signal.SIGKILL)


def _running(started: Path) -> list[int]:
    there = running()
    return [int(path.name) for path in started.iterdir() if path.name.isdigit() and int(path.name) in there]


def test_a_second_ctrl_c_ends_solvers_that_hang_and_removes_their_files(tmp_path):
    with campaign(tmp_path) as (process, started, temporary):
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None and process.stderr.readline() == STOPPING
        assert process.poll() is None and len(_running(started)) == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert until(lambda: not _running(started))
        assert not list(temporary.iterdir()) and not (tmp_path / "out").exists()


def test_ctrl_c_ends_what_is_left_of_a_campaign_that_failed(tmp_path):
    with campaign(tmp_path, FAILS="1") as (process, started, temporary):
        assert until(lambda: len(list(temporary.iterdir())) == 1)  # the case that failed has left,
        time.sleep(1)  # and has been heard of
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert until(lambda: not _running(started))
        assert not list(temporary.iterdir()) and not (tmp_path / "out").exists()


def test_solvers_end_with_a_campaign_that_is_killed(tmp_path):
    with campaign(tmp_path) as (process, started, temporary):
        process.kill()
        assert until(lambda: not _running(started))
        assert until(lambda: not list(temporary.iterdir()))


PROGRAM = """
import functools, multiprocessing, pathlib, signal, sys, time
from enf2enf.problems.workers import finished, workers

def hang(folder, number):
    (folder / f"began_{number}").touch()
    try:
        time.sleep(1000)
    finally:
        time.sleep(1)
        (folder / f"left_{number}").touch()

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    other = multiprocessing.Process(target=time.sleep, args=(1000,), daemon=True)
    other.start()
    calls = [functools.partial(hang, pathlib.Path(sys.argv[1]), number) for number in range(6)]
    try:
        with workers(2, lambda: print("stopping", flush=True)) as pool:
            for future in finished(pool, calls, 2):
                future.result()
    except KeyboardInterrupt:
        print(other.is_alive())
"""


def test_what_is_given_up_leaves_in_peace_and_nobody_else_has_to(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, tmp_path / "program.py", tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert until(lambda: len(list(tmp_path.glob("began_*"))) == 2)
            process.send_signal(signal.SIGINT)
            assert process.stdout is not None and process.stdout.readline() == "stopping\n"
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "True\n"
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert sorted(path.name for path in tmp_path.glob("*_*")) == ["began_0", "began_1", "left_0", "left_1"]
