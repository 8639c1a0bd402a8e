"""A problem of our own from its definition to packed data: the same cases however they are made, and nothing else."""

import dataclasses
import functools
import json
import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from enf2enf.cli import main
from enf2enf.data import Dataset, PackedData
from enf2enf.errors import ConfigError, DatasetError, MeshError, SolverError
from enf2enf.field import Field
from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.problems import PROBLEMS, find_problem
from enf2enf.problems.campaign import generate
from enf2enf.problems.problem import REDRAWS, AbstractProblem, Floor, SolvedCase, option
from enf2enf.schema import Quantity, Schema

FLAWED = {"error": None, "nan error": lambda: np.nan, "words": lambda: "small", "no measure": lambda: 1 / 0}
TOO_LARGE = 0.35  # a hole that the toy refuses to solve: one draw of three


@dataclasses.dataclass(frozen=True)
class Hole(AbstractProblem):
    """Potential flow past a round hole in a square of one metre."""

    nodes: int = option(16, "nodes around the hole")
    sense: str = option("along", "of the flow")
    largest: float = 0.45
    seconds: float = 0.0
    flaw: str = ""

    name = "hole"
    schema = Schema(2, (Quantity("speed", unit="m/s"),), (Quantity("potential", unit="m2/s"),))
    shares = (3, 1, 1, 1)
    frames = FrameConfig(reflections=("y",))
    licence = "CC0-1.0"
    fine_cases = 1
    floor = Floor(2, "a tenth of the radius", "had a large hole")

    def describe(self, redraws):
        return f"Potential flow past a round hole; {redraws} redraws."

    def draw(self, seed, index, redraw):
        rng = np.random.default_rng([seed, index, redraw])
        return rng.uniform(0.1, self.largest), rng.uniform(1.0, 5.0)

    def solve(self, drawn):
        radius, speed = drawn
        time.sleep(self.seconds)
        if radius > TOO_LARGE:
            return None
        if self.flaw == "code":
            raise ZeroDivisionError("division\nby zero")
        if self.flaw == "solver":
            raise SolverError("solver", "a good day", "a bad one")
        if self.flaw == "tuple":
            return (radius, speed)
        if self.flaw == "death":
            os.kill(os.getpid(), signal.SIGKILL)
        angle = 2 * np.pi * np.arange(self.nodes) / self.nodes
        spoke = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        square = 0.5 * spoke / np.abs(spoke).max(axis=1, keepdims=True)
        points = np.concatenate([(1 - t) * radius * spoke + t * square for t in np.linspace(0, 1, 5)])
        i, j = np.divmod(np.arange(4 * self.nodes), self.nodes)
        a, b = i * self.nodes + j, i * self.nodes + (j + 1) % self.nodes
        triangles = np.concatenate(
            [np.stack([a, a + self.nodes, b + self.nodes], 1), np.stack([a, b + self.nodes, b], 1)]
        )
        measure = FLAWED.get(self.flaw, lambda: np.float32(radius / 10) if radius < 0.25 else None)
        field = {} if self.flaw == "field" else {"potential": potential(points, radius, speed)}
        if self.flaw == "number":
            field["potential"][7] = np.nan
        if self.flaw == "walls":
            points[[0, 3]] = points[[3, 0]]
        if self.flaw == "short":
            field["potential"] = field["potential"][1:]
        return SolvedCase(
            Mesh(points, (CellBlock("triangle", triangles),), point_data=field),
            {} if self.flaw == "condition" else {"speed": speed},
            lambda: (
                None
                if self.flaw == "fine"
                else Field(0.45 * spoke, {"potential": potential(0.45 * spoke, radius, speed)})
            ),
            measure,
            Field(points, {}) if self.flaw == "sample" else None,
            Field(points[: self.nodes], {"potential": points[: self.nodes, 0]}) if self.flaw == "on walls" else None,
        )


def potential(points, radius, speed):
    """phi = v x (1 + a^2 / r^2): no flow through the circle of radius a."""
    return speed * points[:, 0] * (1 + radius**2 / (points**2).sum(axis=1))


make = functools.partial(generate, cases=12, seed=3, progress=False)


def contents(folder):
    """All that was generated; the cache is made when the data are first asked for."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "cache.npz"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make(Hole(), tmp_path_factory.mktemp("data") / "whole", jobs=2)


@pytest.mark.slow
def test_it_is_packed_for_training_with_its_calibration_split(whole):
    packed, problem = PackedData.load(whole, iter), Hole()
    assert packed.schema == problem.schema
    assert [len(packed.ids(part)) for part in ("train", "validation", "calibration", "test")] == [6, 2, 2, 2]
    for index, name in enumerate(packed.names):
        solved, redraws = problem.make(3, int(name.removeprefix("case_")))
        radius, speed = problem.draw(3, int(name.removeprefix("case_")), redraws)
        points = packed.points(index)
        np.testing.assert_array_equal(points, solved.mesh.points)
        assert packed.conditions(index).tolist() == [speed]
        np.testing.assert_allclose(packed.values(index)[:, 0], potential(points, radius, speed), rtol=1e-6)
        np.testing.assert_allclose(np.hypot(*packed.geometry(index).walls[0].T), radius)


@pytest.mark.slow
def test_the_folder_says_what_it_is_and_how_exact(whole):
    dataset, problem = Dataset.open(whole), Hole()
    cases = [problem.make(3, index) for index in range(12)]
    redraws = sum(redraws for _, redraws in cases)
    assert redraws > 0
    assert dataset.manifest["description"] == f"Potential flow past a round hole; {redraws} redraws."
    assert dataset.manifest["source"] == "enf2enf generate hole --cases 12 --seed 3 --nodes 16 --sense along"
    assert (dataset.manifest["name"], dataset.manifest["licence"]) == ("hole", "CC0-1.0")
    measured = [cases[index][0].error() for index in (0, 6)]
    good = [error for error in measured if error is not None]
    assert len(good) == 1, "one of each kind"
    floor = {"relative_l2": good[0], "cases": 1}
    floor["how"] = f"mean over cases of a tenth of the radius; largest {good[0]:.2e}; 1 more had a large hole"
    assert dataset.manifest["floor"] == floor
    tested = dataset.split["test"]
    assert [name for name in dataset.manifest["cases"] if dataset.fine(name) is not None] == tested[:1]
    expected = cases[10][0].fine()
    np.testing.assert_array_equal(dataset.fine(tested[0]).points, expected.points)
    np.testing.assert_allclose(dataset.fine(tested[0])["potential"], expected["potential"], rtol=1e-6)


@pytest.mark.slow
def test_the_number_of_jobs_does_not_show(whole, tmp_path):
    assert contents(make(Hole(), tmp_path / "one", jobs=1)) == contents(whole)


PROGRAM = """
import pickle, signal, sys
from enf2enf.problems.campaign import generate
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore Ctrl-C
    generate(pickle.loads(bytes.fromhex(sys.argv[1])), sys.argv[2], cases=20, seed=3, jobs=2)
"""


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_solved_and_the_same_call_ends_in_the_same_bytes(tmp_path, root):
    problem, part = Hole(seconds=0.3), tmp_path / "part"
    (tmp_path / "program.py").write_text(PROGRAM)
    child = [sys.executable, tmp_path / "program.py", pickle.dumps(problem).hex(), part]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    run = subprocess.Popen(child, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path})
    until = time.monotonic() + 60
    while run.poll() is None and time.monotonic() < until and len(list(part.glob("progress/case_*.json"))) < 4:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert "KeyboardInterrupt" in said
    assert "Stopping once the cases that are being solved are; they stay. Ctrl-C now gives them up.\n" in said
    assert run.returncode != 0
    solved = [part / f"meshes/{entry.stem}.vtu" for entry in part.glob("progress/case_*.json")]
    before = [path.stat().st_mtime_ns for path in solved]
    assert 4 <= len(solved) < 20
    assert not (part / "dataset.json").exists()
    assert not list(part.rglob("*partial*"))
    generate(problem, part, cases=20, seed=3, jobs=1, progress=False)
    assert [path.stat().st_mtime_ns for path in solved] == before
    assert contents(part) == contents(generate(problem, tmp_path / "whole", 20, 3, progress=False))


def test_a_case_is_the_first_draw_that_has_a_solution():
    problem = Hole()
    for index in range(30):
        case, redraws = problem.make(5, index)
        tried = [problem.solve(problem.draw(5, index, redraw)) for redraw in range(redraws + 1)]
        assert tried[:-1] == [None] * redraws
        np.testing.assert_array_equal(tried[-1].mesh.points, case.mesh.points)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "error", "sentence"),
    [
        (Hole(flaw="field"), DatasetError, r"case 'case_00\d\d': expected nodal values of 'potential', got only \[\]"),
        (
            Hole(flaw="sample"),
            DatasetError,
            r"case 'case_00\d\d': expected sampled values of 'potential', got only \[\]",
        ),
        (Hole(flaw="number"), DatasetError, r"case 'case_00\d\d', potential: expected finite numbers, got nan at"),
        (Hole(flaw="walls"), DatasetError, r"case 'case_00\d\d', .*: expected "),
        (Hole(flaw="short"), MeshError, r"case \d+ of seed 3, point data 'potential': expected 80 rows, .* got 79"),
        (
            Hole(flaw="on walls"),
            DatasetError,
            r"case 'case_00\d\d': expected no values on walls, .* got \['potential'\]",
        ),
        (Hole(flaw="fine"), SolverError, r"case \d+ of seed 3: expected a solution, got AttributeError: 'NoneType'"),
        (Hole(flaw="nan error"), DatasetError, r"error of case \d+: expected a number from 0 up, or None, got nan"),
        (Hole(flaw="words"), DatasetError, r"error of case \d+: expected a number from 0 up, or None, got 'small'"),
        (Hole(flaw="no measure"), SolverError, r"case \d+ of seed 3: expected a solution, got ZeroDivisionError"),
        (Hole(flaw="condition"), DatasetError, r"conditions of case 'case_00\d\d': expected exactly \['speed'\], got"),
        (Hole(flaw="error"), DatasetError, r"case \d+: expected a measure of its error, since .* a floor, got none"),
        (Hole(flaw="solver"), SolverError, "solver: expected a good day, got a bad one"),
        (
            Hole(flaw="code"),
            SolverError,
            r"case \d+ of seed 3: .*got ZeroDivisionError: division\\nby",
        ),
        (Hole(flaw="tuple"), SolverError, r"case \d+ of seed 3: expected a SolvedCase, or None, got tuple"),
        (
            Hole(flaw="death"),
            SolverError,
            "jobs: expected processes that live as long as their cases, got one that was",
        ),
        (Hole(largest=1e9), SolverError, rf"case \d+ of seed 3: expected a solution, got none in {REDRAWS} draws"),
    ],
)
def test_what_no_data_set_can_come_of_ends_the_campaign_with_a_sentence(tmp_path, problem, error, sentence):
    with pytest.raises(error, match=sentence):
        make(problem, tmp_path / "new", jobs=1)
    assert not (tmp_path / "new" / "dataset.json").exists()
    if not (tmp_path / "new").exists():
        return  # nothing of it was solved
    assert list((tmp_path / "new" / "progress").iterdir())


def test_a_problem_that_does_not_state_all_is_refused_where_it_is_defined():
    stated = {name: getattr(Hole, name) for name in ("name", "schema", "shares", "frames", "fine_cases", "floor")}
    with pytest.raises(TypeError, match="Part: expected licence, got none"):
        type("Part", (AbstractProblem,), stated)
    type("Whole", (AbstractProblem,), stated | {"licence": property(lambda self: "CC0-1.0")})


def test_a_split_that_has_a_share_has_a_case(tmp_path):
    with pytest.raises(ConfigError, match="cases: expected at least 4, one for each split, got 3"):
        make(Hole(), tmp_path / "new", cases=3)
    assert not (tmp_path / "new").exists()
    folder = make(Hole(), tmp_path / "new", cases=4)
    assert [len(part) for part in Dataset.open(folder).split.values()] == [1, 1, 1, 1]


@pytest.mark.slow
def test_a_folder_begun_with_other_options_is_refused(whole):
    with pytest.raises(DatasetError, match="nodes = 16, with which it was begun, got 20"):
        make(Hole(nodes=20), whole)


def test_the_command_offers_the_options_of_the_problem(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(PROBLEMS, "hole", f"{__name__}:Hole")
    with pytest.raises(SystemExit) as stopped:
        main(["generate", "hole", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "Potential flow past a round hole in a square of one metre." in text
    for words in ("--cases", "--jobs", "--nodes", "nodes around the hole (16)", "--sense"):
        assert words in text
    assert "how many, at least 4, one for each split (1200)" in " ".join(text.split())
    assert "--seconds" not in text
    assert main(["generate", "hole", "--cases", "4", "--nodes", "20", "--jobs", "1", "--out", str(tmp_path / "o")]) == 0
    manifest = json.loads((tmp_path / "o" / "dataset.json").read_text())
    assert manifest["name"] == "hole-20"
    assert manifest["source"] == "enf2enf generate hole --cases 4 --seed 0 --nodes 20 --sense along"
    assert len(Dataset.open(tmp_path / "o").case("case_0000").field.points) == 100


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_of_the_registry_is_whole(name):
    problem = find_problem(name)()
    assert problem.name == name and problem.licence and problem.describe(0)
    assert pickle.loads(pickle.dumps(problem)) == problem
    assert isinstance(problem.frames, FrameConfig) and isinstance(problem.schema, Schema)
    with pytest.raises(
        ConfigError, match="problem: expected aerofoil or channel or elasticity or joukowski or slotted, got 'magic'"
    ):
        find_problem("magic")
