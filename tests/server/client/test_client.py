"""The client by itself: what it imports, what it sends, what it makes of a failing network."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import CONDITIONS

from enf2enf import errors
from enf2enf.client import Client
from enf2enf.grid import Grid
from enf2enf.io import write


def test_it_needs_neither_jax_nor_vtk(target, mesh, tmp_path):
    """Not even when it is used in full."""
    write(tmp_path / "cell.vtu", mesh)
    code = f"""
import sys
import numpy as np
from enf2enf.client import Client
from enf2enf.grid import Grid
from enf2enf.io import read
with Client({target!r}) as client:
    client.ready(), client.describe()
    path, conditions = {str(tmp_path / "cell.vtu")!r}, {CONDITIONS!r}
    shape = client.encode(read(path))
    for at in ("nodes", Grid((0, 0), (1, 1), (3, 3)), np.zeros((5, 2))):
        client.decode(shape, conditions, at)
    client.predict(path, conditions)
heavy = {{"jax", "jaxlib", "equinox", "vtk", "vtkmodules", "pyvista"}}
print(sorted({{name.partition(".")[0] for name in sys.modules}} & heavy))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "[]", result.stderr


def test_paths_bytes_and_meshes_are_the_same(client, mesh, tmp_path):
    for name in ("cell.vtu", "cell.msh", "cell.xdmf"):
        write(tmp_path / name, mesh)
        fields = [client.predict(tmp_path / name, CONDITIONS)["stress"], client.predict(mesh, CONDITIONS)["stress"]]
        if name != "cell.xdmf":
            fields.append(client.predict((tmp_path / name).read_bytes(), CONDITIONS, name=name)["stress"])
        assert len({field.tobytes() for field in fields}) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such file names")
def test_a_file_name_need_not_be_unicode(client, vtu, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.vtu")
    with open(path, "wb") as file:
        file.write(vtu)
    shape = client.encode(path)
    assert shape.handle == client.encode(vtu, name="caf?.vtu").handle
    assert len(shape.upload.mesh().points) == 224
    assert client.encode(vtu, name=os.path.basename(path)).handle == shape.handle
    with pytest.raises(errors.MeshError, match=r"caf.*txt"):
        client.encode(vtu, name="caf\udce9.txt")


@pytest.mark.parametrize("value", ["\udce9", 2**63, -(2**63) - 1, 3.5, [1]])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda c, m, value: c.describe(value), "model"),
        (lambda c, m, value: c.describe(version=value), "version"),
        (lambda c, m, value: c.ready(value), "model"),
        (lambda c, m, value: c.load_model(value), "model"),
        (lambda c, m, value: c.unload_model("", value), "version"),
        (lambda c, m, value: c.predict(m, CONDITIONS, model=value), "model"),
    ],
)
def test_values_that_cannot_be_sent(client, mesh, call, name, value):
    with pytest.raises(errors.QueryError, match=f"^{name}: expected a value that can be sent, got "):
        call(client, mesh, value)


@pytest.mark.parametrize("value", ["\udce9", 2**63, 3.5, [1]])
def test_walls_and_units_that_are_none_are_refused_as_a_surrogate_does(client, mesh, value):
    if not isinstance(value, str):
        with pytest.raises(errors.GeometryError, match="^walls: expected names of patches, got "):
            client.encode(mesh, walls=[value])
    with pytest.raises(errors.MeshError, match="^length unit: expected one of m, mm"):
        client.encode(mesh, length_unit=value)


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda c, m: c.encode(b"x"), errors.MeshError, "name: expected the file name or format of these bytes"),
        (lambda c, m: c.encode("nowhere.vtu"), errors.MeshError, "nowhere.vtu: expected a mesh file, got No such file"),
        (lambda c, m: c.predict(m, {"heat": "warm"}), errors.ConditionError, "'heat': expected numbers, got 'warm'"),
        (lambda c, m: c.predict(m, CONDITIONS, "cells"), errors.QueryError, "at: expected points, a Grid, a Line"),
        (
            lambda c, m: c.predict(m, CONDITIONS, np.zeros(4)),
            errors.QueryError,
            r"points: expected .* got shape \(4,\)",
        ),
    ],
)
def test_what_need_not_be_sent_is_refused_here(client, mesh, call, kind, sentence):
    with pytest.raises(kind, match=sentence):
        call(client, mesh)


def test_no_server():
    with Client("127.0.0.1:1", timeout=0.5) as client:
        for call in (client.describe, client.ready):
            with pytest.raises(errors.ServiceError, match="127.0.0.1:1: expected an answer, got UNAVAILABLE: .*ref"):
                call()


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        (((0, 0), (1, 1), (2,)), "2 or 3 entries each"),
        (((0, np.nan), (1, 1), (2, 2)), "finite bounds"),
        (((0, -1e308), (1, 1e308), (2, 2)), "finite bounds and sides"),
        (((0, 0), (1, 1), (0, 2)), "at least one point"),
        (((0, 2), (1, 1), (2, 2)), "lower bounds below upper"),
        (((0, 1), (1, 1), (2, 2)), "lower bounds below upper"),
        (((0, 0), (1, 1), (10.7, 10)), "at least one point"),
        (((0, 0), (1, 1), (True, True)), "at least one point"),
        (((0, 0), (1, 1), (10**18, 2)), "at most 1,000,000,000,000,000, got"),
        (((0, 0), (1, 1), (np.nan, 10)), "at least one point"),
    ],
)
def test_grids_are_checked(grid, sentence):
    with pytest.raises(errors.QueryError, match=sentence):
        Grid(*grid)


@pytest.mark.parametrize("along", [10**7, 10**9, 10**12])
def test_a_grid_that_no_memory_holds(along):
    """More bytes than there are addresses, or more points than an array can have."""
    with pytest.raises(MemoryError):
        Grid((0, 0), (1, 1), (along, along)).points  # noqa: B018


WHOLE = [(3, 4), (3.0, 4.0), np.array([3, 4]), np.ceil([2.5, 3.5]), [np.int32(3), np.float32(4)]]


@pytest.mark.parametrize("counts", WHOLE)
def test_a_grid_takes_whole_numbers_in_every_form(counts):
    assert Grid((0, 0), (1, 10**20), counts).resolution == (3, 4)


def test_a_grid_in_chunks_is_the_grid():
    grid = Grid((0.0, -1.0, 2.0), (1.0, 1.0, 2.0), (5, 7, 1))
    assert np.array_equal(np.concatenate(list(grid.chunks(4))), grid.points)
    assert grid.count == 35 and np.array_equal(grid.points[[0, -1]], [[0, -1, 2], [1, 1, 2]])
