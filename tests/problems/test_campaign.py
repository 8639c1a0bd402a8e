"""The data-set folder: complete, the same bytes however it is made, resumable, and never mixed up."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from processes import session, until

from enf2enf.data import Dataset, proportional
from enf2enf.errors import ConfigError, DatasetError
from enf2enf.files import alone_in
from enf2enf.problems.campaign import generate
from enf2enf.problems.elasticity.ogrid import Resolution
from enf2enf.problems.elasticity.problem import Elasticity
from enf2enf.problems.workers import finished, workers

pytestmark = pytest.mark.slow

COARSE = Resolution((12, 12, 12, 12), 6, wall=0.4, outer=0.3, clamp=0.5)


def make(out, load="fixed", **arguments):
    return generate(
        Elasticity(load, COARSE), out, **{"cases": 4, "seed": 5, "floor_cases": 1, "progress": False} | arguments
    )


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data") / "whole", load="varied", jobs=2)


def test_it_is_a_data_set_that_opens(whole):
    dataset = Dataset.open(whole)
    assert dataset.split == {
        "train": ["case_0000", "case_0001"], "validation": ["case_0002"], "calibration": [], "test": ["case_0003"],
    }  # fmt: skip
    assert dataset.schema.fields[0].scales_with == (("traction", 1.0),)
    case = dataset.case("case_0001")
    assert case.conditions["traction"].shape == (2,) and len(case.geometry.walls) == 1
    assert 960 <= len(case.field.points) <= 1024 and np.all(case.field["von_mises"] > 0)
    assert len(dataset.fine("case_0003").points) >= 20_000 and dataset.fine("case_0000") is None
    assert 0 < dataset.manifest["floor"]["relative_l2"] < 1


def test_an_interrupted_run_ends_in_the_same_bytes_with_another_number_of_jobs(whole, tmp_path):
    part = tmp_path / "part"
    part.mkdir()
    # What a kill leaves behind: the mark, one finished case, half of another one, nothing else.
    (part / "generate.json").write_bytes((whole / "generate.json").read_bytes())
    for name in ("meshes", "fine", "progress"):
        (part / name).mkdir()
    done = (whole / "meshes/case_0000.vtu").read_bytes()
    (part / "meshes/case_0000.vtu").write_bytes(done)
    (part / "meshes/case_0003.vtu").write_bytes(done[:1000])
    (part / "fine/case_0003.npz").write_bytes(b"PK")
    entry = json.loads((whole / "dataset.json").read_text())["cases"]["case_0000"]
    (part / "progress/case_0000.json").write_text(json.dumps({"case": entry, "redraws": 0}))
    before = (part / "meshes/case_0000.vtu").stat().st_mtime_ns
    make(part, load="varied", jobs=1)
    assert contents(part) == contents(whole)
    assert (part / "meshes/case_0000.vtu").stat().st_mtime_ns == before


@pytest.mark.parametrize("entry", ["", "null", "[1]", '{"case": null, "redraws": 0}', '{"case": {}}', '{"case"',
                                   'redrawn "x" times'])  # fmt: skip
def test_damaged_cases_of_an_interrupted_run_are_solved_again(whole, tmp_path, entry):
    """One lost its mesh, one has half of its fine sampling, one another entry, as a floor has, and one is whole."""
    part = tmp_path / "part"
    shutil.copytree(whole, part)
    (part / "dataset.json").unlink()
    (part / "progress").mkdir()
    for name, known in json.loads((whole / "dataset.json").read_text())["cases"].items():
        (part / f"progress/{name}.json").write_text(json.dumps({"case": known, "redraws": 0}))
    (part / "meshes/case_0000.vtu").unlink()
    data = (part / "fine/case_0003.npz").read_bytes()
    (part / "fine/case_0003.npz").write_bytes(data[: len(data) // 2])
    whole_entry = (part / "progress/case_0002.json").read_text()
    for damaged in ("case_0002", "floor_0000"):
        text = whole_entry.replace('"redraws": 0', '"redraws": "x"') if entry.startswith("redrawn") else entry
        (part / f"progress/{damaged}.json").write_text(text)
    before = (part / "meshes/case_0001.vtu").stat().st_mtime_ns
    make(part, load="varied", jobs=2)
    assert contents(part) == contents(whole)
    assert (part / "meshes/case_0001.vtu").stat().st_mtime_ns == before


def begin(folder, number):
    """What a worker does here: leave a file, and take long."""
    (folder / str(number)).touch()
    time.sleep(0.5)


@pytest.mark.parametrize("jobs", [1, 3])
def test_after_an_interrupt_nothing_more_is_begun(tmp_path, jobs):
    calls = [functools.partial(begin, tmp_path, number) for number in range(12)]
    with pytest.raises(KeyboardInterrupt), workers(jobs, lambda: None) as pool:
        for done, _ in enumerate(finished(pool, calls, jobs), start=1):
            if done == 4:
                raise KeyboardInterrupt
    assert len(list(tmp_path.iterdir())) <= 3 + jobs


def test_all_that_is_given_to_workers_is_done(tmp_path):
    calls = [functools.partial((tmp_path / str(number)).touch) for number in range(12)]
    with workers(3, lambda: None) as pool:
        futures = list(finished(pool, calls, 3))
        assert all(future.done() for future in futures)
    assert len(futures) == len(set(futures)) == len(list(tmp_path.iterdir())) == 12


def test_a_finished_folder_is_left_as_it_is(whole):
    times = [p.stat().st_mtime_ns for p in sorted(whole.rglob("*"))]
    make(whole, load="varied")
    assert [p.stat().st_mtime_ns for p in sorted(whole.rglob("*"))] == times


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seed": 6}, "seed = 5, with which it was begun, got 6"),
        ({"load": "fixed"}, "load = varied"),
        ({"load": "fixed", "floor_cases": 2}, "load = varied"),  # which follows from other options
        ({"cases": 5}, "4"),
    ],
)
def test_a_folder_begun_with_other_arguments_is_refused(whole, change, sentence):
    with pytest.raises(DatasetError, match=sentence):
        make(whole, **({"load": "varied"} | change))


def test_a_folder_that_lost_its_data_set_makes_it_again(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "part")
    (tmp_path / "part/dataset.json").unlink()
    make(tmp_path / "part", load="varied", jobs=2)
    assert contents(tmp_path / "part") == contents(whole)


def test_a_folder_is_filled_by_one_command_at_a_time(tmp_path):
    with (
        alone_in(tmp_path, DatasetError),
        pytest.raises(DatasetError, match="that no other process fills, got one that"),
    ):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["generate.json"]
    make(tmp_path)


@pytest.mark.parametrize("mark", ["[]", "3", "null", '"x"'])
def test_a_mark_that_is_no_table_is_refused(tmp_path, mark):
    (tmp_path / "generate.json").write_text(mark)
    with pytest.raises(DatasetError, match=r"generate.json: expected a table in JSON, got "):
        make(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="an empty or a new folder"):
        make(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("arguments", [{"cases": 2, "floor_cases": 0}, {"seed": -1}, {"jobs": 0}, {"floor_cases": 9}])
def test_arguments_out_of_range_are_refused_by_name(tmp_path, arguments):
    with pytest.raises(ConfigError, match=f"{list(arguments)[0]}: expected"):
        make(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_the_splits_are_those_of_the_public_problem():
    ids = [str(i) for i in range(1200)]
    fixed, varied = proportional(ids, Elasticity("fixed").shares), proportional(ids[:300], Elasticity("varied").shares)
    assert [len(part) for part in fixed.values()] == [950, 50, 0, 200]
    assert [len(part) for part in varied.values()] == [240, 20, 0, 40]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize(
    ("kill", "number", "status"),
    [(os.kill, signal.SIGTERM, 130), (os.killpg, signal.SIGTERM, 130), (os.kill, signal.SIGKILL, -9)],
)
def test_workers_end_with_whoever_began_them(kill, number, status, tmp_path):
    command = [sys.executable, "-m", "enf2enf", "generate", "joukowski", "--cases", "100000", "--jobs", "2"]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "out")], start_new_session=True)
    try:
        assert until(lambda: len(list((tmp_path / "out").glob("progress/*"))) > 2)
        workers = [pid for pid in session(process.pid) if pid != process.pid]
        assert len(workers) >= 2
        kill(process.pid, number)
        assert process.wait(60) == status  # SIGTERM, of the command or of all that it began, is a Ctrl-C
        assert until(lambda: not session(process.pid))
    finally:
        os.killpg(process.pid, signal.SIGKILL) if session(process.pid) else None
