"""CGNS: the names of boundaries, on cells or nodes, alone or through families; and what is refused."""

import io

import h5py
import numpy as np
import pytest
from plates import POINTS, QUADS

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes, write_bytes
from enf2enf.io.cgns_tree import add_node
from enf2enf.mesh import CellBlock, Mesh

HOLE = np.array([[k, (k + 1) % 8] for k in range(8)])
EDGES = {tuple(sorted(edge)) for edge in HOLE.tolist()}
PLATE = Mesh(POINTS, (CellBlock("quad", QUADS - 1),), {"hole": HOLE, "rim": HOLE + 8})
CONDITION = "Base/Zone/ZoneBC/hole"


def edited(*changes) -> bytes:
    target = io.BytesIO(write_bytes(PLATE, "cgns"))
    with h5py.File(target, "r+") as file:
        for change in changes:
            change(file)
    return target.getvalue()


def family(name, *groups):
    def change(file):
        made = add_node(file["Base"], name, "Family_t")
        for group in groups:
            add_node(made, group, "FamilyName_t", group)

    return change


def condition(key, label, data):
    """Gives the condition of the hole a node more, or another in its place."""

    def change(file):
        if key in file[CONDITION]:
            del file[CONDITION][key]
        if data is not None:
            add_node(file[CONDITION], key, label, data)

    return change


def specified(file):
    del file[CONDITION][" data"]
    file[CONDITION].create_dataset(" data", data=np.frombuffer(b"FamilySpecified", dtype=np.int8))


def of_nodes(numbers):
    def change(file):
        for change in (condition("GridLocation", "", None), condition("PointRange", "", None)):
            change(file)
        add_node(file[CONDITION], "PointList", "IndexArray_t", np.array([numbers], dtype=np.int32))

    return change


NAMED = {
    "by itself": ([], {"hole"}),
    "by its family too": ([condition("FamilyName", "FamilyName_t", "wall")], {"hole", "wall"}),
    "by its family alone": ([condition("FamilyName", "FamilyName_t", "Base/wall"), specified], {"wall"}),
    "by the groups of its family": (
        [family("L_5", "wall", "solid"), condition("FamilyName", "FamilyName_t", "L_5"), specified],
        {"wall", "solid"},
    ),
    "by one family more": (
        [condition("FamilyName", "FamilyName_t", "a"), condition("Other", "AdditionalFamilyName_t", "b"), specified],
        {"a", "b"},
    ),
    "by its nodes": ([of_nodes(range(1, 9))], {"hole"}),
    "by its nodes and its family": (
        [of_nodes(range(1, 9)), condition("FamilyName", "FamilyName_t", "wall"), specified],
        {"wall", "hole"},
    ),
    "by its section where there is no condition": ([lambda file: file["Base/Zone"].pop("ZoneBC")], {"hole"}),
    "by its section where there is one of others": ([lambda file: file["Base/Zone/ZoneBC"].pop("hole")], {"hole"}),
    "by element numbers": (
        [lambda file: file[CONDITION].move("PointRange", "ElementRange"), condition("GridLocation", "", None)],
        {"hole"},
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_boundaries_are_named(case):
    changes, names = NAMED[case]
    mesh = read_bytes(edited(*changes), "a.cgns")
    assert set(mesh.patches) == {*names, "rim"} and mesh.warnings == ()
    for name in names:
        assert {tuple(sorted(edge)) for edge in mesh.patches[name].tolist()} == {
            tuple(sorted(e)) for e in HOLE.tolist()
        }
        assert len(Geometry.from_mesh(mesh, [name]).walls) == 1


def another(name, label, **data):
    def change(file):
        made = add_node(file["Base"], name, label, np.array([[16], [8], [0]], dtype=np.int32))
        add_node(made, "ZoneType", "ZoneType_t", "Unstructured")

    return change


def structured(file):
    del file["Base/Zone/ZoneType"]
    add_node(file["Base/Zone"], "ZoneType", "ZoneType_t", "Structured")


def typed(number):
    def change(file):
        file["Base/Zone/quad_cells/ data"][0] = number

    return change


def polar(file):
    for axis, name in (("X", "R"), ("Y", "Theta")):
        file["Base/Zone/GridCoordinates"].move(f"Coordinate{axis}", f"Coordinate{name}")


def longer(file):
    file["Base/Zone/quad_cells/ElementRange/ data"][1] += 1


REFUSED = {
    "several zones": ([another("More", "Zone_t")], r"^a.cgns: file: expected one zone \(join several .*\), got 2$"),
    "structured": ([structured], "^a.cgns: zone: expected an unstructured one, got Structured$"),
    "polygons": ([typed(22)], "^a.cgns: elements: expected lines, triangles, .*, got NGON_n$"),
    "cubic cells": ([typed(26)], "^a.cgns: elements: expected lines, triangles, .*, got type 26$"),
    "polar": ([polar], "^a.cgns: coordinates: expected CoordinateX and CoordinateY, got CoordinateR, CoordinateTheta$"),
    "cells missing": ([longer], "^a.cgns: section 'quad_cells': expected 9 elements, got 8$"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_refused(case):
    changes, sentence = REFUSED[case]
    with pytest.raises(MeshError, match=sentence):
        read_bytes(edited(*changes), "a.cgns")


def test_the_first_of_several_grids_is_the_original_one():
    def later(file):
        file.copy("Base/Zone/GridCoordinates", file["Base/Zone"], "A later one")
        file["Base/Zone/A later one"].attrs["name"] = np.array(b"A later one", dtype="S33")
        file["Base/Zone/A later one/CoordinateX/ data"][:] *= 2

    np.testing.assert_allclose(read_bytes(edited(later), "a.cgns").points, POINTS)


def test_values_in_cells_are_those_of_the_cells_and_others_are_said():
    """As finite-volume solvers write them; lines that bound the cells have none."""
    values = np.arange(len(QUADS)) + 0.5

    def solved(file):
        made = add_node(file["Base/Zone"], "Solution", "FlowSolution_t")
        add_node(made, "GridLocation", "GridLocation_t", "CellCenter")
        for name, part in {
            "Pressure": values,
            "VelocityX": 2 * values,
            "VelocityY": -values,
            "Rind": values[1:],
        }.items():
            add_node(made, name, "DataArray_t", part)

    mesh = read_bytes(edited(solved), "a.cgns")
    assert set(mesh.cell_data) == {"Pressure", "Velocity"} and not mesh.point_data
    start = 0
    for block in mesh.cells:
        found = mesh.cell_data["Velocity"][start : start + len(block.nodes)]
        start += len(block.nodes)
        expected = np.stack([2 * values, -values], axis=1) if block.kind == "quad" else np.full(found.shape, np.nan)
        np.testing.assert_array_equal(found, expected)
    (sentence,) = mesh.warnings
    assert sentence == f"Rind: expected a value in each of {len(QUADS)} cells, got {len(QUADS) - 1}, left out"


def test_sections_of_lines_that_bound_no_cells_are_patches_where_there_are_several():
    lines = Mesh(POINTS, (CellBlock("line", np.concatenate([HOLE, HOLE + 8])),), {"hole": HOLE, "rim": HOLE + 8})
    target = io.BytesIO(write_bytes(lines, "cgns"))
    with h5py.File(target, "r+") as file:
        del file["Base/Zone/ZoneBC"]
    assert set(read_bytes(target.getvalue(), "cgns").patches) == {"hole", "rim"}
