"""A data set out of a folder of meshes and a table: what it holds is what lay there."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from enf2enf.cli import main
from enf2enf.data import Dataset
from enf2enf.errors import Enf2EnfError
from enf2enf.io import write
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Integrals

SPEEDS, ANGLES = np.array([10.0, 20.0, 30.0, 40.0]), np.array([0.0, 90.0, -90.0, 180.0])
NEW = ["--fields", "p::Pa,u:vector:m/s", "--vector", "inflow=U,alpha_deg", "--split", "0.5,0.25,0,0.25"]


def ring(number: int, cells: bool) -> Mesh:
    """A square with a round hole; a field of its own in every case."""
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([0.2 * circle, circle / np.abs(circle).max(axis=1, keepdims=True)])
    here = np.arange(16)
    quads = np.stack([here, here + 16, (here + 1) % 16 + 16, (here + 1) % 16], axis=1)
    at = points[quads].mean(axis=1) if cells else points
    data = {"p": number + at[:, 0], "u": np.pad(at, ((0, 0), (0, 1))), "other": at[:, 1]}
    return Mesh(points, (CellBlock("quad", quads),), **{"cell_data" if cells else "point_data": data})


@pytest.fixture(params=["by node", "by cell"])
def campaign(request, tmp_path):
    for number in range(4):
        write(tmp_path / f"run{number}.vtu", ring(number, request.param == "by cell"))
    rows = [f"run{k}.vtu;{u:g};{a:g};{1 + k}" for k, (u, a) in enumerate(zip(SPEEDS, ANGLES, strict=True))]
    text = '\ufeff"mesh";"U [m/s]";alpha_deg;heat (K)\r\n' + "\r\n".join(rows) + "\r\n\r\n"
    (tmp_path / "conditions.csv").write_text(text, newline="")
    return request.param, tmp_path


def centroids(mesh: Mesh) -> np.ndarray:
    """Of the cells as polygons."""
    found = [shapely.centroid(shapely.polygons(mesh.points[nodes])) for nodes in mesh.cells[0].nodes]
    return np.array([[point.x, point.y] for point in found])


def new(folder, *options):
    out = folder / "out"
    return main(["dataset", "new", str(out), "--meshes", str(folder / "*.vtu"), *NEW, *options]), out


def test_what_lay_there_is_in_it(campaign, capsys):
    place, folder = campaign
    status, out = new(folder, "--conditions", str(folder / "conditions.csv"), "--relative-to", "u=inflow",
                      "--scales-with", "p=inflow:2", "--scales-with", "p=heat",
                      "--unit", "mm", "--length", "0.002", "--name", "mine",
                      "--integrals", "pressure=p,inflow=inflow")  # fmt: skip
    assert status == 0, capsys.readouterr().err
    assert ("at the centres of cells" in capsys.readouterr().out) == (place == "by cell")
    dataset = Dataset.open(out)
    assert {part: len(ids) for part, ids in dataset.split.items()} == dict(train=2, validation=1, calibration=0, test=1)
    assert [q.name for q in dataset.schema.conditions] == ["inflow", "heat"] and dataset.manifest["name"] == "mine"
    assert [q.unit for q in dataset.schema.conditions] == ["m/s", "K"] and dataset.schema.length == 0.002
    assert dataset.schema.integrals == Integrals("p", "inflow")
    pressure, velocity = dataset.schema.fields
    assert pressure.powers == (("heat", 1.0), ("inflow", 2.0))
    assert (velocity.relative_to, velocity.kind) == ("inflow", "vector")
    for number in range(4):
        assert Path(dataset.mesh_path(f"run{number}")).read_bytes() == (folder / f"run{number}.vtu").read_bytes()
        case, mesh = dataset.case(f"run{number}"), ring(number, place == "by cell")
        at = centroids(mesh) if place == "by cell" else mesh.points
        np.testing.assert_allclose(case.solution.points, at / 1000, atol=1e-15)
        mean = mesh.points[mesh.cells[0].nodes].mean(axis=1) if place == "by cell" else mesh.points
        np.testing.assert_array_equal(case.solution["p"], number + mean[:, 0])
        np.testing.assert_array_equal(case.solution["u"], mean)
        turn = np.deg2rad(ANGLES[number])
        expected = SPEEDS[number] * np.array([np.cos(turn), np.sin(turn)])
        np.testing.assert_allclose(case.conditions["inflow"], expected, atol=1e-12)
        assert case.conditions["heat"] == 1 + number


def test_the_split_depends_on_the_seed_and_on_nothing_else(campaign):
    folder = campaign[1]
    table = ["--conditions", str(folder / "conditions.csv")]
    splits = []
    for seed in ("1", "1", "2"):
        out = folder / f"out{len(splits)}"
        arguments = ["dataset", "new", str(out), "--meshes", str(folder / "*.vtu"), *NEW, *table, "--seed", seed]
        assert main(arguments) == 0
        splits.append(Dataset.open(out).split)
    assert splits[0] == splits[1] != splits[2]


def test_without_conditions_the_fields_are_all(tmp_path):
    for number in range(2):
        write(tmp_path / f"run{number}.vtu", ring(number, False))
    out = tmp_path / "out"
    arguments = ["--meshes", str(tmp_path / "*.vtu"), "--fields", "p", "--split", "0.5,0.5,0,0"]
    assert main(["dataset", "new", str(out), *arguments]) == 0
    assert Dataset.open(out).schema.conditions == ()


@pytest.mark.parametrize("given", [".", "../link", "../mine/../mine"])
def test_an_empty_folder_is_filled_however_it_is_called(given, tmp_path, monkeypatch):
    for number in range(2):
        write(tmp_path / f"run{number}.vtu", ring(number, False))
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    arguments = ["--meshes", str(tmp_path / "*.vtu"), "--fields", "p", "--split", "0.5,0.5,0,0"]
    assert main(["dataset", "new", given, *arguments]) == 0
    assert Dataset.open(tmp_path / "mine").manifest["name"] == "mine"
    assert {path.name for path in Path.cwd().iterdir()} == {"dataset.json", "meshes"}
    assert not list(tmp_path.glob(".*"))


def test_an_angle_that_overflows_is_refused(tmp_path, capsys):
    write(tmp_path / "run0.vtu", ring(0, False))
    (tmp_path / "t.csv").write_text("case,U,alpha_rad\nrun0,3,1e308\n")
    options = ["--conditions", str(tmp_path / "t.csv"), "--vector", "inflow=U,alpha_rad", "--fields", "p"]
    assert main(["dataset", "new", str(tmp_path / "out"), "--meshes", str(tmp_path / "*.vtu"), *options]) == 1
    assert "magnitude and angle: expected finite numbers, got 3.0 and inf" in capsys.readouterr().err


def test_a_pattern_may_be_expanded_by_the_shell(tmp_path):
    """As `--meshes *.vtu` without quotes; and the name of a file is none, whatever brackets are in it."""
    names = ["a.vtu", "b[1].vtu", "c.vtu"]
    for number, name in enumerate(names):
        write(tmp_path / name, ring(number, False))
    options = ["--fields", "p", "--split", "0.5,0.5,0,0"]
    for number, meshes in enumerate([["*.vtu"], ["*.vtu", "a.vtu"], names]):
        out = tmp_path / f"out{number}"
        given_ = [str(tmp_path / name) for name in meshes]
        assert main(["dataset", "new", str(out), "--meshes", *given_, *options]) == 0
        assert set(Dataset.open(out).manifest["cases"]) == {"a", "b[1]", "c"}


BAD = {
    "no mesh": (["--meshes", "nowhere/*.vtu"], "--meshes: expected files, or a pattern of files, got 'nowhere"),
    "no field": (["--fields", "p,q"], "case 'run0': expected the field 'q', by node or by cell, got only"),
    "bad kind": (["--fields", "p:fluid"], "kind of p: expected scalar or vector"),
    "bad shares": (["--split", "1,2"], "--split: expected four shares separated by commas, got '1,2'"),
    "no column": (["--vector", "wind=V,W"], "--vector wind: expected columns among"),
    "no table": (["--conditions", "nowhere.csv"], "nowhere.csv: expected a table in UTF-8, got No such file"),
    "no power": (["--scales-with", "p=inflow:x"], "--scales-with: expected FIELD=CONDITION:POWER"),
    "no such field": (["--scales-with", "q=inflow:2"], "--scales-with: expected one of the fields ['p', 'u'], got 'q'"),
    "a power twice": (
        ["--scales-with", "p=inflow:2", "--scales-with", "p=inflow:3"],
        "--scales-with: expected FIELD=CONDITION:POWER, every condition of a field once, got 'p=inflow:3'",
    ),
    "no condition": (["--scales-with", "p"], "--scales-with: expected FIELD=CONDITION:POWER, every condition"),
    "seed": (["--seed", "-1"], "seed: expected a number that is not negative, got -1"),
    "scalar as vector": (
        ["--fields", "p:vector"],
        "p: expected a vector at every point, shape (32, 2), got float64 of shape (32,)",
    ),
    "vector as scalar": (
        ["--fields", "p,u"],
        "u: expected a scalar at every point, shape (32,), got float64 of shape (32, 2)",
    ),
    "no wall": (["-w", "nope"], "case 'run0', walls: expected"),
    "shares of 2": (["--split", ".5,.5,.5,.5"], "--split: expected shares that add up to 1, got '.5,.5,.5,.5'"),
    "no sum": (["--split", "nan,.5,0,.5"], "--split: expected shares that add up to 1"),
    "no training": (["--split", "0,.5,0,.5"], "train and validation, got '0,.5,0,.5'"),
    "negative share": (["--split", "1,.5,-.5,0"], "--split: expected numbers from 0 up"),
    "other unit": (
        ["--fields", "p,u:vector:km/h", "--relative-to", "u=inflow"],
        "--relative-to u=inflow: expected a field in the unit of the condition, m/s, got km/h",
    ),
    "one column": (["--vector", "wind=U"], "--vector: expected NAME=COLUMN,COLUMN, got 'wind=U'"),
    "integrals of no field": (
        ["--length", "1", "--integrals", "pressure=q,inflow=inflow"],
        "pressure of the integrals: expected one of the scalar fields on walls ['p'], got 'q'",
    ),
    "integrals of half": (
        ["--length", "1", "--integrals", "pressure=p"],
        "integrals: expected the key 'inflow', got none",
    ),
    "integrals over no length": (
        ["--integrals", "pressure=p,inflow=inflow"],
        "integrals: expected a reference length of the schema",
    ),
    "no integrals": (["--integrals", "p"], "--integrals: expected NAME=VALUE, every name once, got 'p'"),
    "unit": (["--unit", "ell"], "length unit: expected one of m, mm"),
}


@pytest.mark.parametrize("sin", BAD)
def test_what_is_refused_leaves_no_manifest(sin, tmp_path, capsys):
    for number in range(4):
        write(tmp_path / f"run{number}.vtu", ring(number, False))
    (tmp_path / "conditions.csv").write_text("case,U [m/s],alpha_deg\n" + "".join(f"run{k},1,0\n" for k in range(4)))
    options, sentence = BAD[sin]
    status, out = new(tmp_path, "--conditions", str(tmp_path / "conditions.csv"), *options)
    err = capsys.readouterr().err
    assert status == 1 and sentence in err, err
    assert not out.exists() and not list(tmp_path.glob(".*"))


def test_meshes_in_space_are_refused_as_such_whatever_the_conditions(tmp_path, capsys):
    points = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    for number in range(4):
        mesh = Mesh(points, (CellBlock("tetra", np.arange(4)[None]),), point_data={"p": points[:, 0]})
        write(tmp_path / f"run{number}.vtu", mesh)
    (tmp_path / "t.csv").write_text("case,U,alpha_deg\n" + "".join(f"run{k},1,0\n" for k in range(4)))
    assert new(tmp_path, "--conditions", str(tmp_path / "t.csv"), "--fields", "p")[0] == 1
    assert "case 'run0', mesh: expected a plane mesh, got one in space" in capsys.readouterr().err


STRAYS = {
    "": "cases: expected the cases themselves, '{0}/cases/*', got a folder around 2 of them",
    "*": "README: expected a case of OpenFOAM as beside it ('{0}/cases/*/' for folders alone), got none",
}


@pytest.mark.parametrize("pattern", STRAYS)
def test_a_folder_around_cases_or_a_file_beside_them_is_no_case(pattern, tmp_path, capsys):
    for name in ("run0", "run1"):
        (tmp_path / "cases" / name / "system").mkdir(parents=True)
        (tmp_path / "cases" / name / "system" / "controlDict").touch()
    (tmp_path / "cases" / "README").touch()
    meshes = str(tmp_path / "cases" / pattern)
    assert main(["dataset", "new", str(tmp_path / "out"), "--meshes", meshes, "--fields", "p"]) == 1
    assert STRAYS[pattern].format(tmp_path) in capsys.readouterr().err


def test_a_unit_that_contradicts_the_table_is_refused(tmp_path, capsys):
    for number in range(4):
        write(tmp_path / f"run{number}.vtu", ring(number, False))
    rows = "".join(f"run{number},1,0\n" for number in range(4))
    (tmp_path / "conditions.csv").write_text("case,U [km/h],alpha_deg\n" + rows)
    files = ["--meshes", str(tmp_path / "*.vtu"), "--conditions", str(tmp_path / "conditions.csv")]
    options = [*files, "--fields", "p,u:vector", "--vector", "inflow=U,alpha_deg:m/s"]
    assert main(["dataset", "new", str(tmp_path / "out"), *options]) == 1
    assert "unit of inflow: expected the unit in conditions.csv, km/h, got 'm/s'" in capsys.readouterr().err


def test_cases_without_conditions_and_conditions_without_cases_are_named(tmp_path, capsys):
    for number in range(4):
        write(tmp_path / f"run{number}.vtu", ring(number, False))
    many = "".join(f"run{k},1,0\n" for k in range(5))
    wrong = {"run0,1,0\n": "3 without: run1, run2, run3", many: "a mesh for each, got 1 without: run4"}
    for rows, sentence in wrong.items():
        (tmp_path / "conditions.csv").write_text("case,U,alpha_deg\n" + rows)
        status, _ = new(tmp_path, "--conditions", str(tmp_path / "conditions.csv"))
        assert status == 1 and sentence in capsys.readouterr().err
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    with pytest.raises(Enf2EnfError, match="a folder that is new or empty"):
        raise_of(tmp_path)


def raise_of(folder):
    from enf2enf.data.gather import Recipe, gather

    gather(Recipe([folder / "run0.vtu"], ()), folder / "out")
