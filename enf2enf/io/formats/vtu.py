"""VTU, VTK's XML of unstructured grids, by meshio."""

import re
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io.format import QUADRATIC, Format, meshio_reader
from enf2enf.io.markup import plain
from enf2enf.io.patches import mark
from enf2enf.io.vtk_cells import in_order

_meshio = meshio_reader("vtu")


def _sniff(data: bytes) -> bool:
    return bool(re.search(rb"<VTKFile\b[^<>]*type=[\"']UnstructuredGrid", data[:65536]))


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    data = plain(name, data)
    if (pieces := len(re.findall(rb"<Piece\b", data))) != 1:  # meshio keeps the last one only
        raise MeshError(name, "a VTU file of one piece", f"{pieces} pieces")
    if re.search(rb"<Piece\b[^<>]*NumberOfCells=\"\s*0\s*\"", data):
        raise MeshError(name, "at least one cell", "none")
    if re.search(rb"\bName\s*=\s*[\"']faceoffsets", data):  # meshio follows their counts wherever they lead
        raise MeshError(name, "cells of a plane mesh", "polyhedra")
    if b"LZ4DataCompressor" in data[:4096]:
        raise MeshError(name, "VTU data compressed by zlib or LZMA", "LZ4")
    # Later versions differ in polyhedra alone.
    return re.sub(rb"(<VTKFile\b[^<>]*\bversion=\")2\.\d+\"", rb'\g<1>1.0"', data, count=1), {}


def _read(path: Path):
    from meshio.vtu import _vtu

    with in_order(_vtu):
        return _meshio(path)


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    mark(raw, tags, names)
    meshio.vtu.write(str(path), raw)


FORMAT = Format(
    name="vtu",
    label="VTU",
    extensions=(".vtu",),
    kinds=QUADRATIC | {"quad9"},
    fields=True,
    patches=True,
    sniff=_sniff,
    prepare=_prepare,
    counts=rb"\b(NumberOf\w+)\s*=\s*[\"']\s*",
    read=_read,
    write=_write,
)
