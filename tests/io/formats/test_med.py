"""MED as Salome and Gmsh write it, which leave out what is not needed."""

import io

import h5py
import meshio
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.io import read, read_bytes, write_bytes

MESH = "ENS_MAA/mesh/-0000000000000000001-0000000000000000001"


def changed(change, data: bytes | None = None) -> bytes:
    target = io.BytesIO(data or enf2enf_meshes.path("unit_cell_med").read_bytes())
    with h5py.File(target, "r+") as file:
        change(file)
    return target.getvalue()


def test_families_without_groups_and_cells_without_families():
    def change(file):
        del file["FAS/mesh/ELEME"][next(iter(file["FAS/mesh/ELEME"]))]["GRO"]
        del file[f"{MESH}/MAI/TR3/FAM"]  # all of them of family 0

    whole, got = read(enf2enf_meshes.path("unit_cell_med")), read_bytes(changed(change), "med")
    np.testing.assert_array_equal(got.points, whole.points)
    assert {block.kind: len(block.nodes) for block in got.cells} == {
        block.kind: len(block.nodes) for block in whole.cells
    }
    assert len(got.patches) == len(whole.patches) - 1 == 4
    for name, facets in got.patches.items():
        np.testing.assert_array_equal(facets, whole.patches[name])


def test_a_family_of_two_groups_of_nodes():
    def change(file):
        numbers = np.zeros(240, np.int64)
        numbers[:40] = 5  # those of the void
        file[f"{MESH}/NOE"].create_dataset("FAM", data=numbers)
        family = file["FAS/mesh"].require_group("NOEUD").create_group("FAM_5_a_b")
        family.attrs["NUM"] = 5
        names = np.zeros((2, 80), np.int8)
        names[0, :4], names[1, :2] = np.frombuffer(b"body", np.int8), np.frombuffer("ä".encode(), np.int8)
        family.create_group("GRO").create_dataset("NOM", data=names)

    patches = read_bytes(changed(change), "med").patches
    for name in ("body", "ä"):
        assert {tuple(sorted(edge)) for edge in patches[name].tolist()} == {
            tuple(sorted(edge)) for edge in patches["void"].tolist()
        }


def test_the_last_step_of_a_field_is_read_and_the_others_are_mentioned():
    data = write_bytes(read(enf2enf_meshes.path("unit_cell_vtu")).with_point_data({"T": np.arange(240.0)}), "med")

    def change(file):
        (step,) = file["CHA/T"]
        later = "0000000000000000000700000000000000000007"
        file.copy(f"CHA/T/{step}", f"CHA/T/{later}")
        file[f"CHA/T/{later}/NOE/MED_NO_PROFILE_INTERNAL/CO"][:] *= 2

    mesh = read_bytes(changed(change, data), "med")
    np.testing.assert_array_equal(mesh.point_data["T"], 2 * np.arange(240.0))
    assert mesh.warnings == ("T: expected one step, got 2, of which the last is read",)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda file: file["ENS_MAA/mesh"].attrs.modify("REP", 1), "in Cartesian coordinates, got cylindrical"),
        (lambda file: file["ENS_MAA/mesh"].attrs.modify("TYP", 1), "got a structured grid"),
        (
            lambda file: file.move(f"{MESH}/MAI/TR3", f"{MESH}/MAI/POG"),
            "a.med: cells: expected kinds among .*, got POG",
        ),
        (lambda file: file.copy("ENS_MAA/mesh", "ENS_MAA/other"), "expected one mesh, got 2"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(change, sentence):
    with pytest.raises(MeshError, match=sentence):
        read_bytes(changed(change), "a.med")


def test_values_in_cells_are_read_where_each_has_one(tmp_path):
    """Of two kinds of cells only one has values of the second field; the third has several in a cell."""
    points = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [2, 0], [2, 1]])
    cells = [("triangle", np.array([[0, 1, 2], [0, 2, 3]])), ("quad", np.array([[1, 4, 5, 2]]))]
    data = {"p": [np.array([1.0, 2]), np.array([3.0])], "q": [np.array([4.0, 5]), np.array([6.0])]}
    meshio.med.write(tmp_path / "a.med", meshio.Mesh(points, cells, cell_data=data | {"r": data["p"]}))
    with h5py.File(tmp_path / "a.med", "r+") as file:
        (step,) = file["CHA/q"].values()
        del step["MAI.TR3"]
        (step,) = file["CHA/r"].values()
        step["MAI.QU4/MED_NO_PROFILE_INTERNAL"].attrs["NGA"] = 4
    mesh = read(tmp_path / "a.med")
    by_kind = {}
    for name, values in mesh.cell_data.items():
        parts = np.split(values, np.cumsum([len(block.nodes) for block in mesh.cells])[:-1])
        by_kind |= {(name, block.kind): part.tolist() for block, part in zip(mesh.cells, parts, strict=True)}
    assert by_kind["p", "triangle"] == [1, 2] and by_kind["p", "quad"] == [3] and by_kind["q", "quad"] == [6]
    assert np.isnan(by_kind["q", "triangle"]).all() and set(mesh.cell_data) == {"p", "q"}
    assert mesh.warnings == ("r: expected one value in each cell, got several, left out",)
