"""A run that is stopped and resumed ends in the numbers of one that was not, bit for bit."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile

import pytest

from enf2enf.cli import main
from enf2enf.data.cache import NAME, pack
from enf2enf.errors import CheckpointError, ConfigError
from enf2enf.files import alone_in
from enf2enf.train.loop import Outcome, train

pytestmark = pytest.mark.slow

CHILD = """
import os, signal, sys, threading, time
for name in ("matplotlib", "meshio", "h5py", "pyvista", "skfem", "grpc"):
    sys.modules[name] = None  # whoever imports one of these fails
def press_ctrl_c():
    while signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press_ctrl_c, daemon=True).start()
from enf2enf.cli import main
sys.exit(main(["train", sys.argv[1], "--quiet"]))
"""


def arrays(path):
    """Name -> bytes of every array in an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def manifest(path):
    """The manifest, without what the clock says."""
    with zipfile.ZipFile(path) as archive:
        plain = json.loads(archive.read("manifest.json"))
    for part in (plain.get("progress", {}), plain.get("provenance", {}).get("metrics", {})):
        part.pop("seconds", None)
    return plain


def metrics(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def assert_same_run(one, other):
    """Every number of two run folders, apart from times."""
    assert metrics(one) == metrics(other)
    for name in ("state.run", "model.enf"):
        assert arrays(one / name) == arrays(other / name)
        assert manifest(one / name) == manifest(other / name)


def test_six_stops_change_no_bit(finished, tmp_path, ctrl_c):
    config, whole = finished
    assert whole.finished and whole.step == 200
    assert [line["step"] for line in metrics(config.out)] == [50, 100, 150, 200]
    parts = dataclasses.replace(config, out=tmp_path / "parts")
    ctrl_c({52, 99, 148})  # between two validations, and at one
    stopped = train(parts, quiet=True)
    assert (stopped.finished, stopped.step) == (False, 53)
    with (parts.out / "metrics.jsonl").open("a") as file:  # as a kill leaves it that comes after a validation
        file.write(json.dumps({"stage": "field", "step": 100, "train": 0.0, "validation": 0.0}) + "\n")
    assert train(parts, minutes=1e-9, quiet=True).step == 54  # the clock lets the step in flight end
    assert metrics(parts.out) == metrics(config.out)[:1]
    assert train(parts, quiet=True).step == 100
    assert metrics(parts.out) == metrics(config.out)[:1]  # the validation was stopped before its first case
    assert train(parts, minutes=1e-9, quiet=True).step == 100  # and is what the clock lets end now
    assert metrics(parts.out) == metrics(config.out)[:2]
    assert train(parts, quiet=True).step == 149
    assert train(parts, minutes=1e-9, quiet=True).step == 150
    assert metrics(parts.out) == metrics(config.out)[:2]  # which the clock stopped
    ended = train(parts, quiet=True)
    assert ended == Outcome(True, 200, whole.validation, ended.seconds)
    assert_same_run(config.out, parts.out)


def test_a_finished_run_stays_as_it_is(finished):
    config, outcome = finished
    before = (config.out / "model.enf").read_bytes(), (config.out / "state.run").read_bytes()
    again = train(config, quiet=True)
    assert (again.finished, again.step, again.validation) == (True, 200, outcome.validation)
    assert before == ((config.out / "model.enf").read_bytes(), (config.out / "state.run").read_bytes())


def test_a_run_that_lost_its_weights_says_so_and_lines_that_are_no_text_are_kept(finished, tmp_path):
    config = dataclasses.replace(finished[0], out=tmp_path / "run")
    shutil.copytree(finished[0].out, config.out)
    with (config.out / "metrics.jsonl").open("ab") as file:
        file.write(b"\xff\n")
    assert train(config, quiet=True).finished
    (config.out / "model.enf").unlink()
    with pytest.raises(ConfigError, match=r"model.enf: expected the weights that the run in this folder has kept, got"):
        train(config, quiet=True)


def test_a_run_is_trained_by_one_command_at_a_time(finished):
    config, _ = finished
    with (
        alone_in(config.out, ConfigError),
        pytest.raises(ConfigError, match="a folder that no other process fills, got"),
    ):
        train(config, quiet=True)
    assert train(config, quiet=True).finished


@pytest.mark.parametrize("change", [{"rate": 1e-3}, {"steps": 300}, {"seed": 1}])
def test_a_folder_of_another_run_is_refused(finished, change):
    config = dataclasses.replace(finished[0], train=dataclasses.replace(finished[0].train, **change))
    with pytest.raises(ConfigError, match="expected an empty folder, or one of the same run, got another run's state"):
        train(config, quiet=True)


def test_other_data_under_the_same_name_are_refused(finished, mirrored_holes):
    with pytest.raises(
        ConfigError, match="expected the data that the run in it learns from, got others, or changed ones"
    ):
        train(dataclasses.replace(finished[0], dataset=mirrored_holes), quiet=True)


def test_a_damaged_state_is_refused_and_a_file_in_the_way_too(finished, tmp_path):
    config = dataclasses.replace(finished[0], out=tmp_path / "run")
    config.out.mkdir()
    whole = (finished[0].out / "state.run").read_bytes()
    (config.out / "state.run").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"state\.run: expected a checkpoint"):
        train(config, quiet=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="out: expected a folder to write to"):
        train(dataclasses.replace(config, out=tmp_path / "file"), quiet=True)


def test_ctrl_c_on_the_command_line_from_the_cache_alone(finished, write_config, holes, tmp_path, capsys):
    """In a process of its own, without meshes or their libraries; then the same command goes on to the same end."""
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / NAME).write_bytes(pack(holes).read_bytes())
    file = write_config(tmp_path / "tiny.toml", tmp_path / "run", dataset=alone)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert child.returncode == 130, child.stderr  # so that `train && evaluate` does not go on
    assert "stopped; run the same command to resume at step 1, validation not read yet" in child.stdout
    assert main(["train", str(file), "--quiet"]) == 0
    assert "finished at step 200" in capsys.readouterr().out
    assert metrics(tmp_path / "run") == metrics(finished[0].out)
    for name in ("state.run", "model.enf"):
        assert arrays(tmp_path / "run" / name) == arrays(finished[0].out / name)


def test_a_second_ctrl_c_does_not_wait(finished, tmp_path, write_config, ctrl_c, capsys):
    file = write_config(tmp_path / "tiny.toml", tmp_path / "run")
    ctrl_c({1}, times=2)
    before = signal.getsignal(signal.SIGINT)
    assert main(["train", str(file), "--quiet"]) == 130
    assert capsys.readouterr().err == "enf2enf: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is before
    assert not (tmp_path / "run" / "state.run").exists()


def test_the_state_holds_finite_numbers_that_moved(finished):
    """So that two equal states are not equal for want of content."""
    stored = arrays(finished[0].out / "state.run")
    roots = {re.split(r"[./[]", name)[1] for name in stored}
    assert roots == {"model", "average", "moments", "step"}
    assert len(set(stored.values())) > 0.5 * len(stored)
