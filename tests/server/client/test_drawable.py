"""Answers as pyvista's data sets: every value at the point that it belongs to."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import CONDITIONS, cell

import enf2enf_meshes
from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.io import write_bytes
from enf2enf.io.drawable import drawable

pyvista = pytest.importorskip("pyvista")
CELLS = sorted(id_ for id_ in enf2enf_meshes.manifest() if id_.startswith("unit_cell"))


def linear(points: np.ndarray) -> Field:
    """A scalar and a vector that tell where they belong."""
    return Field(points, {"height": points @ np.arange(1.0, points.shape[1] + 1), "place": 2 * points})


@pytest.mark.parametrize(
    "grid",
    [
        Grid((0, -1), (1, 1), (4, 7)),
        Grid((2, 1), (3, 1), (5, 1)),
        Grid((0, -1, 5), (1, 1, 6), (2, 3, 4)),
        Grid((0, -1, 5), (1, -1, 6), (3, 1, 2)),
    ],
)
def test_a_grid_is_an_image(grid):
    image, dim = drawable(linear(grid.points), grid), len(grid.lower)
    assert isinstance(image, pyvista.ImageData) and image.n_points == grid.count
    expected = linear(np.asarray(image.points[:, :dim], float))
    assert np.allclose(image["height"], expected["height"], rtol=0, atol=1e-12)
    assert np.allclose(image["place"][:, :dim], expected["place"], rtol=0, atol=1e-12)
    assert image["place"].shape == (grid.count, 3) and not image["place"][:, dim:].any()


@pytest.mark.parametrize("id_", CELLS)
def test_nodes_are_the_mesh_that_was_sent(client, id_):
    answer = client.predict(enf2enf_meshes.path(id_), CONDITIONS)
    drawn = answer.to_pyvista()
    assert isinstance(drawn, pyvista.UnstructuredGrid) and drawn.n_cells == answer.shape.cells
    assert np.array_equal(drawn.points[:, :2], answer.field.points)
    assert np.array_equal(drawn["stress"], answer["stress"])
    assert np.array_equal(drawn["shift"][:, :2], answer["shift"]) and drawn["shift"].shape[1] == 3


def test_units_are_applied(client, mesh):
    large = write_bytes(type(mesh)(mesh.points * 1000, mesh.cells), "vtu")
    answer = client.predict(large, CONDITIONS, name="vtu", length_unit="mm")
    assert np.allclose(answer.to_pyvista().points[:, :2], mesh.points)


def test_points_are_a_cloud_unless_a_mesh_is_given(client, mesh):
    shape = client.encode(mesh)
    answer = client.decode(shape, CONDITIONS, mesh.points)
    cloud, grid = answer.to_pyvista(), answer.to_pyvista(mesh)
    assert isinstance(cloud, pyvista.PolyData) and isinstance(grid, pyvista.UnstructuredGrid)
    assert np.array_equal(cloud.points[:, :2], mesh.points) and grid.n_cells == mesh.cell_count
    assert np.array_equal(cloud["stress"], answer["stress"]) and np.array_equal(grid["stress"], answer["stress"])
    with pytest.raises(QueryError, match="mesh: expected 224 nodes, one for each value, got 60"):
        answer.to_pyvista(cell(around=12, rings=4))


def test_a_machine_without_pyvista_is_told_what_to_install(tmp_path):
    (tmp_path / "pyvista.py").write_text("raise ModuleNotFoundError(name='pyvista')")
    code = """
import numpy as np
from enf2enf.io.drawable import drawable
from enf2enf.field import Field
points = np.zeros((1, 2))
drawable(Field(points, {}), points)
"""
    path = {"PYTHONPATH": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=False)
    assert "QueryError: pyvista: expected pip install 'enf2enf[scenes]', got a machine without it" in result.stderr
