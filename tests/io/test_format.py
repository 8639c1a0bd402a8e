"""A format is added in one place: a small one of our own is, and every shipped one was."""

import ast
import re
from pathlib import Path

import meshio
import numpy as np
import pytest

import enf2enf_server
from enf2enf import io
from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read, read_bytes, text, write, write_bytes
from enf2enf.io.format import Format
from enf2enf.io.formats import FORMATS
from enf2enf.mesh import CellBlock, Mesh, topology


def sniff(data):
    return text.matches(data, rb"\APTS$")


def read_points(path):
    points = np.loadtxt(path, skiprows=1)
    nodes = np.arange(len(points))
    return meshio.Mesh(points, [("line", np.stack([nodes, np.roll(nodes, -1)], axis=1))])


def write_points(path, raw, tags, names):
    loops = topology.chain(np.insert(raw.cells[0].data, 1, -1, axis=1), raw.points)  # -1: no node in mid-edge
    if len(loops) > 1:
        raise ValueError(f"{len(loops)} loops")
    path.write_text("PTS\n" + "".join(f"{x!r} {y!r}\n" for x, y in raw.points[loops[0]].tolist()))


PTS = Format(
    name="pts",
    label="PTS",
    extensions=(".pts",),
    kinds=frozenset({"line"}),
    fields=False,
    patches=False,
    sniff=sniff,
    read=read_points,
    write=write_points,
    plane=True,
)
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
LOOP = Mesh(SQUARE, (CellBlock("line", EDGES),))


@pytest.fixture(autouse=True)
def pts(monkeypatch):
    monkeypatch.setitem(FORMATS, PTS.name, PTS)


def test_it_is_read_and_written(tmp_path):
    write(tmp_path / "a.pts", LOOP)
    assert (tmp_path / "a.pts").read_bytes() == b"PTS\n0.0 0.0\n1.0 0.0\n1.0 1.0\n0.0 1.0\n" == write_bytes(LOOP, "pts")
    for got in (read(tmp_path / "a.pts"), read_bytes(write_bytes(LOOP, "a.pts"), "pts")):
        np.testing.assert_array_equal(got.points, SQUARE)
        np.testing.assert_array_equal(got.cells[0].nodes, EDGES)
    assert Geometry.from_mesh(got).extent == pytest.approx(2**0.5)  # of the circle around it


def test_it_is_told_by_its_content():
    with pytest.raises(MeshError, match="^a.vtu: expected VTU as its name says, got PTS data$"):
        read_bytes(write_bytes(LOOP, "pts"), "a.vtu")
    with pytest.raises(MeshError, match="^a.pts: expected PTS as its name says, got VTU data$"):
        read_bytes(write_bytes(LOOP, "vtu"), "a.pts")


def test_its_faults_are_sentences_as_those_of_any_format(capfd):
    with pytest.raises(MeshError, match="^a.pts: expected a complete PTS file, got damaged or truncated data .*'x'"):
        read_bytes(b"PTS\n0 0\n1 x\n", "a.pts")
    with pytest.raises(MeshError, match="^a.pts: points: expected finite coordinates, got .* at node 1$"):
        read_bytes(b"PTS\n0 0\nnan 0\n1 1\n", "a.pts")
    two = Mesh(np.concatenate([SQUARE, SQUARE + 2]), (CellBlock("line", np.concatenate([EDGES, EDGES + 4])),))
    with pytest.raises(MeshError, match=r"expected a mesh that PTS can hold, got another \(2 loops\)$"):
        write_bytes(two, "pts")
    with pytest.raises(MeshError, match="expected cells among line, got quad cells"):
        write_bytes(Mesh(SQUARE, (CellBlock("quad", np.arange(4)[None]),)), "pts")
    with pytest.raises(MeshError, match=r"expected a format that carries nodal fields \(vtu, .*\), got pts"):
        write_bytes(LOOP.with_point_data({"p": np.zeros(4)}), "pts")
    assert capfd.readouterr() == ("", "")


def test_users_are_told_of_it_while_it_is_listed(monkeypatch):
    with pytest.raises(MeshError, match="expected a mesh in one of the formats vtu, vtk, gmsh, .*, csv, pts, got"):
        read_bytes(b"", "a.step")
    monkeypatch.delitem(FORMATS, "pts")
    with pytest.raises(MeshError, match=r"^a.pts: expected a mesh in one of the formats vtu, .*, csv, got '.pts'$"):
        read_bytes(b"", "a.pts")


def test_every_file_of_a_format_is_listed_under_its_name():
    files = {path.stem for path in (Path(io.__file__).parent / "formats").glob("*.py")} - {"__init__"}
    assert files == set(FORMATS) - {"pts"}
    assert all(FORMATS[name].name == name for name in FORMATS)
    extensions = [extension for format_ in FORMATS.values() for extension in format_.extensions]
    assert len(set(extensions)) == len(extensions)


def test_nothing_else_names_a_format():
    """Not as data, that is; a docstring may say `such as vtu`."""
    library = [Path(io.__file__).parent / f"{name}.py" for name in ("read", "write", "guard", "allowance", "format")]
    names = "|".join(re.escape(name) for format_ in FORMATS.values() for name in (format_.name, *format_.extensions))
    for path in [*library, *Path(enf2enf_server.__file__).parent.rglob("*.py")]:
        constants = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        assert not [value for value in constants if isinstance(value, str) and re.fullmatch(names, value)], path
