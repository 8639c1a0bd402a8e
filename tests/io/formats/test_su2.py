"""SU2's markers, which are named by text and by numbers alike, and counts that must be kept."""

import numpy as np
import pytest
from plates import POINTS, QUADS, understood

from enf2enf.errors import MeshError
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


ZONE = ["NDIME= 2", "NELEM= 8", *(f"9 {' '.join(map(str, row))} {k}" for k, row in enumerate((QUADS - 1).tolist()))]
ZONE += ["NPOIN= 16", *(f"{x:.9f} {y:.9f} {k}" for k, (x, y) in enumerate(POINTS)), "NMARK= 2", "MARKER_TAG= hole"]
ZONE += ["MARKER_ELEMS= 8", *(f"3 {k} {(k + 1) % 8}" for k in range(8)), "MARKER_TAG= none", "MARKER_ELEMS= 0"]
PLATE = "\n".join([*ZONE, ""])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: "NZONE= 1\nIZONE= 1\n" + text,
        lambda text: text.replace("= ", " = ").replace("\n", " % a comment\n\n  "),
        lambda text: text.replace("NPOIN= 16", "NPOIN= 16 16"),
        lambda text: text.replace("hole\n", "SEND_RECEIVE\n").replace("NMARK= 2", "NMARK= 3")
        + "MARKER_TAG= hole\nMARKER_ELEMS= 8\nSEND_TO= 1\n" + "\n".join(ZONE[30:38]) + "\n",
        lambda text: text + "FFD_NBOX= 1\nFFD_CORNER_POINTS= 2\n0.0 0.0\n1.0 1.0\n",
    ],
    ids=range(6),
)  # fmt: skip
def test_what_su2_writes_is_read(change):
    mesh = understood(change(PLATE), "a.su2", ["hole"])
    assert mesh.warnings == () and "none" not in mesh.patches


REFUSED = {
    ("NDIME", "NZONE= 2\nIZONE= 1\nNDIME"): "^a.su2: NZONE: expected one zone; write each into a file of its own",
    ("NMARK", PLATE + "NMARK"): "NDIME: expected one zone",
    ("NELEM= 8", "NELEM= 4"): "^a.su2: NELEM: expected 4 lines after it, got more$",
    ("NELEM= 8", "NELEM= 9"): "^a.su2: NELEM: expected 9 lines after it, got 8$",
    ("NPOIN= 16", "NPOIN= 15"): "^a.su2: NPOIN: expected 15 lines after it, got more$",
    ("NPOIN= 16", "NPOIN= 17"): "^a.su2: NPOIN: expected 17 lines after it, got 16$",
    ("ELEMS= 8", "ELEMS= 7"): "^a.su2: MARKER_ELEMS: expected 7 lines after it, got more$",
    ("ELEMS= 0", "ELEMS= 1"): "^a.su2: MARKER_ELEMS: expected 1 lines after it, got 0$",
    ("NMARK= 2", "NMARK= 3"): "^a.su2: NMARK: expected 3 markers, got 2$",
    ("NMARK= 2", "NMARK= 2\n9 0 1 2 3"): "^a.su2: NMARK: expected 0 lines after it, got more$",
    ("NMARK= 2", "NMARK= two"): "^a.su2: line 28: expected numbers, got 'NMARK= two'$",
    ("9 0 8 9 1 0", "22 0 8 9 1 0"): "^a.su2: elements: expected types among 1, 3, .*, got 22$",
    ("9 0 8 9 1 0", "9 0 8 9"): "^a.su2: elements: expected 4 nodes of a quad, and a number, got 3 numbers$",
    ("NDIME= 2", "NDIME= 4"): "^a.su2: NDIME: expected 2 or 3, got 4$",
    ("NDIME= 2\n", ""): "SU2 as its name says",
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_would_be_left_out_is_refused(change):
    with pytest.raises(MeshError, match=REFUSED[change]):
        read_bytes(PLATE.replace(*change).encode(), "a.su2")
