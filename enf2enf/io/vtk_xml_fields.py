"""Nodal fields added to VTK's XML files: arrays in the text, in the form that the file has for its own."""

import base64
import lzma
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

_PACKERS = {b"vtkZLibDataCompressor": zlib.compress, b"vtkLZMADataCompressor": lzma.compress}
_HEADERS = {b"UInt32": "u4", b"UInt64": "u8"}


def attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """See `Format.attach`."""
    data = path.read_bytes()
    behind = data.find(b"<AppendedData")
    head, rest = (data, b"") if behind < 0 else (data[:behind], data[behind:])
    (root,) = re.findall(rb"<VTKFile\b([^<>]*)>", head)
    arrays = "".join(_array(root, name, values) for name, values in fields.items()).encode()
    names = b"|".join(re.escape(escape(name, {'"': "&quot;"}).encode()) for name in fields)
    old = rb"<DataArray\b[^<>]*\bName=[\"'](?:" + names + rb")[\"'][^<>]*?(?:/>|>[^<>]*</DataArray>)"
    section = re.search(rb"<PointData\b([^<>]*?)(?:/>|>(.*?)</PointData>)", head, re.DOTALL)
    if section is None:
        (piece,) = re.findall(rb"<Piece\b[^<>]*>", head)
        head = head.replace(piece, piece + b"<PointData>" + arrays + b"</PointData>")
    else:
        kept = re.sub(old, b"", section[2] or b"")
        inner = b"<PointData" + section[1] + b">" + kept + arrays + b"</PointData>"
        head = head[: section.start()] + inner + head[section.end() :]
    path.write_bytes(head + rest)


def _array(root: bytes, name: str, values: np.ndarray) -> str:
    """An array; what its bytes are like, attributes of the root say."""
    said = dict(re.findall(rb"(\w+)\s*=\s*[\"']([^\"']*)[\"']", root))
    order = ">" if said.get(b"byte_order") == b"BigEndian" else "<"
    plain, size = values.astype(f"{order}f8").tobytes(), np.dtype(order + _HEADERS[said.get(b"header_type", b"UInt32")])
    if said.get(b"compressor"):
        packed = _PACKERS[said[b"compressor"]](plain)
        parts = [np.array([1, len(plain), len(plain), len(packed)], size).tobytes(), packed]
    else:
        parts = [np.array([len(plain)], size).tobytes() + plain]
    text = "".join(base64.b64encode(part).decode() for part in parts)
    width = f' NumberOfComponents="{values.shape[1]}"' if values.ndim > 1 else ""
    quoted = escape(name, {'"': "&quot;"})
    return f'<DataArray type="Float64" Name="{quoted}"{width} format="binary">{text}</DataArray>\n'
