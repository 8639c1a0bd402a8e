"""The examples run as a user runs them."""

import subprocess
import sys

import pytest

from enf2enf.checkpoint import save

LOAD = ("-c", "traction=0,80")


@pytest.fixture(scope="module")
def checkpoint(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("examples") / "untrained.enf"
    save(path, surrogate)
    return path


def run(root, tmp_path, name, *arguments):
    command = [sys.executable, root / "examples" / name, *LOAD, *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)


def test_client_query(root, tmp_path, surrogate):
    from enf2enf_server.app import create_server

    server, port = create_server(surrogate)
    server.start().result()
    try:
        result = run(root, tmp_path, "client_query.py", "--target", f"127.0.0.1:{port}")
    finally:
        server.stop()
    assert result.returncode == 0, result.stderr
    assert "needs traction [Pa], returns ['von_mises']" in result.stdout
    assert "of 40000 points outside" in result.stdout and "1 wall(s)" in result.stdout


def test_super_resolution(root, tmp_path, checkpoint):
    result = run(root, tmp_path, "super_resolution.py", "--checkpoint", checkpoint, "--points", "9000")
    assert result.returncode == 0, result.stderr
    assert "9000 points on 1 wall(s)" in result.stdout and "largest |von_mises|" in result.stdout


def test_view_prediction(root, tmp_path, checkpoint):
    result = run(root, tmp_path, "view_prediction.py", "--checkpoint", checkpoint, "--out", "out.png")
    assert (tmp_path / "out.vtu").exists(), result.stderr
    if result.returncode:
        assert result.stderr.startswith("out.png: no picture, only out.vtu: drawing needs ")
        assert len(result.stderr.strip().splitlines()) == 1
    else:
        assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_drawn_is_one_sentence(root, tmp_path, checkpoint):
    """Where VTK ends its process."""
    script = (root / "examples" / "view_prediction.py").read_text().replace("import pyvista", "import os; os.abort()")
    (tmp_path / "view.py").write_text(script)
    result = run(tmp_path, tmp_path, tmp_path / "view.py", "--checkpoint", checkpoint, "--out", "out.png")
    assert result.returncode == 1
    assert result.stderr.strip() == (
        "out.png: no picture, only out.vtu: drawing needs an OpenGL library, on Debian or Ubuntu: "
        "apt install libegl1 libgl1-mesa-dri"
    )
