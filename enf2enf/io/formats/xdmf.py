"""XDMF: an XML document, with its arrays in it or in HDF5 files beside it; a reader of ours, meshio's writer."""

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import hdf5, markup, xdmf_cells, xdmf_grid
from enf2enf.io.format import QUADRATIC, Format
from enf2enf.io.patches import mark

_DOCUMENT_TYPE = re.compile(rb"<!DOCTYPE\s+Xdmf\s+SYSTEM\s+[\"']Xdmf\.dtd[\"']\s*(\[\s*\])?\s*>")


def _sniff(data: bytes) -> bool:
    return data.lstrip()[:1] == b"<" and b"<Xdmf" in data[:65536]


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    return xdmf_grid.alone(name, _plain(name, data)), {}


def _read(path: Path):
    raw = xdmf_cells.read(path)
    raw.info += xdmf_grid.remarks(path)
    return raw


def _plain(name: str, data: bytes) -> bytes:
    """Plain XML; the customary document type, which is empty, is no declaration to refuse."""
    return markup.plain(name, _DOCUMENT_TYPE.sub(b"", data, count=1))


def _companions(name: str, data: bytes, folder: Path | None) -> list[Path]:
    """The HDF5 files that a document refers to.

    Raises:
        MeshError: a reference to a file that is elsewhere, missing, not HDF5, or any at all for bytes alone.
    """
    found = []
    for item in _arrays(name, data):
        kind, file = item.attributes.get("Format", "").lower(), item.text.strip().partition(":")[0]
        if kind == "binary":
            raise MeshError(name, "inline or HDF5 data", "a reference to a raw binary file")
        if kind != "hdf":
            continue
        if folder is None:
            raise MeshError(name, 'inline data (Format="XML")', f"a reference to the file {file!r}")
        if file != Path(file).name or not (folder / file).is_file() or (folder / file).is_symlink():
            raise MeshError(name, "HDF5 data in a file beside it", f"a reference to {file!r}")
        found.append(folder / file)
    return sorted(set(found))


@dataclasses.dataclass
class _Array:
    """A `DataItem`: its attributes, and its text or the place where it is."""

    attributes: dict[str, str]
    text: str = ""


def _arrays(name: str, data: bytes) -> list[_Array]:
    """All arrays of a document, as an XML reader sees them; of a document that is none, nothing.

    Raises:
        MeshError: an array that claims more numbers than it has characters, or a document within the document.
    """
    found, parser = _Arrays(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.CharacterDataHandler = found.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return []  # the reader will find the same
    for item in found.items:
        if item.attributes.get("Format") != "XML":
            continue
        dims = [int(n) for n in item.attributes.get("Dimensions", "").split() if re.fullmatch(r"[0-9]{1,18}", n)]
        if math.prod(dims) > len(data):
            raise MeshError(name, "as many numbers as the file has room for", f"Dimensions {dims}")
    for text in found.notes:
        _plain(name, text.encode())
    return found.items


class _Arrays:
    """Handlers that gather the arrays, and the texts of `Information`, which may be XML once more."""

    def __init__(self):
        self.items: list[_Array] = []
        self.notes: list[str] = []
        self._open: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        if tag == "DataItem":
            self.items.append(_Array(attributes))
        elif tag == "Information":
            self.notes.append("")

    def end(self, tag: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        if self._open[-1:] == ["DataItem"]:
            self.items[-1].text += text
        elif self._open[-1:] == ["Information"]:
            self.notes[-1] += text


def _inspect(name: str, path: Path) -> None:
    for file in sorted(path.parent.iterdir()):
        if file != path:
            hdf5.check(name, file)


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    mark(raw, tags, names)
    meshio.xdmf.write(str(path), raw, data_format="XML")


def _attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """Adds them to the text of a document of one grid."""
    data = path.read_bytes()
    if len(re.findall(rb"<Grid\b", data)) != 1:
        raise ValueError("several grids")
    for name, values in fields.items():
        quoted = quoteattr(name).encode()
        title = rb"<Attribute\b[^<>]*\bName=" + re.escape(quoted) + rb"[^<>]*>.*?</Attribute>\s*"
        kind = {1: "Scalar", 3: "Vector", 6: "Tensor6"}[values[:1].size]
        shape, rows = " ".join(map(str, values.shape)), values.reshape(len(values), -1).tolist()
        text = f'<Attribute Name={quoted.decode()} AttributeType="{kind}" Center="Node">'
        text += f'<DataItem DataType="Float" Dimensions="{shape}" Format="XML" Precision="8">\n'
        text += "".join(" ".join(map(repr, row)) + "\n" for row in rows) + "</DataItem></Attribute>\n"
        data = re.sub(title, b"", data, flags=re.DOTALL).replace(b"</Grid>", text.encode() + b"</Grid>")
    path.write_bytes(data)


FORMAT = Format(
    name="xdmf",
    label="XDMF",
    extensions=(".xdmf", ".xmf"),
    kinds=QUADRATIC | {"quad9", "vertex"},
    fields=True,
    cell_fields=True,
    patches=True,
    sniff=_sniff,
    prepare=_prepare,
    counts=rb"\b(NumberOfElements|Dimensions)\s*=\s*[\"'][\d\s]*",
    companions=_companions,
    inspect=_inspect,
    read=_read,
    write=_write,
    attach=_attach,
)
