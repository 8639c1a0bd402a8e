"""One mesh file of every format: read, predicted by the shipped surrogate, written back."""

import numpy as np
import pytest

import enf2enf_meshes
from enf2enf import io as mesh_io
from enf2enf import load
from enf2enf.cli import main
from enf2enf.errors import MeshError
from enf2enf.io.formats import FORMATS
from enf2enf.mesh import Mesh

ASSETS = {id: asset for id, asset in enf2enf_meshes.manifest().items() if id.startswith("unit_cell_")}
WITHOUT_FIELDS = {"stl", "obj", "su2", "inp", "bdf"}


@pytest.fixture(scope="module")
def shipped():
    return load("elasticity")


def test_every_format_has_a_file():
    assert {id.removeprefix("unit_cell_") for id in ASSETS} == set(FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("id", ASSETS)
def test_read_predicted_written_back(shipped, tmp_path, id):
    path = enf2enf_meshes.path(id)
    mesh = mesh_io.read(path)
    field = shipped.decode(shipped.encode(mesh), {}, mesh.points)
    assert field.outside == 0 and field["von_mises"].min() > -50 and 100 < field["von_mises"].max() < 5000  # Pa
    predicted = mesh.with_point_data(field.field.values)
    for target in (tmp_path / "out.vtu", tmp_path / path.name):
        if target.suffix[1:] in WITHOUT_FIELDS | {"csv"}:
            with pytest.raises(MeshError, match="nodal fields"):
                mesh_io.write(target, predicted)
            mesh_io.write(target, mesh)
            again = mesh_io.read(target)
        else:
            mesh_io.write(target, predicted)
            again = mesh_io.read(target)
            assert np.allclose(again.point_data["von_mises"].ravel(), field["von_mises"], rtol=1e-6)
        assert np.allclose(again.points, mesh.points, atol=1e-6) and again.cell_count == mesh.cell_count


@pytest.mark.slow
def test_the_same_geometry_gives_the_same_field_in_every_format(shipped):
    """The formats store the same cell; what differs is their rounding of the coordinates."""
    points = np.random.default_rng(0).uniform(0.05, 0.95, (300, 2))
    answers = {}
    for id in ASSETS:
        geometry = shipped.encode(enf2enf_meshes.path(id)).geometry
        answers[id] = shipped.decode(shipped.encode(geometry), {}, points)["von_mises"]
    reference = answers["unit_cell_vtu"]
    for id, values in answers.items():
        both = ~np.isnan(values) & ~np.isnan(reference)
        assert np.abs(values - reference)[both].max() < 1e-3 * np.ptp(reference[both]), (
            id
        )  # measured 2e-5 (float32 files)


@pytest.mark.slow
def test_command_line_predicts_and_converts_units(tmp_path, capsys):
    mesh = mesh_io.read(enf2enf_meshes.path("unit_cell_vtu"))
    millimetres = Mesh(mesh.points * 1e3, mesh.cells)
    mesh_io.write(tmp_path / "mm.vtu", millimetres)
    out = tmp_path / "out.vtu"
    assert main(["predict", "elasticity", str(tmp_path / "mm.vtu"), "-o", str(out)]) == 1
    assert "is its length unit right?" in capsys.readouterr().err
    assert main(["predict", "elasticity", str(tmp_path / "mm.vtu"), "--length-unit", "mm", "-o", str(out)]) == 0
    assert np.allclose(mesh_io.read(out).points, millimetres.points)
