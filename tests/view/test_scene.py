import matplotlib.image
import numpy as np
import pytest

from enf2enf.errors import QueryError
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.view.scene import scene

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
MESH = Mesh(SQUARE, (CellBlock("triangle", np.array([[0, 1, 2], [0, 2, 3]])),), point_data={"heat": SQUARE[:, 0]})


@pytest.mark.slow
def test_a_field_is_painted_or_the_sentence_says_what_to_install(tmp_path):
    picture = tmp_path / "scene.png"
    try:
        scene(picture, MESH, "heat")
    except QueryError as error:  # a machine without OpenGL or without the extra
        assert "apt install" in str(error) or "enf2enf[scenes]" in str(error)
        assert not picture.exists()
    else:
        pixels = matplotlib.image.imread(picture)
        assert pixels.shape == (800, 900, 3)
        row = pixels[400, 250:650]
        assert row[20, 2] > row[20, 1] and row[-20, 1] > row[-20, 2]  # violet on the cold side, yellow-green on the hot


def test_a_machine_that_cannot_draw_gets_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "pyvista.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(QueryError, match="apt install libegl1"):
        scene(tmp_path / "scene.png", MESH, "heat")


def test_unknown_field(tmp_path):
    with pytest.raises(QueryError, match=r"field: expected one of \['heat'\], got 'cold'"):
        scene(tmp_path / "scene.png", MESH, "cold")
