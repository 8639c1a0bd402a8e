"""Small files that claim or hide much are refused in a sentence, at once, and before memory is spent on them."""

import base64
import io
import re
import struct
import time
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.errors import Enf2EnfError, MeshError
from enf2enf.io import read, read_bytes
from enf2enf.io.formats import FORMATS

MANY = 10**12
SECONDS = 2.0  # of the processor; measured 0.4 at most, under tracemalloc 1.4
LESS = r"expected \S+ of at least 0, got -\d"
MEMORY = 160 << 20  # bytes beside 128 times the file's own; measured 140 million, of an LZMA bomb


def shipped(kind: str) -> bytes:
    return enf2enf_meshes.path(f"unit_cell_{kind}").read_bytes()


def refused(data: bytes, name: str) -> str:
    """The sentence; the refusal must be quick and cheap."""
    tracemalloc.start()
    start = time.process_time()
    try:
        with pytest.raises(MeshError) as caught:
            read_bytes(data, name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < SECONDS
    assert peak < MEMORY + 128 * len(data)
    return str(caught.value)


def edited(kind: str, pattern: bytes, replacement: bytes) -> bytes:
    data, count = re.subn(pattern, replacement, shipped(kind), count=1, flags=re.MULTILINE)
    assert count
    return data


CLAIMS = {
    "vtk points": ("a.vtk", edited("vtk", rb"^POINTS \d+", b"POINTS %d" % MANY), f"numbers in a file .*got {3 * MANY}"),
    "vtk cells": ("a.vtk", edited("vtk", rb"^CELLS (\d+) \d+", rb"CELLS \1 %d" % MANY), f"got {MANY}"),
    "vtk types": ("a.vtk", edited("vtk", rb"^CELL_TYPES \d+", b"CELL_TYPES %d" % MANY), f"got {MANY}"),
    "vtk grid": (
        "a.vtk",
        b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\nDIMENSIONS 9999 9999 9999\nORIGIN 0 0 0\n"
        b"SPACING 1 1 1\n",
        "numbers in a file",
    ),
    "gmsh nodes": ("a.msh", edited("gmsh", rb"^\$Nodes\n\d+", b"$Nodes\n%d" % MANY), f"got {4 * MANY}"),
    "gmsh 4.1 nodes": (
        "a.msh",
        b"$MeshFormat\n4.1 1 8\n\1\0\0\0\n$EndMeshFormat\n$Nodes\n"
        + struct.pack("<4Q3iQ", 1, MANY, 1, MANY, 2, 1, 0, MANY),
        f"got {MANY}",
    ),
    "ply vertices": ("a.ply", edited("ply", rb"^element vertex \d+", b"element vertex %d" % MANY), "room for"),
    "ply without end": ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 3\n", "a PLY header that ends"),
    "stl facets": ("a.stl", b"\0" * 80 + struct.pack("<I", 2**32 - 1) + b"\0" * 50, "STL as its name says"),
    "su2 points": (
        "a.su2",
        edited("su2", rb"^NPOIN=\s*\d+", b"NPOIN= %d" % MANY),
        f"expected {MANY} lines after it, got 240",
    ),
    "abaqus set": (
        "a.inp",
        b"*NODE\n1, 0., 0.\n2, 1., 0.\n3, 0., 1.\n*NSET, NSET=a, GENERATE\n1, 2000000000, 1\n",
        "got 2000000000",
    ),
    "vtu points": ("a.vtu", edited("vtu", rb'NumberOfPoints="\d+"', b'NumberOfPoints="%d"' % MANY), "damaged"),
    "vtu fewer than none": ("a.vtu", edited("vtu", rb'NumberOfPoints="\d+"', b"NumberOfPoints='-1'"), LESS),
    "xdmf fewer than none": ("a.xdmf", edited("xdmf", rb'Dimensions="\d+ ', b'Dimensions="-5 '), LESS),
    "vtk fewer than none": ("a.vtk", edited("vtk", rb"^CELLS (\d+) \d+", rb"CELLS \1 -5"), LESS),
    "su2 fewer than none": ("a.su2", edited("su2", rb"^NMARK=\s*\d+", b"NMARK= -5"), LESS),
    "gmsh fewer than none": ("a.msh", edited("gmsh", rb"^\$PhysicalNames\n\d+", b"$PhysicalNames\n-5"), LESS),
    "xdmf array": ("a.xdmf", edited("xdmf", rb'Dimensions="\d+ ', b'Dimensions="%d ' % MANY), "room for"),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_absurd_claims(case):
    name, data, sentence = CLAIMS[case]
    assert re.search(sentence, refused(data, name)), refused(data, name)


def vtu(compressor: str, block: bytes, size: int) -> bytes:
    """A VTU file whose points are one compressed block."""
    header = base64.b64encode(struct.pack("<4I", 1, size, size, len(block)))
    data = header + base64.b64encode(block)
    return (
        b'<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian" compressor="%s"><UnstructuredGrid>'
        b'<Piece NumberOfPoints="3" NumberOfCells="1"><Points><DataArray type="Float64" NumberOfComponents="3" '
        b'format="binary">%s</DataArray></Points></Piece></UnstructuredGrid></VTKFile>'
    ) % (compressor.encode(), data)


@pytest.mark.slow
def test_zlib_bomb():
    squeeze = zlib.compressobj(9)
    block = b"".join([squeeze.compress(bytes(1 << 20)) for _ in range(400)] + [squeeze.flush()])
    data = vtu("vtkZLibDataCompressor", block, 3 << 23)
    assert len(data) < 600_000
    assert "bytes of unpacked arrays, got more" in refused(data, "a.vtu")


@pytest.mark.slow
def test_lzma_bomb():
    import lzma

    squeeze = lzma.LZMACompressor(preset=0)
    block = b"".join([squeeze.compress(bytes(1 << 20)) for _ in range(200)] + [squeeze.flush()])
    assert "bytes of unpacked arrays, got more" in refused(vtu("vtkLZMADataCompressor", block, 3 << 23), "a.vtu")


def test_a_block_that_breaks_off():
    whole = zlib.compress(np.arange(9.0).tobytes())
    assert "damaged" in refused(vtu("vtkZLibDataCompressor", whole[:-8], 72), "a.vtu")


def test_declarations_in_another_encoding():
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]>'
    for codec in ("utf-16", "utf-16-le", "utf-16-be"):
        data = text.encode(codec) + b"<VTKFile type='UnstructuredGrid' "  # which in 16 bits is Chinese
        assert "16-bit" in refused(data, "a.vtu")


@pytest.mark.parametrize(
    "pattern, replacement, sentence",
    [
        (rb'Format="XML"([^>]*)>[^<]*<', rb'Format="&#72;DF"\1>/etc/x.h5:/a<', "the file '/etc/x.h5'"),
        (rb'Format="XML"([^>]*)>[^<]*<', rb'Name=">" Format="HDF"\1>/etc/x.h5:/a<', "the file '/etc/x.h5'"),
        (rb'Format="XML"([^>]*)>[^<]*<', rb'Format="HDF"\1><![CDATA[/etc/x.h5:/a]]><', "the file '/etc/x.h5'"),
        (rb'Format="XML"([^>]*)>[^<]*<', rb'Format="&#66;inary"\1>/etc/hostname<', "raw binary"),
        (rb"(<Grid[^>]*>)", rb"\1<Information>&lt;!DOCTYPE a&gt;</Information>", "<!DOCTYPE"),
    ],
)
def test_references_in_disguise(pattern, replacement, sentence):
    assert sentence in refused(edited("xdmf", pattern, replacement), "a.xdmf")


@pytest.mark.parametrize("line", [" *INCLUDE, INPUT=/etc/hostname", "*IN*CLUDE,INPUT=/etc/hostname", "include,input=a"])
def test_includes_in_disguise(line):
    data = f"*NODE\n1, 0., 0.\n*ELSET, ELSET=a\n1\n*NSET, NSET=b\n1\n*HEADING\n{line}\n".encode()
    assert "an *INCLUDE of another file" in refused(data, "a.inp")


def abaqus(*blocks: str) -> bytes:
    triangle = "*NODE\n1, 0., 0.\n2, 1., 0.\n3, 0., 1.\n*ELEMENT, TYPE=CPS3\n1, 1, 2, 3\n"
    return ("*PART, NAME=P\n" + triangle + "".join(blocks)).encode()


def test_sets_in_each_other():
    """Each in the next; and one of all nodes so often in another that it is more than the file has room for."""
    chain = "".join(f"*NSET, NSET=s{k}\ns{k + 1}\n" for k in range(1_000))
    with pytest.raises(MeshError, match="^a.inp: expected a complete Abaqus file, got damaged or truncated data$"):
        read_bytes(abaqus(chain), "a.inp")
    nodes = "*NODE, NSET=all\n" + "".join(f"{k}, {k}., 1.\n" for k in range(4, 1_500))
    crowd = "*NSET, NSET=s\n" + "all, " * 6_000
    with pytest.raises(MeshError, match="sets: expected at most"):
        read_bytes(abaqus(nodes, crowd), "a.inp")


def test_instances_of_one_part():
    instances = [f"*INSTANCE, PART=P, NAME=I{k}\n{2 * k}.\n*END INSTANCE\n" for k in range(200)]
    assert read_bytes(abaqus("*END PART\n", *instances[:50]), "a.inp").cell_count == 50
    with pytest.raises(MeshError, match="instances: expected at most 100, got more"):
        read_bytes(abaqus("*END PART\n", *instances), "a.inp")


def hdf5(fill) -> bytes:
    target = io.BytesIO(shipped("med"))
    with h5py.File(target, "r+") as file:
        fill(file)
    return target.getvalue()


def _ring(file):
    for name in "ab":
        file[f"ENS_MAA/{name}"] = file["ENS_MAA"]


def _count(file):
    file.visititems(lambda _, item: item.attrs.modify("NBR", MANY) if "NBR" in item.attrs else None)


@pytest.mark.parametrize(
    "fill, sentence",
    [
        (lambda file: file.create_dataset("a", (MANY,), "f8", chunks=(1000,)), "bytes of arrays"),
        (lambda file: file.create_dataset("a", (10**8,), "f8", chunks=(1000,), compression="gzip"), "bytes of arrays"),
        (lambda file: file.create_dataset("a", (10,), "f8", maxshape=(None,), chunks=(10**8,)), "bytes of arrays"),
        (lambda file: file.create_dataset("a", data=["text"] * 9), "data of another kind"),
        (_ring, "a group in two places"),
        (_count, f"a count of {MANY}"),
    ],
)
def test_hdf5_that_claims_too_much(fill, sentence):
    assert sentence in refused(hdf5(fill), "a.med")


def test_cgns_boundaries_of_any_length():
    target = io.BytesIO(shipped("cgns"))
    with h5py.File(target, "r+") as file:
        for condition in file["Base/Zone/ZoneBC"].values():
            condition["PointRange/ data"][:] = [[1], [2**31 - 1]]
    start = time.process_time()
    assert read_bytes(target.getvalue(), "a.cgns").patches
    assert time.process_time() - start < SECONDS


HEADS = {
    "a.su2": b"NDIME= 2\n", "a.bdf": b"BEGIN BULK\n", "a.inp": b"*NODE\n", "a.csv": b"x,y\n", "a.obj": b"v 1 2 3\n",
    "a.ply": b"ply\n", "a.stl": b"solid\n", "a.msh": b"$MeshFormat\n",
    "a.vtk": b"# vtk DataFile Version 5.1\nx\nASCII\n",
    "a.vtu": b"<VTKFile type='UnstructuredGrid'>", "a.xdmf": b"<Xdmf>",
}  # fmt: skip
UNITS = [
    b"\n", b" ", b"0", b"<VTKFile ", b"<Piece ", b"<DataItem ", b"BEGIN BULK\n", b"MARKER_TAG=\n", b"*ELEMENT TYPE",
    b"+,\n",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("headed", [True, False])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", HEADS)
def test_repetition_takes_linear_time(name, unit, headed):
    """Of 400 kB: what is quadratic takes minutes."""
    data = HEADS[name] * headed + unit * (400_000 // len(unit))
    start = time.process_time()  # whatever else the machine does
    with pytest.raises(Enf2EnfError):
        read_bytes(data, name)
    assert time.process_time() - start < SECONDS


def test_honest_files_are_within_their_allowance(tmp_path):
    """Among them one with fields of zeros, which shrink most, and XDMF whose numbers lie in another file."""
    import meshio

    raw = meshio.vtu.read(enf2enf_meshes.path("unit_cell_vtu"))
    points = np.random.default_rng(0).random((20_000, 3))
    triangles = np.arange(60_000).reshape(-1, 3) % 20_000
    fields = {f"zero{k}": np.zeros((20_000, 3)) for k in range(8)}
    meshio.vtu.write(tmp_path / "a.vtu", meshio.Mesh(points, [("triangle", triangles)], point_data=fields))
    assert len(read(tmp_path / "a.vtu").point_data) == 8
    meshio.xdmf.write(tmp_path / "a.xdmf", raw, data_format="HDF")
    assert len(read(tmp_path / "a.xdmf").points) == len(raw.points)
    for kind in FORMATS:
        assert read_bytes(shipped(kind), kind).cell_count
