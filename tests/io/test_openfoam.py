"""Cases of OpenFOAM are the plane meshes that they were made of: small ones made here, and some that were solved."""

import gzip
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.cli import main
from enf2enf.client.requests import Upload
from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes, write_bytes

pytest.importorskip("pyvista")

PLANE = np.array([[0, 0], [1, 0], [3, 0], [3, 1], [1.5, 1.25], [1, 1], [0, 1], [4, 0.5]], np.float64)
CELLS = [[0, 1, 5, 6], [1, 2, 3, 4, 5], [2, 7, 3]]  # a quad, a pentagon, a triangle
ORDERS = {"quad": [0], "polygon5": [1], "triangle": [2]}
HEAD = "FoamFile {{ version 2.0; format ascii; class {}; object {}; }}\n"


def write(path, kind, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD.format(kind, path.name) + text)


def listed(rows, form):
    return f"{len(rows)}\n(\n" + "\n".join(form(row) for row in rows) + "\n)\n"


def vector(row):
    return "(" + " ".join(map(repr, row)) + ")"


def face(nodes):
    return f"{len(nodes)}(" + " ".join(map(str, nodes)) + ")"


def sides(layers):
    """(nodes, owner, neighbour) of every face between cells, then by patch: `foot` (below), `rest`, both ends."""
    count, inner, patches, edges = len(PLANE), [], {"foot": [], "rest": [], "ends": []}, {}
    for number, cell in enumerate(CELLS):
        for a, b in zip(cell, [*cell[1:], cell[0]], strict=True):
            edges.setdefault(frozenset((a, b)), []).append((number, a, b))
    for level in range(layers):
        low, high, first = level * count, (level + 1) * count, level * len(CELLS)
        for (number, a, b), *others in edges.values():
            patch = patches["rest" if PLANE[[a, b], 1].any() else "foot"]
            other = others[0][0] + first if others else -1
            (inner if others else patch).append(([low + a, low + b, high + b, high + a], number + first, other))
        for number, cell in enumerate(CELLS):
            if level == 0:
                patches["ends"].append((cell[::-1], number, -1))
            top = ([high + k for k in cell], number + first, number + first + len(CELLS))
            (patches["ends"] if level == layers - 1 else inner).append(top)
    return sorted(inner, key=lambda side: side[1:]), patches


def case(folder, axis=2, layers=1, depth=0.1, across=0.0, seed=0, steps=("7",)):
    """The plane mesh made solid along an axis, with random fields; returns them, and a shear stress on the foot."""
    points = np.concatenate([np.insert(PLANE, axis, depth * level, axis=1) for level in range(layers + 1)])
    inner, patches = sides(layers)
    faces, text = list(inner), ""
    for (name, own), kind in zip(patches.items(), ("wall", "patch", "empty"), strict=True):
        text += f"{name} {{ type {kind}; nFaces {len(own)}; startFace {len(faces)}; }}\n"
        faces += own
    mesh = folder / "constant" / "polyMesh"
    write(mesh / "points", "vectorField", listed(points.tolist(), vector))
    write(mesh / "faces", "faceList", listed([nodes for nodes, _, _ in faces], face))
    write(mesh / "owner", "labelList", listed([own for _, own, _ in faces], str))
    write(mesh / "neighbour", "labelList", listed([other for _, _, other in inner], str))
    write(mesh / "boundary", "polyBoundaryMesh", f"3\n(\n{text})\n")
    write(folder / "system" / "controlDict", "dictionary", "application none; startTime 0; endTime 9; deltaT 1;\n")
    random = np.random.default_rng(seed)
    p, u, shear = (random.normal(size=size) for size in (3, (3, 2), (len(patches["foot"]), 2)))
    u3, shear3 = np.insert(u, axis, across, axis=1), np.insert(shear, axis, 0.0, axis=1)
    on_foot = f"type fixedValue; value nonuniform List<vector> {listed(shear3.tolist(), vector)};"
    for step in steps:
        fields(folder / step / "p", "scalar", listed(np.tile(p, layers).tolist(), repr), "type zeroGradient;")
        fields(folder / step / "U", "vector", listed(np.tile(u3, (layers, 1)).tolist(), vector), on_foot)
    return [np.float64(np.float32(part)) for part in (p, u, shear)]  # as VTK has them


def fields(path, kind, values, on_foot):
    text = f"dimensions [0 0 0 0 0 0 0];\ninternalField nonuniform List<{kind}> {values};\n"
    text += f"boundaryField {{ foot {{ {on_foot} }} rest {{ type zeroGradient; }} ends {{ type empty; }} }}\n"
    write(path, f"vol{kind.title()}Field", text)


@settings(max_examples=8)
@given(axis=st.integers(0, 2), depth=st.sampled_from([1e-3, 0.5, 40.0]), seed=st.integers(0, 99), foam=st.booleans())
def test_a_slab_is_the_plane_mesh_whichever_way_it_lies(axis, depth, seed, foam, tmp_path_factory):
    folder = tmp_path_factory.mktemp("foam") / "run.1"
    p, u, shear = case(folder, axis, depth=depth, seed=seed)
    (folder / "a.foam").touch()
    mesh = read(folder / "a.foam" if foam else folder)
    assert mesh.warnings == ()
    for made in (mesh, read_bytes(write_bytes(mesh, "vtu"), "vtu")):
        blocks, start = {block.kind: block.nodes for block in made.cells}, 0
        assert set(blocks) == {"quad", "triangle", "polygon5", "line"}
        for block in made.cells:
            values = {name: part[start : start + len(block.nodes)] for name, part in made.cell_data.items()}
            start += len(block.nodes)
            if block.kind == "line":
                continue
            (number,) = ORDERS[block.kind]
            expected, found = PLANE[CELLS[number]].tolist(), made.points[block.nodes[0]].tolist()
            turned = [expected[k:] + expected[:k] for k in range(len(expected))]
            assert found in turned + [way[::-1] for way in turned]
            assert values["p"] == p[number]
            np.testing.assert_array_equal(values["U"][0], u[number])
        assert {name: len(sides) for name, sides in made.patches.items()} == {"foot": 2, "rest": 6}
        middles = made.points[blocks["line"]].mean(axis=1)
        (foot,) = np.nonzero(middles[:, 1] == 0)
        on_lines = made.cell_data["U"][-len(middles) :][foot[np.argsort(middles[foot, 0])]]
        np.testing.assert_array_equal(on_lines, shear)


def test_a_velocity_that_leaves_the_plane_keeps_three_components(tmp_path):
    _, u, _ = case(tmp_path / "a", across=0.01)
    np.testing.assert_array_equal(read(tmp_path / "a").cell_data["U"][:3, 2], np.float32(0.01))
    case(tmp_path / "b", across=1e-9)
    assert read(tmp_path / "b").cell_data["U"].shape[1] == 2


def test_the_last_step_is_read_and_an_unsolved_case_has_no_fields(tmp_path):
    case(tmp_path / "a", steps=("0", "7", "20"), seed=1)
    p, _, _ = case(tmp_path / "a", steps=("20",), seed=2)
    mesh = read(tmp_path / "a")
    assert mesh.warnings == ("steps: expected one, got 2, of which the last is read",)
    assert set(mesh.cell_data["p"][:3]) == set(p)
    case(tmp_path / "b", steps=("0",))
    assert read(tmp_path / "b").cell_data == {}


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("share", [0.3, 0.99])
@pytest.mark.parametrize("name", ["7/p", "7/U", "constant/polyMesh/faces"])
def test_a_compressed_file_is_read_whole_or_refused_as_damaged(name, share, tmp_path):
    case(tmp_path / "a", steps=("0", "7"))
    plain = read(tmp_path / "a")
    path = tmp_path / "a" / f"{name}.gz"
    path.write_bytes(gzip.compress((tmp_path / "a" / name).read_bytes()))
    (tmp_path / "a" / name).unlink()
    np.testing.assert_array_equal(read(tmp_path / "a").cell_data["p"], plain.cell_data["p"])
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(MeshError, match=f"a: mesh: expected whole files, got {name}.gz, which is damaged"):
        read(tmp_path / "a")


WRONG = {
    "two layers": (lambda folder: case(folder, layers=2), "a: mesh: expected a plane case, one cell across"),
    "points": (lambda folder: truncate(folder / "constant/polyMesh/points"), "got constant/polyMesh/points, which VTK"),
    "no boundary": (
        lambda folder: (folder / "constant/polyMesh/boundary").unlink(),
        "a: expected the file constant/polyMesh/boundary, got none",
    ),
    "no owner": (
        lambda folder: (folder / "constant/polyMesh/owner").unlink(),
        "a: expected the file constant/polyMesh/owner, got none",
    ),
    "no mesh": (lambda folder: shutil.rmtree(folder / "constant"), "a: expected a mesh in constant/polyMesh"),
    "no case": (lambda folder: shutil.rmtree(folder / "system"), "or a case of OpenFOAM with its system/controlDict"),
}


@pytest.mark.parametrize("sin", WRONG)
def test_what_is_no_plane_case_is_refused_in_one_sentence(sin, tmp_path, capfd):
    case(tmp_path / "a")
    spoil, sentence = WRONG[sin]
    spoil(tmp_path / "a")
    with pytest.raises(MeshError, match=re.escape(sentence)) as refusal:
        read(tmp_path / "a")
    assert str(refusal.value).isprintable() and capfd.readouterr().err == ""


def test_a_field_that_vtk_cannot_read_is_said_to_be_left_out(tmp_path, capfd):
    case(tmp_path / "a")
    truncate(tmp_path / "a" / "7" / "U")
    mesh = read(tmp_path / "a")
    assert set(mesh.cell_data) == {"p"} and mesh.warnings[0].startswith("7/U: expected a file that VTK can read")
    assert capfd.readouterr().err == ""
    arguments = ["--meshes", str(tmp_path / "a"), "--fields", "p,U:vector"]
    assert main(["dataset", "new", str(tmp_path / "out"), *arguments]) == 1
    assert "case 'a': expected the field 'U', by node or by cell, got 7/U, which is damaged" in capfd.readouterr().err


def test_a_damaged_field_on_walls_is_named(tmp_path, capfd):
    case(tmp_path / "a")
    truncate(tmp_path / "a" / "7" / "U")
    arguments = ["--meshes", str(tmp_path / "a"), "--fields", "p", "--wall-fields", "U:vector", "--wall", "foot"]
    assert main(["dataset", "new", str(tmp_path / "out"), *arguments]) == 1
    assert "case 'a': expected values of 'U' by cell, got 7/U, which is damaged" in capfd.readouterr().err


def test_a_client_sends_the_plane_mesh(tmp_path):
    case(tmp_path / "a", axis=1)
    upload = Upload.of(tmp_path / "a", "", (), (), "m", "", 0)
    assert upload.header.name == "a.vtu" and set(upload.mesh().patches) == {"foot", "rest"}


def test_without_pyvista_the_sentence_says_what_to_install(tmp_path):
    case(tmp_path / "a")
    code = "import sys; sys.modules['pyvista'] = None; from enf2enf.io import read; read(sys.argv[1])"
    result = subprocess.run([sys.executable, "-c", code, tmp_path / "a"], capture_output=True, text=True)
    assert "a: expected pip install 'enf2enf[scenes]', which reads cases of OpenFOAM, got a machine" in result.stderr


@pytest.mark.parametrize("number", [1, 5])
def test_what_was_solved_is_what_its_files_say(number, root):
    """By their text; the wall is the ellipse that was meshed."""
    folder = root / "tests" / "openfoam" / "cases" / f"ellipse{number}"
    mesh = read(folder)
    (step,) = (path for path in folder.iterdir() if path.name.isdigit())
    pressure, shear = (
        gzip.decompress((step / f"{name}.gz").read_bytes()).decode() for name in ("p", "wallShearStress")
    )
    numbers = [float(word) for word in re.search(r"\(\n(.*?)\n\)", pressure, re.DOTALL)[1].split()]
    np.testing.assert_array_equal(mesh.cell_data["p"][:960], np.float32(numbers))
    rows = re.findall(r"^\((\S+) (\S+) \S+\)$", shear.split("boundaryField")[1], re.MULTILINE)
    np.testing.assert_array_equal(mesh.cell_data["wallShearStress"][960 : 960 + 48], np.array(rows, np.float32))
    geometry = Geometry.from_mesh(mesh, ["ellipse"], True)
    thickness = {1: 0.8, 5: 0.5}[number]
    np.testing.assert_allclose(np.ptp(geometry.walls[0], axis=0), [1, thickness], rtol=1e-6)
