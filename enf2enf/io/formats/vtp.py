"""VTP, VTK's XML of lines, polygons and triangle strips."""

import base64
import functools
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from enf2enf.io import vtk_cells, vtk_xml, vtk_xml_fields
from enf2enf.io.format import LINEAR, Format
from enf2enf.io.patches import mark

_SECTIONS = {"Verts": 2, "Lines": 4, "Polys": 7, "Strips": 6}  # in VTK's order of cells, with the type of these
_OWN = {"vertex": "Verts", "line": "Lines"}  # all other cells are polygons
_HEAD = '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">'
_TYPES = {"f": "Float64", "i": "Int64"}


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    return vtk_xml.check(name, "VTP", data), {}


def _read(path: Path):
    document = vtk_xml.Document(path)
    types, ends, nodes = [], [], []
    for section, kind in _SECTIONS.items():
        cells = document.data(section)
        if len(stops := cells.get("offsets", np.zeros(0)).ravel().astype(np.int64)):
            types.append(np.full(len(stops), kind))
            ends.append(stops + sum(map(len, nodes)))
            nodes.append(cells["connectivity"].ravel().astype(np.int64))
    none = [np.zeros(0, np.int64)]
    parts = (np.concatenate(none + types), np.concatenate(none + ends), np.concatenate(none + nodes))
    data = document.data("PointData"), document.data("CellData")
    return vtk_cells.mesh_of(document.points(), parts, *data, document.field_names)


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    mark(raw, tags, names)
    own = [_OWN.get(block.type, "Polys") for block in raw.cells]
    order = [number for section in _SECTIONS for number in range(len(own)) if own[number] == section]
    sections = {key: [raw.cells[number].data for number in order if own[number] == key] for key in _SECTIONS}
    counts = {"Points": len(raw.points), **{key: sum(map(len, parts)) for key, parts in sections.items()}}
    text = [_HEAD, "<PolyData><Piece " + " ".join(f'NumberOf{key}="{n}"' for key, n in counts.items()) + ">"]
    text += ["<PointData>", *(_array(name, values) for name, values in raw.point_data.items()), "</PointData>"]
    marks = {name: np.concatenate([values[number] for number in order]) for name, values in raw.cell_data.items()}
    text += ["<CellData>", *(_array(name, values) for name, values in marks.items()), "</CellData>"]
    text += ["<Points>", _array("Points", raw.points), "</Points>"]
    for section, parts in sections.items():
        ends = np.cumsum(np.concatenate([np.zeros(0, int), *(np.full(len(part), part.shape[1]) for part in parts)]))
        nodes = np.concatenate([np.zeros(0, int), *(part.ravel() for part in parts)])
        text += [f"<{section}>", _array("connectivity", nodes), _array("offsets", ends), f"</{section}>"]
    path.write_text("\n".join([*text, "</Piece></PolyData></VTKFile>", ""]), encoding="utf-8")


def _array(name: str, values: np.ndarray) -> str:
    values = np.ascontiguousarray(values, "<f8" if values.dtype.kind == "f" else "<i8")
    about = f'type="{_TYPES[values.dtype.kind]}" Name={quoteattr(name)} format="binary"'
    width = f' NumberOfComponents="{values.shape[1]}"' if values.ndim > 1 else ""
    packed = base64.b64encode(values.nbytes.to_bytes(8, "little") + values.tobytes()).decode()
    return f"<DataArray {about}{width}>{packed}</DataArray>"


FORMAT = Format(
    name="vtp",
    label="VTP",
    extensions=(".vtp",),
    kinds=LINEAR | {"polygon", "vertex"},
    fields=True,
    cell_fields=True,
    patches=True,
    sniff=functools.partial(vtk_xml.is_of, "PolyData"),
    prepare=_prepare,
    counts=rb"\b(NumberOf\w+)\s*=\s*[\"']\s*",
    read=_read,
    write=_write,
    attach=vtk_xml_fields.attach,
)
