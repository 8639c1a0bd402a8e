"""Numbers by cell come through files that can hold them, whatever the order of the cells in these."""

from pathlib import Path

import meshio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import MeshError
from enf2enf.io import read, read_bytes, write_bytes
from enf2enf.io.formats import FORMATS
from enf2enf.io.write import left_out
from enf2enf.mesh import CellBlock, Mesh

POINTS = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [3, 0.5]], np.float64)
QUADS, TRIANGLES = np.array([[0, 1, 4, 3], [1, 2, 5, 4]]), np.array([[2, 6, 5]])
RIM = np.array([[0, 1], [1, 2]])
LOOP = np.array([[0, 1], [1, 4], [4, 3], [3, 0]])


@settings(max_examples=10)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), swapped=st.booleans())
@pytest.mark.parametrize("format", [name for name, format_ in FORMATS.items() if format_.cell_fields])
def test_round_trip(format, values, swapped):
    """Of cells of two kinds, beside a patch, whose sides have none."""
    blocks = (CellBlock("quad", QUADS), CellBlock("triangle", TRIANGLES))
    data = {"p": np.array(values), "u": np.stack([values, np.ones(3)], axis=1)}
    mesh = Mesh(POINTS, blocks[:: -1 if swapped else 1], {"rim": RIM}, {}, (), data)
    again = read_bytes(write_bytes(mesh, format), format)
    places = [again.points[nodes].mean(axis=0) for block in again.cells for nodes in block.nodes]
    expected = [mesh.points[nodes].mean(axis=0) for block in mesh.cells for nodes in block.nodes]
    for place, one, two in zip(expected, data["p"], data["u"], strict=True):
        (found,) = np.flatnonzero(np.linalg.norm(np.subtract(places, place), axis=1) < 1e-12)
        assert again.cell_data["p"][found] == one
        np.testing.assert_array_equal(again.cell_data["u"][found], two)
    assert set(again.patches) == {"rim"} and set(again.cell_data) == {"p", "u"}
    assert np.isnan(again.cell_data["p"]).sum() == len(RIM)


def test_others_leave_them_out_and_a_wrong_number_is_refused(tmp_path):
    mesh = Mesh(POINTS, (CellBlock("quad", QUADS),), cell_data={"p": np.arange(2.0)})
    assert read_bytes(write_bytes(mesh, "msh"), "msh").cell_data == {}
    with pytest.raises(MeshError, match="cell data 'p': expected 2 rows, one per cell, got 3"):
        Mesh(POINTS, (CellBlock("quad", QUADS),), cell_data={"p": np.arange(3.0)})
    halves = [("quad", QUADS[:1]), ("triangle", TRIANGLES), ("quad", QUADS[1:])]
    raw = meshio.Mesh(np.pad(POINTS, ((0, 0), (0, 1))), halves, cell_data={"p": [[1.0], [2.0], [3.0]]})
    raw.write(tmp_path / "halves.vtk")
    again = read(tmp_path / "halves.vtk")
    by_kind = dict(zip([b.kind for b in again.cells], np.split(again.cell_data["p"], [2]), strict=True))
    assert by_kind["quad"].tolist() == [1.0, 3.0] and by_kind["triangle"].tolist() == [2.0]


@pytest.mark.parametrize("format", [name for name, format_ in FORMATS.items() if format_.cell_fields])
def test_the_sides_of_a_patch_keep_their_numbers_and_their_curves(format):
    """Where they are cells of the mesh; a side that is none has no number."""
    is_curved = "line3" in FORMATS[format].kinds
    piece = CellBlock("line3", np.array([[1, 0, 6]])) if is_curved else CellBlock("line", RIM[:1])
    blocks = (CellBlock("line", np.array([[1, 2], [3, 4]])), CellBlock("quad", QUADS), piece)
    mesh = Mesh(POINTS, blocks, {"rim": np.array([[0, 1], [1, 2], [2, 5]])}, {}, (), {"p": np.arange(5.0)})
    again = read_bytes(write_bytes(mesh, format), format)
    cells = [(block.kind, tuple(sorted(nodes[:2]))) for block in again.cells for nodes in block.nodes.tolist()]
    found = {ends: number for (kind, ends), number in zip(cells, again.cell_data["p"], strict=True) if kind != "quad"}
    assert np.isnan(found.pop((2, 5))) and found == {(1, 2): 0, (3, 4): 1, (0, 1): 4}
    assert {tuple(sorted(side)) for side in again.patches["rim"].tolist()} == {(0, 1), (1, 2), (2, 5)}
    assert ("line3", (0, 1)) in cells or not is_curved


@pytest.mark.parametrize("kind, nodes", [("triangle", TRIANGLES), ("quad", QUADS), ("line", LOOP)])
@pytest.mark.parametrize("format", FORMATS)
def test_points_as_cells_stay_with_their_values_or_are_left_out_with_a_word(format, kind, nodes):
    """A file that is written is read again, every cell with its own value."""
    chosen = FORMATS[format]
    blocks = (CellBlock("vertex", np.array([[4], [2]])), CellBlock(kind, nodes))
    mesh = Mesh(POINTS, blocks, {"rim": RIM[:1]}, cell_data={"p": 1.0 + np.arange(2 + len(nodes))})
    if kind not in chosen.kinds:
        with pytest.raises(MeshError, match=rf"^mesh: expected cells among .*, got {kind} cells"):
            write_bytes(mesh, format)
        return
    again = read_bytes(write_bytes(mesh, format), format)
    found = [row for block in again.cells if block.kind == "vertex" for row in block.nodes.tolist()]
    assert found == ([[4], [2]] if "vertex" in chosen.kinds else [])
    (said,) = list(left_out(Path(f"a{chosen.extensions[0]}"), mesh)) or [""]
    assert ("points as cells" in said) == (not found)
    if chosen.cell_fields:
        rows = [row for block in again.cells for row in map(tuple, block.nodes.tolist())]
        by_cell = dict(zip(rows, again.cell_data["p"].tolist(), strict=True))
        wanted = [row for block in blocks for row in map(tuple, block.nodes.tolist())]
        assert [by_cell[row] for row in wanted] == mesh.cell_data["p"].tolist()
