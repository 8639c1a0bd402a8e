"""Curves as tables of points, the ways people write them."""

import numpy as np
import pytest

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n0,0\n1,0\n1,1\n0,1\n\n.4,.4\n.6,.4\n.6,.6\n.4,.6\n.4,.4\n",  # closed by hand, the second one
        "0 0\n1 0\n1 1\n0 1\n\n\n.4 .4\n.6 .4\n.6 .6\n.4 .6\n",
        "# two loops\nx;y;loop\n0;0;0\n1;0;0\n1;1;0\n0;1;0\n.4;.4;1\n.6;.4;1\n.6;.6;1\n.4;.6;1\n",
        "X, Y, Z\n0,0,5\n1,0,5\n1,1,5\n0,1,5\n\n.4,.4,5\n.6,.4,5\n.6,.6,5\n.4,.6,5\n",
    ],
)
def test_curves_as_text(text):
    geometry = Geometry.from_mesh(read_bytes(text.encode(), "a.csv"))
    assert len(geometry.walls) == 1 and len(geometry.walls[0]) == 4
    np.testing.assert_allclose(geometry.bounds, [[0, 0], [1, 1]])


def test_curve_labels_that_are_words_name_patches():
    mesh = read_bytes(b"x,y,loop\n0,0,box\n1,0,box\n1,1,box\n.2,.2,a\n.3,.2,a\n.3,.3,a\n", "csv")
    assert {key: len(facets) for key, facets in mesh.patches.items()} == {"a": 3, "box": 3}
    with pytest.raises(MeshError, match=r"line 2 is not x, y: '1,two'"):
        read_bytes(b"x,y\n1,two\n", "a.csv")
