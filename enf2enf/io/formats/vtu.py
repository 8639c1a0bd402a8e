"""VTU, VTK's XML of unstructured grids: a reader of ours, meshio's writer."""

import functools
import re
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import vtk_cells, vtk_xml, vtk_xml_fields
from enf2enf.io.format import QUADRATIC, Format
from enf2enf.io.patches import mark


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    data = vtk_xml.check(name, "VTU", data)
    if re.search(rb"<Piece\b[^<>]*NumberOfCells=\"\s*0\s*\"", data):
        raise MeshError(name, "at least one cell", "none")
    return data, {}


def _read(path: Path):
    document = vtk_xml.Document(path)
    points, cells = document.points(), document.data("Cells")
    parts = tuple(cells.pop(key).ravel().astype(np.int64, copy=False) for key in ("types", "offsets", "connectivity"))
    data = document.data("PointData"), document.data("CellData")
    return vtk_cells.mesh_of(points, parts, *data, document.field_names)


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    mark(raw, tags, names)
    meshio.vtu.write(str(path), raw)


FORMAT = Format(
    name="vtu",
    label="VTU",
    extensions=(".vtu",),
    kinds=QUADRATIC | {"quad9", "polygon", "vertex"},
    fields=True,
    cell_fields=True,
    patches=True,
    sniff=functools.partial(vtk_xml.is_of, "UnstructuredGrid"),
    prepare=_prepare,
    counts=rb"\b(NumberOf\w+)\s*=\s*[\"']\s*",
    read=_read,
    write=_write,
    attach=vtk_xml_fields.attach,
)
