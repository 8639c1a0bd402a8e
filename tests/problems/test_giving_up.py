"""Ctrl-C twice: what is being solved is given up, and nothing of it is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are found in /proc"),
]

HANGS = '#!/bin/sh\necho $$ > "$STARTED"\nexec sleep 1000\n'


def test_a_second_ctrl_c_ends_a_solver_that_hangs_and_removes_its_files(tmp_path):
    solver, started, temporary = tmp_path / "bin" / "simpleFoam", tmp_path / "started", tmp_path / "temporary"
    for folder in (solver.parent, temporary):
        folder.mkdir()
    solver.write_text(HANGS)
    solver.chmod(0o755)
    path = os.pathsep.join([str(solver.parent), os.environ["PATH"]])
    known = os.environ | {"PATH": path, "STARTED": str(started), "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "enf2enf", "generate", "aerofoil", "--cases", "4", "--jobs", "1"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], env=known, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _await(started.exists)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert process.stderr.readline() == (
                "Stopping once the cases that are being solved are; they stay. Again: at once.\n"
            )
            assert process.poll() is None and Path(f"/proc/{started.read_text().strip()}").exists()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            _await(lambda: not Path(f"/proc/{started.read_text().strip()}").exists())
        finally:
            process.kill()
    assert not list(temporary.iterdir()) and not (tmp_path / "out").exists()


def _await(is_so, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
