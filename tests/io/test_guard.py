"""Other people's readers cannot end the process, hang, talk, or read what they are not given."""

import re
import sys
import warnings

import pytest

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.io import read_bytes
from enf2enf.io.guard import sentence

VTU = """<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian"><UnstructuredGrid>
<Piece NumberOfPoints="3" NumberOfCells="1"><Points><DataArray type="Float64" NumberOfComponents="3" format="ascii">
0 0 0 1 0 0 0 1 0</DataArray></Points><Cells><DataArray type="Int64" Name="connectivity" format="ascii">{}</DataArray>
<DataArray type="Int64" Name="offsets" format="ascii">3</DataArray>
<DataArray type="UInt8" Name="types" format="ascii">5</DataArray></Cells></Piece></UnstructuredGrid></VTKFile>"""


@pytest.mark.parametrize(
    "fault, detail",
    [
        (lambda folder: sys.exit(1), ""),
        (lambda folder: (folder / "absent").read_text(), ""),  # whose message has the temporary path
        (lambda folder: {}["Base"], " (no 'Base')"),
        (lambda folder: [][3], ""),
        (lambda folder: int("x\ny"), " (invalid literal for int() with base 10: 'x\\ny')"),
    ],
)
def test_every_failure_becomes_a_sentence(fault, detail, tmp_path, capsys):
    with pytest.raises(MeshError) as caught, sentence("a.vtu", "a mesh", "damage", tmp_path):
        print("chatter")
        print("chatter", file=sys.stderr)
        warnings.warn("chatter", stacklevel=1)
        fault(tmp_path)
    assert str(caught.value) == f"a.vtu: expected a mesh, got damage{detail}"
    assert caught.value.__suppress_context__
    assert capsys.readouterr() == ("", "")


def test_interruption_is_not_swallowed(tmp_path):
    with pytest.raises(KeyboardInterrupt), sentence("a.vtu", "a mesh", "damage", tmp_path):
        raise KeyboardInterrupt


@pytest.mark.parametrize("text", ["BEGIN BULK\n", "BEGIN BULK\n$ nothing", "ENDDATA\nBEGIN BULK\n"])
def test_nastran_that_breaks_off_does_not_hang(text):
    with pytest.raises(MeshError, match="a.bdf: points: expected an array .* of at least one node, got"):
        read_bytes(text.encode(), "a.bdf")


def test_ply_that_promises_too_much_does_not_hang():
    data = enf2enf_meshes.path("unit_cell_ply").read_bytes()
    for kind in (b"vertex", b"face"):
        swollen = re.sub(rb"element " + kind + rb" \d+", b"element " + kind + b" 999999999", data)
        with pytest.raises(MeshError, match=rf"room for, got 999999999 {kind.decode()} elements"):
            read_bytes(swollen, "a.ply")


@pytest.mark.parametrize("junk", ["0 1 2 x", "0 1"])
def test_numbers_that_break_off_are_not_ignored(junk):
    assert read_bytes(VTU.format("0 1 2").encode(), "a.vtu").cell_count == 1
    with pytest.raises(MeshError, match="a.vtu: expected a complete VTU file, got damaged"):
        read_bytes(VTU.format(junk).encode(), "a.vtu")


@pytest.mark.parametrize(
    "name, data, what",
    [
        ("a.vtu", b"\x1f\x8b\x08\0\0", "a gzip archive"),
        ("a.vtu", b"   \n", "a file of blanks"),
        ("a.vtu", b'<?xml version="1.0"?><VTKFile type="PolyData">', "VTP data"),
        ("a.vtu", b'<?xml version="1.0"?><VTKFile type="ImageData">', "XML of ImageData"),
        ("a.med", b"PK\x03\x04....", "a ZIP archive"),
        ("a.msh", b"hello", "text"),
        ("a.su2", b"\x89PNG\r\n", "a PNG image"),
        ("a.stl", b"\0" * 200, "binary data"),
        ("a.vtk", VTU.encode(), "VTU data"),
        ("vtu", b"\x89HDF\r\n\x1a\n", "an HDF5 file of another kind"),
    ],
)
def test_a_file_is_named_by_what_it_is(name, data, what):
    with pytest.raises(MeshError, match=rf"as its name says, got {what}$") as caught:
        read_bytes(data, name)
    assert caught.value.name == (name if "." in name else "mesh")
