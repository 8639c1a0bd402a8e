"""VTU of other versions and compressions, and whose offsets are none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.io import read_bytes
from enf2enf.io.convert import to_meshio
from enf2enf_meshes.generators.unit_cell import build


def test_later_vtu_versions_and_one_piece_only():
    data = enf2enf_meshes.path("unit_cell_vtu").read_bytes()
    assert read_bytes(data.replace(b'version="0.1"', b'version="2.2"'), "vtu").cell_count == 480
    with pytest.raises(MeshError, match="expected VTU data compressed by zlib or LZMA, got LZ4"):
        read_bytes(data.replace(b"vtkZLibDataCompressor", b"vtkLZ4DataCompressor"), "vtu")


OFFSETS = {"vtu": rb'(Name="offsets"[^>]*>)([^<]*)', "vtk": rb"(OFFSETS vtktypeint64\n)([\d\s]*)"}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Makes the unit cell as text, in a format that has offsets, with others than those."""
    import meshio

    folder, raw = tmp_path_factory.mktemp("vtu"), to_meshio(build())[0]
    raw.cells, raw.cell_data = [block for block in raw.cells if block.type == "triangle"], {}
    meshio.vtu.write(folder / "a.vtu", raw, binary=False)
    meshio.vtk.write(folder / "a.vtk", raw, binary=False, fmt_version="5.1")

    def make(kind: str, change) -> bytes:
        def changed(found: re.Match) -> bytes:
            return found[1] + b" ".join(b"%d" % n for n in change([int(n) for n in found[2].split()])) + b"\n"

        data, count = re.subn(OFFSETS[kind], changed, (folder / f"a.{kind}").read_bytes())
        assert count == 1
        return data

    return make


@pytest.mark.parametrize("kind", ["vtu", "vtk"])
def test_offsets_that_do_not_grow_by_the_nodes_of_a_cell(cells, kind):
    assert read_bytes(cells(kind, lambda ends: ends), kind).cell_count == 400

    @settings(max_examples=20, deadline=None)
    @given(at=st.integers(1, 398), by=st.integers(-2000, 2000).filter(bool), back=st.booleans())
    def check(at, by, back):
        def change(ends):
            inner = ends[1:-1][::-1] if back else [*ends[1:at], ends[at] + by, *ends[at + 1 : -1]]
            return [ends[0], *inner, ends[-1]]

        with pytest.raises(MeshError, match=r"^mesh: expected a complete .* file, got .*(offset|nodes of cell) "):
            read_bytes(cells(kind, change), kind)

    check()


@pytest.mark.parametrize(
    "number, sentence",
    [(42, "polyhedra, where cells of a plane mesh were expected"), (99, "cells of the unknown type 99"),
     (9, "3 nodes of cell 0, a quad")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["vtu", "vtk"])
def test_cells_that_are_not_understood_are_refused_by_their_name(cells, kind, number, sentence):
    data = cells(kind, lambda ends: ends)
    at = data.index(b"5", data.index({"vtu": b'Name="types"', "vtk": b"CELL_TYPES 400"}[kind]))
    with pytest.raises(MeshError, match=sentence):
        read_bytes(data[:at] + b"%d" % number + data[at + 1 :], kind)


def test_cells_that_are_hidden_are_not_there(cells):
    data = cells("vtu", lambda ends: ends)
    marks = b" ".join(b"%d" % (32 * (k < 20) + (k == 21)) for k in range(400))
    array = (
        b'<CellData><DataArray type="UInt8" Name="vtkGhostType" format="ascii">' + marks + b"</DataArray></CellData>"
    )
    mesh = read_bytes(data.replace(b"</Cells>", b"</Cells>" + array), "vtu")
    assert mesh.cell_count == 379
    assert mesh.warnings[0] == "cells: expected all to be there, got 21 that vtkGhostType hides, left out"
