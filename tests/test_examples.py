"""The examples run as a user runs them."""

import re
import subprocess
import sys

import flows
import matplotlib.image
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.checkpoint import save
from enf2enf.client import Client
from enf2enf.data.airfrans.schema import SCHEMA
from enf2enf.geometry.frames import FrameConfig
from enf2enf.line import Line
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.surrogate import Surrogate

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def flow_target(tmp_path_factory):
    """A server of an untrained surrogate of flows, under the name of the shipped one."""
    from enf2enf_server.gate.app import create_server

    random = np.random.default_rng(0)
    rows = np.column_stack([random.uniform(30, 90, 8), np.zeros(8), np.full(8, 1.56e-5)])
    fields = [row[0] ** 2 * np.abs(random.normal(size=(16, SCHEMA.field_width))) for row in rows]
    config = ModelConfig(flows.AMORTISED, flows.ROTARY, 32, frames=FrameConfig("inflow", ("y",), flows.BOX))
    path = tmp_path_factory.mktemp("flows") / "aerofoil.enf"
    save(path, Surrogate.untrained(config, Normaliser.fit(SCHEMA, np.ones(8), rows, fields)))
    server, port = create_server(path)
    server.start().result()
    yield f"127.0.0.1:{port}"
    server.stop()


def test_aerofoil_polar(root, tmp_path, flow_target):
    result = ask(root, tmp_path, flow_target, "aerofoil_polar.py", "--speed", "60")
    assert result.returncode == 0, result.stderr
    names, lifts = zip(*re.findall(r"^(.+): 33 angles in .* s, C_L up to (\S+),", result.stdout, re.M), strict=True)
    assert names == ("SD7034", "NACA 2412") and matplotlib.image.imread(tmp_path / "polar.png").shape == (840, 1440, 4)
    with Client(flow_target) as client:  # what it says is so
        shape = client.encode(enf2enf_meshes.path("sd7034"))
        inflows = [{"magnitude": 60.0, "angle_deg": angle} for angle in np.arange(-4, 12.1, 0.5)]
        asked = [{"inflow": inflow, "viscosity": 1.56e-5} for inflow in inflows]
        most = max(answer.integrals["C_L"] for answer in client.predict_many(shape, asked, "wall"))
    assert float(lifts[0]) == pytest.approx(most, abs=6e-4)  # printed with three decimals


@pytest.mark.parametrize("word", ["none/polar.png", "polar.bmp2"])
def test_aerofoil_polar_looks_at_its_picture_before_it_asks(root, tmp_path, word):
    result = ask(root, tmp_path, "127.0.0.1:1", "aerofoil_polar.py", "--out", word)
    assert result.returncode == 1
    reason = {"none/polar.png": "a place to write to, got No such file or directory"}
    assert result.stderr.count("\n") == 1 and f"{word}: expected {reason.get(word, 'a picture')}" in result.stderr


def test_airfoil_flow(root, tmp_path, flow_target):
    result = ask(root, tmp_path, flow_target, "airfoil_flow.py", "--out", "flow.png")
    if result.returncode:
        assert "apt install libegl1 libgl1-mesa-dri" in result.stderr and len(result.stderr.splitlines()) == 1
        return
    assert result.stdout.startswith("sd7034 at 8 degrees: C_L = ")
    pixels = matplotlib.image.imread(tmp_path / "flow.png")
    assert pixels.shape == (880, 1320, 3) and pixels[100:780].std() > 0.02
    assert np.abs(pixels[470, 600] - [0xE9 / 255, 0xEC / 255, 0xEF / 255]).max() < 0.02  # the body


@pytest.mark.parametrize("word", ["none/flow.png", "flow.xyz"])
def test_airfoil_flow_looks_at_its_picture_before_it_asks(root, tmp_path, word):
    result = ask(root, tmp_path, "127.0.0.1:1", "airfoil_flow.py", "--out", word)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("--out: expected a name that ends in .png")


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


REFUSED = {
    "sweep.py": ([], "expected an answer, got UNAVAILABLE"),
    "client_query.py": ([], "expected an answer, got UNAVAILABLE"),
    "http_query.py": (["cell.vtu"], "expected a server that listens there, got "),
    "case_to_mesh.py": (["nosuch.foam"], "nosuch.foam: expected a .foam or a .case file, got none"),
    "super_resolution.py": (["nosuch"], "nosuch: expected a mesh file, got No such file or directory"),
    "view_prediction.py": (["--out", "nosuch/v.png"], "v.vtu: expected a place to write to, got No such file or"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_example_is_refused_in_one_sentence(name, root, tmp_path):
    """Where no server is, or no file."""
    arguments, sentence = REFUSED[name]
    if "query" in name or name == "sweep.py":
        arguments = [*arguments, *(("--url", "http://127.0.0.1:1") if "http" in name else ("--target", "127.0.0.1:1"))]
    command = [sys.executable, root / "examples" / name, *arguments]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1 and sentence in result.stderr and len(result.stderr.splitlines()) == 1
