"""The examples that tell how to extend the library run as they stand, one after the other, in one folder."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from enf2enf.data import PackedData

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
SECTION = re.compile(r"^## An? (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PROGRAMS = {
    name: re.findall(r"```python\n(.*?)```", text, re.DOTALL) for name, text in SECTION.findall(PAGE.read_text())
}
SAYS = {
    "problem": r"^case_0000 \{'speed': .*\} 288 points$",
    "mesh format": r"^$",
    "encoder": r"^DistanceEncoder DistanceConfig\(kind='distance', width=32, grid=4, window=0\.5, .*\)$",
    "decoder": r"^MeanDecoder MeanConfig\(kind='mean', width=32\)$",
    "training stage": r"^Outcome\(finished=True, step=20, validation=0\.\d+, seconds=.*\)$",
}


def test_there_is_one_program_for_everything_that_can_be_added():
    assert {name: len(found) for name, found in PROGRAMS.items()} == dict.fromkeys(SAYS, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("extending")


@pytest.mark.slow
@pytest.mark.parametrize("name", SAYS)
def test_the_program_runs(folder, name):
    """The data set of the first is what the last one learns from."""
    path = folder / f"{name.replace(' ', '_')}.py"
    path.write_text(PROGRAMS[name][0])
    run = subprocess.run([sys.executable, path], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert re.search(SAYS[name], run.stdout, re.MULTILINE), run.stdout
    if name == "problem":
        packed = PackedData.load(folder / "data" / "hole", iter)
        assert [len(packed.ids(split)) for split in ("train", "validation", "calibration", "test")] == [4, 1, 0, 1]
        wall = packed.geometry(0).walls[0]
        assert np.ptp(np.hypot(*wall.T)) < 1e-12  # measured 5.6e-17
