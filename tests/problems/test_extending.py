"""The example that tells how to add a problem runs as it stands."""

import re
import subprocess
import sys

import numpy as np

from enf2enf.data import PackedData


def test_the_example_makes_a_data_set_that_opens(root, tmp_path):
    pages = "\n".join(page.read_text() for page in sorted((root / "docs").glob("extending*.md")))
    (program,) = [
        block for block in re.findall(r"```python\n(.*?)```", pages, re.DOTALL) if "AbstractProblem)" in block
    ]
    (tmp_path / "hole.py").write_text(program)
    run = subprocess.run([sys.executable, "hole.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert re.search(r"^case_0000 \{'speed': .*\} 288 points$", run.stdout, re.MULTILINE)
    packed = PackedData.load(tmp_path / "data" / "hole", iter)
    assert [len(packed.ids(split)) for split in ("train", "validation", "calibration", "test")] == [4, 1, 0, 1]
    wall = packed.geometry(0).walls[0]
    assert np.ptp(np.hypot(*wall.T)) < 1e-12  # measured 5.6e-17
