"""Fields at points of their own, and on walls: they come into a data set as they lay in the files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.cli import main
from enf2enf.data import Dataset
from enf2enf.data.cloud import read
from enf2enf.data.samples import fitted
from enf2enf.errors import DatasetError
from enf2enf.io import write
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Quantity

FIELDS = [Quantity("p"), Quantity("U", "vector", "m/s")]
HEADINGS = [
    "x,y,p,U_x,U_y", "p;U:0;U:1;U:2;Points:0;Points:1;Points:2", "X\tY\tUx\tUy\tp",
    "x [mm],y [mm],z,p (Pa),U_0 [m/s],U_1", "Points_0,Points_1,p,U_X,U_Y",
]  # fmt: skip
AROUND = np.linspace(0, 2 * np.pi, 24, endpoint=False)
CIRCLE = np.stack([np.cos(AROUND), np.sin(AROUND)], axis=1)


@settings(max_examples=30)
@given(
    heading=st.sampled_from(HEADINGS),
    rows=st.lists(st.tuples(*[st.floats(-1e9, 1e9)] * 5), min_size=1, max_size=6),
)
def test_every_table_of_points_holds_its_numbers(heading, rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("cloud") / "t.csv"
    mark = next(mark for mark in ";\t," if mark in heading)
    place = {"x": 0, "0": 0, "y": 1, "1": 1}
    lines = []
    for row in rows:
        cells = []
        for name in (word.split(" ")[0] for word in heading.split(mark)):
            axis = place.get(name[-1].lower())
            value = row[2] if name == "p" else 0.0 if axis is None else row[axis + 3 * name.startswith("U")]
            cells.append(repr(value))
        lines.append(mark.join(cells))
    path.write_text("\ufeff" + heading + "\r\n" + "\r\n".join(lines) + "\n", newline="")
    found, expected = read(path, FIELDS, 2, "mm"), np.array(rows)
    np.testing.assert_array_equal(found["points"], expected[:, :2])
    np.testing.assert_array_equal(found["p"], expected[:, 2])
    np.testing.assert_array_equal(found["U"], expected[:, 3:])


CLOUDS = {
    "": "t.csv: expected a line of headings, then numbers, got an empty file",
    "x,y,p,U_x,U_y\n": "t.csv: expected numbers below its headings, got none",
    "x,p,U_x,U_y\n1,2,3,4\n": "t.csv: expected points (n > 0, 2), got shape (0,)",
    "x,y,p\n1,2,3\n": "t.csv: expected the field 'U', got only",
    "x,y,p,U_x,U_y\n1,2,3,4\n": "t.csv: expected 5 numbers in every line, got shape (1, 4)",
    "x,y,p,U_x,U_y\n1,2,3,4,fast\n": "U_y in line 2 of t.csv: expected a number, got 'fast'",
    "x,y,p,U_x,U_y\n\n1,2,3,4,5\n1,2,,4,5\n": "p in line 4 of t.csv: expected a number, got ''",
    "x,y,p,U_x,U_y\n1,2,3,4,5\n1,2,3,4\n": "line 3 of t.csv: expected 5 cells, got 4",
    "x,z,p,U_x,U_y\n1,2,3,4,5\n": "points of t.csv: expected columns x and y, got z, and no y",
    "x,y,p,U_x,U_z\n1,2,3,4,5\n": "U of t.csv: expected columns U_x and U_y, got U_z, and no U_y",
    "x,y,p,U:1,U:2\n1,2,3,4,5\n": "U of t.csv: expected columns U:0 and U:1, got U:2, and no U:0",
    "x,y,p,Ux,Uy,U_x,U_y\n1,2,3,4,5,6,7\n": "U of t.csv: expected one spelling, got U_x,U_y and Ux,Uy",
    "x,y,p,U_0,U_1,Ux,Uy\n1,2,3,4,5,6,7\n": "U of t.csv: expected one spelling, got U_0,U_1 and Ux,Uy",
    "x,y,p,U,Ux,Uy\n1,2,3,4,5,6\n": "U of t.csv: expected one spelling, got Ux,Uy and U",
    "x,y,Points:0,Points:1,p,Ux,Uy\n1,2,3,4,5,6,7\n": "points of t.csv: expected one spelling, got x,y and Points:0,",
    "x,y,p,U_x,U_y\n1,2,3,4,nan\n": "U in t.csv: expected finite numbers, got",
    "x,y,z,p,U_x,U_y\n1,2,0,3,4,5\n1,2,1,3,4,5\n": "t.csv: expected points in a plane, got points of different z",
    "x [mm],y [mm],p,U_x,U_y\n1,2,3,4,5\n": "coordinates of t.csv: expected the unit of all meshes and points, m",
    "x,y,p,U_x [m/s],U_y [km/h]\n1,2,3,4,5\n": "U of t.csv: expected the unit of the field, m/s, got 'km/h'",
    "x,y,p,p,U_x,U_y\n1,2,3,4,5,6\n": "t.csv: expected every column once, got 'p' twice",
    "x,y,p,U_x,U_y,U_z\n1,2,3,4,5,6\n": "U in t.csv: expected a vector at every point, shape (1, 2), got vectors that",
}


@pytest.mark.parametrize("text", CLOUDS)
def test_a_table_of_points_that_is_none(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DatasetError) as refusal:
        read(tmp_path / "t.csv", FIELDS, 2, "m")
    assert CLOUDS[text] in str(refusal.value) and str(refusal.value).isprintable()


@settings(max_examples=20)
@given(rows=st.lists(st.tuples(*[st.floats(-1e9, 1e9)] * 2), min_size=1, max_size=5), share=st.floats(0, 1e-3))
def test_a_third_component_of_nothing_is_cut(rows, share):
    plane = np.array(rows)
    across = np.full(len(plane), share * np.abs(plane).max())
    values, field = np.column_stack([plane, across]), Quantity("u", "vector")
    if share > 1e-6 and across.any():
        with pytest.raises(
            DatasetError, match="u: expected a vector at every point, .*, got vectors that leave the pl"
        ):
            fitted("u", field, values, len(values), 2)
    elif share < 0.99e-6:
        np.testing.assert_array_equal(fitted("u", field, values, len(values), 2), plane)


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_clouds_beside_wall_curves(ending, tmp_path, capsys):
    """Of a body in a flow that goes on: nothing but its curve and points around it, all in millimetres."""
    random = np.random.default_rng(0)
    for folder in ("walls", "clouds"):
        (tmp_path / folder).mkdir()
    expected = {}
    for number in range(4):
        radius = 10.0 + number
        np.savetxt(tmp_path / "walls" / f"run.{number}.csv", radius * CIRCLE, delimiter=",")
        points = random.uniform(1.1, 3, (40, 1)) * radius * CIRCLE[random.integers(0, 24, 40)]
        values = {"p": random.normal(size=40), "U": random.normal(size=(40, 2))}
        expected[f"run.{number}"] = (points, values)
        path = tmp_path / "clouds" / f"run.{number}.{ending}"
        if ending == "npz":
            np.savez(path, points=np.pad(points, ((0, 0), (0, 1))), **values)
        else:
            table = np.column_stack([points, values["p"], values["U"]])
            np.savetxt(path, table, "%.17g", ",", header="x,y,p,U_x,U_y", comments="")
    rows = "".join(f"run.{number},{1 + number},0\n" for number in range(4))
    (tmp_path / "t.csv").write_text("case,U0,alpha_deg\n" + rows)
    out, options = tmp_path / "out", ["--fields", "p,U:vector:m/s", "--unit", "mm", "--far", "--split", "0.5,0.5,0,0"]
    options += ["--conditions", str(tmp_path / "t.csv"), "--vector", "inflow=U0,alpha_deg:m/s"]
    options += ["--meshes", str(tmp_path / "walls" / "*"), "--points", str(tmp_path / "clouds" / "*")]
    assert main(["dataset", "new", str(out), *options]) == 0, capsys.readouterr().err
    assert "4 cases, fields at points of their own" in capsys.readouterr().out
    dataset = Dataset.open(out)
    assert [(q.name, q.unit) for q in dataset.schema.conditions] == [("inflow", "m/s")]
    for name, (points, values) in expected.items():
        case = dataset.case(name)
        np.testing.assert_allclose(case.solution.points, points / 1e3, atol=1e-15)
        for field, numbers in values.items():
            np.testing.assert_array_equal(case.solution[field], numbers)
    assert main(["dataset", "check", str(out)]) == 0
    (tmp_path / "clouds" / f"run.3.{ending}").unlink()
    assert main(["dataset", "new", str(tmp_path / "other"), *options]) == 1
    assert "cases: expected points for each, got 1 without: run.3" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["int32", "uint8", "float32"])
def test_coordinates_are_numbers_of_any_kind(kind, tmp_path):
    points = np.random.default_rng(0).integers(0, 99, (9, 3)).astype(kind)
    points[:, 2] = 1
    np.savez(tmp_path / "t.npz", points=points, p=points[:, 0], U=points[:, :2])
    found = read(tmp_path / "t.npz", FIELDS, 2, "m")["points"]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, points[:, :2])


@pytest.mark.parametrize("centre", [0.0, 0.5])
@pytest.mark.parametrize("spread", [0.3, 3.0])
@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_a_cloud_in_another_unit_than_its_walls_is_refused(factor, spread, centre, tmp_path, capsys):
    """Of points all over a flow, or dense at its wall, about a body in the origin or ahead of it."""
    random = np.random.default_rng(0)
    distance = 0.5 + spread * random.lognormal(-0.5, 1, (200, 1))
    points = distance * CIRCLE[random.integers(0, 24, 200)] + [centre, 0]
    for number in range(2):
        np.savetxt(tmp_path / f"run{number}.csv", 0.5 * CIRCLE + [centre, 0], delimiter=",")
        np.savez(tmp_path / f"run{number}.npz", points=points * factor, p=points[:, 0])
    options = ["--meshes", str(tmp_path / "*.csv"), "--points", str(tmp_path / "*.npz"), "--fields", "p", "--far"]
    status = main(["dataset", "new", str(tmp_path / "out"), *options, "--split", "0.5,0.5,0,0"])
    assert (status, "is their unit metres?" in capsys.readouterr().err) == ((0, False) if factor == 1 else (1, True))


def walled(place: str) -> Mesh:
    """Quads around a round wall, with a shear stress along it, by cell of its sides or by node."""
    points = np.concatenate([CIRCLE, 3 * CIRCLE])
    here, ahead = np.arange(24), np.roll(np.arange(24), -1)
    quads, sides = np.stack([here, here + 24, ahead + 24, ahead], axis=1), np.stack([here, ahead], axis=1)
    cells = (CellBlock("line", sides[::-1]), CellBlock("quad", quads))
    along = 1.0 + np.arange(48)
    data = {"p": np.concatenate([np.full(24, np.nan), along[:24]])}
    if place == "cells":
        data["shear"] = np.concatenate([along[:24][::-1], np.full(24, np.nan)])
    nodes = {"shear": along} if place == "nodes" else {}
    return Mesh(points, cells, {"body": sides, "part": sides[:4]}, nodes, (), data)


@pytest.mark.parametrize("place", ["cells", "nodes"])
@pytest.mark.parametrize("wall", ["body", "part"])
def test_fields_on_walls_are_at_the_middles_of_their_sides_or_at_their_nodes(place, wall, tmp_path, capsys):
    mesh = walled(place)
    for number in range(2):
        write(tmp_path / f"run{number}.vtu", mesh)
    out = tmp_path / "out"
    options = ["--meshes", str(tmp_path / "*.vtu"), "--fields", "p", "--wall-fields", "shear::Pa", "--unit", "mm"]
    options += ["--wall", wall, "--open-walls", "--split", "0.5,0.5,0,0"]
    assert main(["dataset", "new", str(out), *options]) == 0, capsys.readouterr().err
    dataset = Dataset.open(out)
    assert [(q.name, q.unit, q.on) for q in dataset.schema.fields] == [("p", "", "domain"), ("shear", "Pa", "wall")]
    with np.load(dataset.wall_path("run0")) as file:
        points, shear = file["points"], file["shear"]
    sides = mesh.patches[wall]
    where = mesh.points[np.unique(sides)] if place == "nodes" else mesh.points[sides].mean(axis=1)
    order = [int(np.argmin(np.linalg.norm(where - 1e3 * point, axis=1))) for point in points]
    assert sorted(order) == list(range(len(where)))
    np.testing.assert_allclose(1e3 * points, where[order], atol=1e-12)
    np.testing.assert_array_equal(shear, 1.0 + np.array(order))


BAD = {
    "no walls": ([], "fields on walls: expected the names of the patches that are walls, got none"),
    "no such wall": (["--wall", "roof"], "case 'run0': expected walls among ['body', 'part'], got 'roof'"),
    "no values": (
        ["--wall", "body", "--wall-fields", "heat"],
        "case 'run0': expected values of 'heat' by cell, got only",
    ),
    "not there": (
        ["--wall", "body", "--wall-fields", "p"],
        "case 'run0', p: expected finite numbers, got nan at point",
    ),
    "bad field": (["--wall", "body", "--wall-fields", "a:b:c:d"], "--wall-fields: expected NAME[:KIND[:UNIT]]"),
    "no points": (["--points", "nowhere/*.npz"], "--points: expected files, or a pattern of files, got"),
    "folder": (
        ["--meshes", "{folder}", "--wall", "body"],
        "expected a mesh file, or a case of OpenFOAM with its system/controlDict, got",
    ),
}


@pytest.mark.parametrize("sin", BAD)
def test_what_is_refused_leaves_nothing(sin, tmp_path, capsys):
    for number in range(2):
        write(tmp_path / f"run{number}.vtu", walled("cells"))
    options, sentence = BAD[sin]
    start = ["--meshes", str(tmp_path / "*.vtu"), "--fields", "p", "--wall-fields", "shear", "--split", "0.5,0.5,0,0"]
    given = [option.format(folder=tmp_path) for option in options]
    assert main(["dataset", "new", str(tmp_path / "out"), *start, *given]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("more", ["U1,U2", "U_1,U_2", "U0,U1", "p1,p2", "p_x,p_y", "y2,z", "Points:1,Points:2"])
def test_other_columns_do_not_get_in_the_way(more, tmp_path):
    (tmp_path / "t.csv").write_text(f"x,y,p,U_x,U_y,{more}\n1,2,3,4,5,nan,nan\n".replace(",nan,nan", ",7,7"))
    found = read(tmp_path / "t.csv", FIELDS, 2, "m")
    assert found["points"].tolist() == [[1, 2]] and found["p"].tolist() == [3] and found["U"].tolist() == [[4, 5]]


def test_a_cell_is_named_that_is_none_and_not_one_of_a_column_that_nobody_reads(tmp_path):
    (tmp_path / "t.csv").write_text("x,y,p,U_x,U_y,vort\n1,2,3,4,5,nan\n1,2,fast,4,5,6\n")
    with pytest.raises(DatasetError, match="^p in line 3 of t.csv: expected a number, got 'fast'$"):
        read(tmp_path / "t.csv", FIELDS, 2, "m")
