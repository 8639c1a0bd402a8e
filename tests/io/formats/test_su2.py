"""SU2's markers, which are named by text and by numbers alike."""

import numpy as np
import pytest

from enf2enf.io import read_bytes, write_bytes
from enf2enf.mesh import CellBlock, Mesh


@pytest.mark.parametrize("names", [("2", "7"), ("2", "1"), (r"a\1", r"b\n")])
def test_markers_keep_their_names(names):
    """Numbers are not taken for those of meshio, nor backslashes for a pattern's."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    facets = {names[0]: [[0, 1]], names[1]: [[1, 2]]}
    patches = {name: np.array(nodes) for name, nodes in facets.items()}
    mesh = Mesh(points, (CellBlock("quad", np.arange(4)[None]),), patches)
    got = read_bytes(write_bytes(mesh, "su2"), "su2").patches
    expected = {f"tag_{name}" if name.isdigit() else name: nodes for name, nodes in facets.items()}
    assert {name: nodes.tolist() for name, nodes in got.items()} == expected
