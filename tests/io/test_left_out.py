"""What of a file is not in its mesh is said in `warnings`, whatever the format."""

import meshio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import MeshError
from enf2enf.io import read_bytes, write_bytes
from enf2enf.io.convert import from_meshio
from enf2enf.io.formats import FORMATS
from enf2enf.mesh import CellBlock, Mesh

# A square around a square; the tenth node is a triangle's alone.
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
POINTS = np.concatenate([SQUARE, 0.25 + SQUARE / 2, [[2.0, 0.5]]])
FIRST, AFTER = np.arange(4), np.roll(np.arange(4), -1)
RING = np.concatenate([np.stack([FIRST, AFTER, AFTER + 4], 1), np.stack([FIRST, AFTER + 4, FIRST + 4], 1)])
LINE = np.array([[1, 8], [8, 2]])
SENTENCE = "nodes: expected a cell at each, got 1 without any, the first at (2, 0.5)"
KEEPING = sorted(name for name, format_ in FORMATS.items() if "triangle" in format_.kinds and name != "stl")


@pytest.mark.parametrize("name", KEEPING)
def test_a_node_without_a_cell_is_said(name):
    """STL has no nodes beside those of its triangles, CSV none beside those of its curves."""
    ring = CellBlock("triangle", RING)
    whole = Mesh(POINTS, (CellBlock("triangle", np.concatenate([RING, [[1, 8, 2]]])),))
    assert read_bytes(write_bytes(whole, name), name).warnings == ()
    assert read_bytes(write_bytes(Mesh(POINTS, (ring,)), name), name).warnings == (SENTENCE,)


def test_curves_use_nodes_only_where_there_is_nothing_else():
    lines, ring = meshio.CellBlock("line", LINE), meshio.CellBlock("triangle", RING)
    assert from_meshio(meshio.Mesh(POINTS, [lines, ring]), {}).warnings == (SENTENCE,)
    alone = from_meshio(meshio.Mesh(POINTS, [lines]), {}).warnings
    assert alone == ("nodes: expected a cell at each, got 6 without any, the first at (0, 0)",)


def test_what_a_reader_says_comes_first_and_stays():
    raw = meshio.Mesh(POINTS, [("triangle", RING)], info=["elements: expected cells, got 2 springs"])
    mesh = from_meshio(raw, {})
    assert mesh.warnings == ("elements: expected cells, got 2 springs", SENTENCE)
    assert mesh.scaled("mm").with_point_data({}).warnings == mesh.warnings


WIDTHS = {"line": 2, "line3": 3, "triangle": 3, "quad": 4, "triangle6": 6, "quad8": 8, "quad9": 9, "tetra": 4}


@given(kind=st.sampled_from(sorted(WIDTHS)), width=st.integers(1, 9))
def test_cells_have_as_many_nodes_as_their_kind(kind, width):
    raw = meshio.Mesh(POINTS, [])
    raw.cells = [meshio.CellBlock(kind, np.arange(width)[None])]
    if width == WIDTHS[kind]:
        assert from_meshio(raw, {}).cell_count == 1
    else:
        with pytest.raises(MeshError, match=f"^cells of kind {kind}: expected {WIDTHS[kind]} nodes each, got {width}$"):
            from_meshio(raw, {})
