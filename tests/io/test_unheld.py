"""What a mesh does not hold of its file is said where it is written in another format, and kept in the same one."""

import meshio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.io import read
from enf2enf.io.attach import attach
from enf2enf.io.convert import from_meshio
from enf2enf.io.formats import FORMATS

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
CELLS = [("triangle", np.array([[0, 1, 2], [0, 2, 3]])), ("line", np.array([[0, 1]])), ("vertex", np.array([[2]]))]
FIELDS = {"q": np.arange(4.0)}
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
HOLDING = sorted(name for name, format_ in FORMATS.items() if format_.fields)


def said(mesh, folder, name):
    """What writing it with fields says, without the words on what the format itself cannot hold."""
    path = folder / f"out{FORMATS[name].extensions[0]}"
    sentences = attach(path, mesh, FIELDS)
    assert read(path).point_data["q"].tolist() == [0, 1, 2, 3]
    head = f"{path.name}: expected "
    assert all(sentence.startswith(head) for sentence in sentences)
    return [sentence.removeprefix(head) for sentence in sentences if "a format that holds" not in sentence]


@pytest.mark.parametrize("name", HOLDING)
@settings(max_examples=5, deadline=None)
@given(height=st.floats(-1e9, 1e9), at_nodes=st.sampled_from([*INTEGERS, "float32"]), by_cell=st.sampled_from(INTEGERS))
def test_a_height_and_kinds_of_integers(name, height, at_nodes, by_cell, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unheld")
    data = {"zone": [np.arange(len(nodes), dtype=by_cell) for _, nodes in CELLS], "x": [np.ones(2), [1.0], [1.0]]}
    raw = meshio.Mesh(SQUARE + [0, 0, height], CELLS, point_data={"id": np.arange(4, dtype=at_nodes)}, cell_data=data)
    meshio.vtu.write(folder / "a.vtu", raw)
    names = "'zone'" if at_nodes == "float32" else "'id', 'zone'"
    expected = [f"integers in {names}, got real numbers"] + [f"z = {height:g} of all nodes, got 0"] * (height != 0)
    assert said(read(folder / "a.vtu"), folder, name) == ([] if name == "vtu" else expected)


def msh(path):
    """Groups of every dimension, values of elements, and a second name of one surface."""
    raw = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$PhysicalNames", "4", '0 3 "corner"', '1 4 "foot"']
    raw += ['2 5 "plate"', '2 6 "rest of it"', "$EndPhysicalNames", "$Nodes", "4"]
    raw += [f"{number + 1} {x} {y} 0" for number, (x, y, _) in enumerate(SQUARE)]
    raw += ["$EndNodes", "$Elements", "4", "1 15 2 3 3 3", "2 1 2 4 4 1 2", "3 2 2 5 5 1 2 3", "4 2 2 6 6 1 3 4"]
    raw += ["$EndElements"]
    for kind in ("Element", "ElementNode"):
        raw += [f"${kind}Data", "1", f'"by {kind}"', "1", "0", "3", "0", "1", "1", "3 5.5", f"$End{kind}Data"]
    path.write_text("\n".join([*raw, ""]))


def med(path):
    cells = [("triangle", CELLS[0][1]), ("line", CELLS[1][1]), ("vertex", CELLS[2][1])]
    tags = [np.array([-1, -2]), np.array([-3]), np.array([-4])]
    raw = meshio.Mesh(SQUARE[:, :2], cells, cell_data={"cell_tags": tags})
    raw.cell_tags = {-1: ["plate"], -2: ["rest of it"], -3: ["foot"], -4: ["corner"]}
    meshio.med.write(path, raw)


@pytest.mark.parametrize("name", HOLDING)
@pytest.mark.parametrize("kind, make", [("gmsh", msh), ("med", med)])
def test_groups_of_surfaces_and_points(name, kind, make, tmp_path):
    path = tmp_path / f"a{FORMATS[kind].extensions[0]}"
    make(path)
    expected = ["groups of surfaces 'plate', 'rest of it', got none: left out"]
    expected += ["groups of points 'corner', got none: left out"]
    expected += ["values of elements 'by Element', 'by ElementNode', got none: left out"] * (kind == "gmsh")
    assert said(read(path), tmp_path, name) == ([] if name == kind else expected)


@pytest.mark.parametrize("name", HOLDING)
def test_numbers_that_tell_areas_apart(name, tmp_path):
    for areas, expected in (([3, 4], ["groups of surfaces 'tag', got none: left out"]), ([3, 3], [])):
        raw = meshio.Mesh(SQUARE, CELLS[:2], cell_data={"tag": [np.array(areas), np.array([7])]})
        meshio.vtu.write(tmp_path / "a.vtu", raw)
        assert said(read(tmp_path / "a.vtu"), tmp_path, name) == ([] if name == "vtu" else expected)


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("ending", ["vtk", "vtp", "vtu"])
def test_field_data_of_vtk(ending, binary, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    made = pyvista.ImageData(dimensions=(2, 2, 1)).cast_to_unstructured_grid()
    made.clear_data()
    if ending == "vtp":
        made = made.extract_surface(algorithm="dataset_surface")
        made.clear_data()
    made.field_data["TIME"], made.field_data["my note"] = [1.5], ["a text"]
    made.save(tmp_path / f"a.{ending}", binary=binary)
    (sentence,) = said(read(tmp_path / f"a.{ending}"), tmp_path, "gmsh")
    assert sentence == "field data 'TIME', 'my note', got none: left out"
    assert said(read(tmp_path / f"a.{ending}"), tmp_path, FORMATS[ending].name) == []


def test_of_many_names_the_first_are_said():
    sets = {f"{k}{'n' * 60}": [np.array([0])] for k in range(7)}
    (piece,) = from_meshio(meshio.Mesh(SQUARE, CELLS[:1], cell_sets=sets), {}).unheld
    names = ", ".join(repr(f"{k}{'n' * 39}") for k in range(5))
    assert piece == f"groups of surfaces {names} and 2 more, got none: left out"
