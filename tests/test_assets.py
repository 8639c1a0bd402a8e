"""The meshes that come with the library: what the manifest says of them is so, and the malformed ones are refused."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.errors import Enf2EnfError, GeometryError, MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes, write, write_bytes
from enf2enf.io.formats import FORMATS
from enf2enf_meshes.generators.__main__ import files, rebuild

ASSETS = enf2enf_meshes.manifest()
CELLS = [name for name in ASSETS if name.startswith("unit_cell_")]
BROKEN = [name for name, asset in ASSETS.items() if "error" in asset]
LEAKS = re.compile(r"Traceback|/tmp|enf2enf-|\.py\b|0x[0-9a-f]{6}|object has no|NoneType|np\.|\n")


@pytest.mark.parametrize("name", ASSETS)
def test_the_manifest_is_true(name):
    asset = ASSETS[name]
    data = enf2enf_meshes.path(name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == asset["sha256"]
    assert asset["licence"] == "Apache-2.0" and asset["source"]


def test_every_file_is_in_the_manifest():
    folder = Path(enf2enf_meshes.__file__).parent
    patterns = ("unit_cell.*", "*.dat", "flows/*", "broken/*")
    found = {str(path.relative_to(folder)) for pattern in patterns for path in folder.glob(pattern)}
    assert found <= {asset["file"] for asset in ASSETS.values()}


@pytest.mark.slow
def test_generators_rebuild_the_assets(tmp_path):
    first, second = files(), files()
    assert {file: data for file, (data, _) in first.items()} == {file: data for file, (data, _) in second.items()}
    rebuild(tmp_path)
    for name in CELLS:  # by content: another zlib or HDF5 may pack the same arrays otherwise
        file = ASSETS[name]["file"]
        ours, theirs = read(enf2enf_meshes.path(name)), read(tmp_path / file)
        np.testing.assert_array_equal(ours.points, theirs.points)
    plain = [name for name in BROKEN if ASSETS[name]["file"].endswith((".csv", ".inp", ".step", ".msh"))]
    for name in plain:
        assert (tmp_path / ASSETS[name]["file"]).read_bytes() == enf2enf_meshes.path(name).read_bytes()


@pytest.mark.parametrize("name", CELLS)
def test_the_unit_cell_is_one_problem_in_every_format(name):
    mesh = read(enf2enf_meshes.path(name))
    expected = Geometry.from_mesh(read(enf2enf_meshes.path("unit_cell_vtu")))
    geometry = Geometry.from_mesh(mesh)
    np.testing.assert_allclose(geometry.panels(128), expected.panels(128), atol=1e-12)  # measured 0
    np.testing.assert_allclose(geometry.bounds, [[0, 0], [1, 1]], atol=0)
    reach = np.linalg.norm(geometry.walls[0] - 0.5, axis=1)
    assert reach.min() > 0.2 and reach.max() < 0.4
    assert geometry.contains(mesh.points).all()
    kind = name.removeprefix("unit_cell_")
    if FORMATS[kind].patches:
        assert len(Geometry.from_mesh(mesh, ["void"]).walls) == 1


@pytest.mark.parametrize("name", [name for name in CELLS if name != "unit_cell_csv"])
def test_the_unit_cell_is_written_back_with_a_field(name, tmp_path):
    mesh = read(enf2enf_meshes.path(name))
    kind = name.removeprefix("unit_cell_")
    predicted = mesh.with_point_data({"von_mises": np.linspace(0, 1, len(mesh.points))})
    target = tmp_path / ASSETS[name]["file"]
    if FORMATS[kind].fields:
        write(target, predicted)
        np.testing.assert_array_equal(read(target).point_data["von_mises"], predicted.point_data["von_mises"])
    else:
        with pytest.raises(MeshError, match="expected a format that carries nodal fields"):
            write(target, predicted)
        assert write_bytes(mesh, kind) == enf2enf_meshes.path(name).read_bytes()


@pytest.mark.parametrize("name", BROKEN)
def test_a_malformed_mesh_gives_its_sentence(name, capfd):
    asset, path = ASSETS[name], enf2enf_meshes.path(name)
    if asset["stage"] == "surrogate":
        assert Geometry.from_mesh(read(path)).extent == pytest.approx(1000)  # a good mesh, in another unit
        return
    error = MeshError if asset["stage"] == "read" else GeometryError
    for load in (lambda: read(path), lambda: read_bytes(path.read_bytes(), path.name)):
        with pytest.raises(error) as caught:
            Geometry.from_mesh(load())
        sentence = str(caught.value)
        assert asset["error"] in sentence
        assert re.match(r".+: expected .+, got .+", sentence) and not LEAKS.search(sentence)
        if asset["stage"] == "read":
            assert caught.value.name.startswith(path.name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_damage_anywhere_is_refused_or_harmless(name, capfd):
    """Truncated, and with bytes replaced, a file is either still a mesh or refused in a sentence; it never hangs."""
    data, file = enf2enf_meshes.path(name).read_bytes(), ASSETS[name]["file"]
    rng = np.random.default_rng(0)
    refused = 0
    for attempt in range(24):
        damaged = bytearray(data[: rng.integers(0, len(data))] if attempt % 2 else data)
        for place in rng.integers(0, max(len(damaged), 1), 6 if damaged else 0):
            damaged[place] = rng.integers(0, 256)
        try:
            Geometry.from_mesh(read_bytes(bytes(damaged), file))
        except Enf2EnfError as error:
            refused += 1
            assert not LEAKS.search(str(error)), str(error)
    assert refused >= 8
    assert capfd.readouterr() == ("", "")


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(MeshError, match="expected a mesh file, got No such file or directory"):
        read(tmp_path / "no.vtu")
    with pytest.raises(MeshError, match="expected a mesh file, or a case of OpenFOAM .*, got another folder"):
        read(tmp_path)
