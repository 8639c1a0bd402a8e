"""What the pages show in Python, and on the command line of the shipped surrogate, runs and prints what they say."""

import contextlib
import io
import re
import shlex
import shutil

import flows
import numpy as np
import pytest
from pages import PAGES, ROOT, commands, fences, name

import enf2enf_meshes
from enf2enf import checkpoint
from enf2enf.cli import main
from enf2enf.geometry.frames import FrameConfig
from enf2enf.io import write
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.surrogate import Surrogate
from enf2enf_server.gate.app import create_server

pytestmark = pytest.mark.slow

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")
TOLD = [told for page in PAGES for told in commands(page) if told[0].startswith("enf2enf predict elasticity meshes/")]
RUN = [page for page in PAGES if page.name != "extending.md"]  # which has tests of its own


@pytest.fixture(scope="module")
def target():
    """A server of the shipped surrogate."""
    server, port = create_server(enf2enf_meshes.checkpoint("elasticity"))
    server.start().result()
    yield f"127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the snippets are run: with a mesh, and a surrogate of flows that nobody has trained."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "meshes").symlink_to(ROOT / "meshes")
    shutil.copy(ROOT / "meshes" / "unit_cell.vtu", tmp_path / "cell.vtu")
    (tmp_path / "mine").mkdir()
    return tmp_path


def flow(folder) -> None:
    """The surrogate and the mesh of the part about forces."""
    random, schema = np.random.default_rng(0), Joukowski().schema
    rows = np.column_stack([random.uniform(2, 9, 8), np.zeros(8)])
    fields = [random.normal(size=(16, schema.field_width)) for _ in rows]
    config = ModelConfig(flows.AMORTISED, flows.ROTARY, 32, frames=FrameConfig("inflow", ("y",), flows.BOX))
    made = Surrogate.untrained(config, Normaliser.fit(schema, np.ones(8), rows, fields))
    (folder / "runs" / "joukowski").mkdir(parents=True)
    checkpoint.save(folder / "runs" / "joukowski" / "model.enf", made)
    write(folder / "aerofoil.vtu", flows.mesh_of(flows.bodies(random, 1)))


def assert_printed(printed: str, told: str) -> None:
    """The same words, and numbers that agree to what rounding may change."""
    assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", told).split()
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in (printed, told)]
    np.testing.assert_allclose(*numbers, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("page", [page for page in RUN if any(f.language == "python" for f in fences(page))], ids=name)
def test_python_runs_in_the_order_of_the_page(page, folder, request):
    """The text that follows a snippet is what it prints."""
    names, printed = {}, ""
    for fence in fences(page):
        if fence.language == "python":
            text = fence.text
            if "127.0.0.1:50051" in text:
                text = text.replace("127.0.0.1:50051", request.getfixturevalue("target"))
            if "runs/joukowski" in text:
                flow(folder)
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(text, page.name, "exec"), names)
            printed = output.getvalue()
        elif fence.language == "text" and fence.follows:
            assert_printed(printed, fence.text)


def test_the_polar_is_of_inflows_that_the_mesh_lies_for():
    page = (ROOT / "docs" / "start.md").read_text()
    number = int(re.findall(r"meshes/case_(\d+)\.vtu", page)[-1])
    solved, _ = Joukowski().make(0, number)
    own = np.rad2deg(np.arctan2(*solved.conditions["inflow"][::-1]))
    angles = [float(angle) for angle in re.search(r"for angle in \(([^)]*)\)", page)[1].split(",")]
    drags = [abs(float(drag)) for drag in re.findall(r"^# .* drag (\S+),", page, re.MULTILINE)]
    assert min(angles) < own < max(angles) and np.abs(np.array(angles) - own).max() < 5
    assert len(drags) == len(angles) and max(drags) < 0.02


@pytest.mark.parametrize(("line", "told"), TOLD, ids=[line for line, _ in TOLD])
def test_commands_print_what_the_page_says(line, told, folder, capsys):
    pytest.importorskip("matplotlib")
    main(shlex.split(line)[1:])
    captured = capsys.readouterr()
    assert_printed(captured.err + captured.out, told)
