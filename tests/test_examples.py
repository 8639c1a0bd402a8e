"""The examples run as a user runs them."""

import re
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.checkpoint import save
from enf2enf.client import Client
from enf2enf.line import Line

LOAD = ("-c", "traction=0,80")


@pytest.fixture(scope="module")
def checkpoint(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("examples") / "untrained.enf"
    save(path, surrogate)
    return path


def run(root, tmp_path, name, *arguments):
    command = [sys.executable, root / "examples" / name, *LOAD, *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def ports(surrogate):
    """Of one server: for gRPC, and for HTTP."""
    from enf2enf_server.gate.app import create_server

    server, port = create_server(surrogate)
    over_http = server.listen_http("127.0.0.1", 0)
    server.start().result()
    yield port, over_http
    server.stop()


@pytest.fixture(scope="module")
def target(ports):
    return f"127.0.0.1:{ports[0]}"


def ask(root, tmp_path, target, name, *arguments):
    command = [sys.executable, root / "examples" / name, "--target", target, *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)


def test_client_query(root, tmp_path, target):
    result = ask(root, tmp_path, target, "client_query.py", *LOAD)
    assert result.returncode == 0, result.stderr
    assert ": traction [Pa] -> von_mises [Pa]" in result.stdout
    assert "of 40000 points outside" in result.stdout and "1 wall(s)" in result.stdout


def ask_over_http(root, port, *arguments):
    """In a Python that has nothing of ours."""
    script, url = root / "examples" / "http_query.py", f"http://127.0.0.1:{port}"
    mesh = enf2enf_meshes.path("unit_cell_vtu")
    command = [sys.executable, "-I", "-S", script, mesh, "--url", url, "--conditions", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_http_query(root, target, ports):
    result = ask_over_http(root, ports[1], '{"traction": [0, 80]}')
    assert result.returncode == 0, result.stderr
    assert "needs ['traction'], returns ['von_mises']" in result.stdout and "1 wall(s)" in result.stdout
    told = [line.rpartition(": ")[2] for line in result.stdout.splitlines() if line.startswith("von_mises at ")]
    with Client(target) as client:
        shape = client.encode(enf2enf_meshes.path("unit_cell_vtu"))
        line = Line(shape.bounds[0], shape.bounds.mean(axis=0), 5)
        values = client.decode(shape, {"traction": [0, 80]}, line)["von_mises"]
    numbers = [np.nan if word == "no field there" else float(word) for word in told]
    np.testing.assert_array_equal(np.array(numbers, np.float32), values)


def test_http_query_refused(root, ports):
    result = ask_over_http(root, ports[1], '{"traction": "80 bar"}')
    assert result.returncode == 1
    assert result.stderr == "condition 'traction': expected numbers in Pa, without a unit, got '80 bar'\n"


def test_sweep(root, tmp_path, target):
    result = ask(root, tmp_path, target, "sweep.py", "--questions", "60", "--points", "200")
    assert result.returncode == 0, result.stderr
    assert "60 questions of 200 points in " in result.stdout and " a second" in result.stdout
    found = re.search(r"largest \|von_mises\|: (\S+) Pa at traction = \[(\S+), (\S+)\]", result.stdout)
    most, *traction = map(float, found.groups())
    with Client(target) as client:  # what it says is so
        trained = client.describe().trained["traction"]
        shape = client.encode(enf2enf_meshes.path("unit_cell_vtu"))
        points = np.random.default_rng(0).uniform(*shape.bounds, (200, 2))
        values = client.decode(shape, {"traction": traction}, points)["von_mises"]
    assert np.isclose(np.nanmax(np.abs(values)), most, rtol=1e-4)  # printed with five digits
    assert all(low <= value <= high for low, value, high in zip(trained[0], traction, trained[1], strict=True))


def test_slider(root, tmp_path, target):
    result = ask(root, tmp_path, target, "slider.py", "--out", "slider.png")
    if result.returncode:
        assert "apt install libegl1 libgl1-mesa-dri" in result.stderr and len(result.stderr.splitlines()) == 1
        return
    first, last = (matplotlib.image.imread(tmp_path / f"slider_{number}.png") for number in (0, 1))
    assert first.shape == last.shape == (800, 900, 3)
    below = slice(160, 640)  # the field without the slider and the bar
    assert np.abs(first[below] - last[below]).max() > 0.1 and first[below, 250:650].std() > 0.02


def test_slider_without_such_a_condition(root, tmp_path, target):
    result = ask(root, tmp_path, target, "slider.py", "--vary", "wind", "--out", "slider.png")
    assert result.returncode == 1
    assert "expected one of the conditions ['traction']" in result.stderr or "apt install" in result.stderr


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
