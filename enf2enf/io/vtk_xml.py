"""VTK's XML files: their elements, and the arrays in them, behind them, or in text."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import allowance, markup

_TYPES = {
    "Float32": "f4", "Float64": "f8", "Int8": "i1", "Int16": "i2", "Int32": "i4", "Int64": "i8",
    "UInt8": "u1", "UInt16": "u2", "UInt32": "u4", "UInt64": "u8",
}  # fmt: skip
Bytes = bytes | memoryview
_BLANKS = b" \t\n\r\v\f"
_APPENDED = re.compile(rb"<AppendedData\b([^<>]*)>")


def is_of(kind: str, data: bytes) -> bool:
    """Whether the bytes look like a file of this type of VTK's."""
    return bool(re.search(rb"<VTKFile\b[^<>]*type=[\"']" + kind.encode(), data[:65536]))


def check(name: str, label: str, data: bytes) -> bytes:
    """The bytes of a file, a `label` one, as they may be parsed.

    Raises:
        MeshError: it is no plain XML, has several pieces, or data in a form that only VTK reads.
    """
    data = markup.plain(name, data)
    if (pieces := len(re.findall(rb"<Piece\b", data))) != 1:
        raise MeshError(name, f"a {label} file of one piece", f"{pieces} pieces")
    if b"LZ4DataCompressor" in data[:4096]:
        raise MeshError(name, f"{label} data compressed by zlib or LZMA", "LZ4")
    return data


class Document:
    """A file of VTK's XML, of one piece.

    Args:
        path: the file, which `check` has looked at.

    Raises:
        ValueError: it breaks off or is no such file.
    """

    def __init__(self, path: Path):
        data = path.read_bytes()
        self._appended, self._is_raw = memoryview(b""), False
        if found := _APPENDED.search(data):
            self._is_raw = b"raw" in found[1]
            start, end = data.find(b"_", found.end()) + 1, data.rfind(b"</AppendedData")
            if not 0 < start <= end:
                raise ValueError("appended data that break off")
            self._appended = memoryview(data)[start:end]
            data = data[: found.end()] + data[end:]
        root = ElementTree.fromstring(data)
        self._order = ">" if root.get("byte_order") == "BigEndian" else "<"
        self._header = np.dtype(self._order + _TYPES[root.get("header_type", "UInt32")])
        self._room = allowance.room()
        unpackers = {"vtkZLibDataCompressor": self._room.inflated, "vtkLZMADataCompressor": self._room.unlzma}
        self._unpack = unpackers[root.get("compressor", "")] if root.get("compressor") else None
        whole = _only(root, root.get("type", ""))
        self.field_names = [item.get("Name", "") for item in whole.iterfind("FieldData/*")]
        self.piece = _only(whole, "Piece")

    def points(self) -> np.ndarray:
        """Coordinates."""
        found = self.values(_only(_only(self.piece, "Points"), "DataArray"))
        return found.reshape(int(self.piece.get("NumberOfPoints", 0)), 3)

    def data(self, section: str) -> dict[str, np.ndarray]:
        """The arrays of numbers in a section of the piece, by name; texts are not among them."""
        items = () if self.piece.find(section) is None else _only(self.piece, section).findall("DataArray")
        return {item.get("Name", ""): self.values(item) for item in items if item.get("type") in _TYPES}

    def values(self, item: ElementTree.Element) -> np.ndarray:
        """The numbers of an array, in rows where it has several components; its text is gone afterwards."""
        dtype, form = np.dtype(_TYPES[item.get("type", "")]), item.get("format", "ascii")
        text, item.text = item.text or "", None  # most of the file, and read once
        if form == "ascii":
            found = _from_text(text, dtype)
        else:
            packed = self._behind(item) if form == "appended" else text.encode().translate(None, _BLANKS)
            del text
            is_raw = form == "appended" and self._is_raw
            plain = self._plain(memoryview(packed), _raw if is_raw else _base64)
            found = np.frombuffer(plain, self._order + dtype.str[1:]).astype(dtype)
        width = int(item.get("NumberOfComponents") or 1)
        return found.reshape(-1, width) if width > 1 else found

    def _behind(self, item: ElementTree.Element) -> memoryview:
        offset = int(item.get("offset", -1))
        if not 0 <= offset < len(self._appended):
            raise ValueError(f"appended data at {offset}, of {len(self._appended)} bytes")
        return self._appended[offset:]

    def _plain(self, packed: memoryview, take: "_Take") -> Bytes:
        """The bytes of an array: behind their number, or in blocks behind the sizes of these."""
        width = self._header.itemsize
        head, after = take(packed, 0, width)
        count = int(np.frombuffer(head, self._header)[0])
        if self._unpack is None:
            self._room.take(count)
            alone = take is _raw or b"=" in bytes(packed[:after])  # in base64 it may be one text with what follows
            found, _ = take(packed, after, count) if alone else take(packed, 0, width + count)
            return found if alone else found[width:]
        self._room.check(count)
        head, after = take(packed, 0, (3 + count) * width) if count else (head, after)
        ends = np.cumsum(np.frombuffer(head, self._header)[3:].astype(np.int64)).tolist()
        blocks, _ = take(packed, after, ends[-1] if ends else 0)
        return b"".join(self._unpack(blocks[first:last]) for first, last in zip([0, *ends], ends, strict=False))


_Take = Callable[[memoryview, int, int], tuple[Bytes, int]]


def _raw(packed: memoryview, start: int, count: int) -> tuple[Bytes, int]:
    """So many bytes from a place on, and the place behind them."""
    return _whole(bytes(packed[start : start + count]), count), start + count


def _base64(packed: memoryview, start: int, count: int) -> tuple[Bytes, int]:
    """The same of bytes written as text; the places are in the text."""
    end = start + -(-count // 3) * 4
    return _whole(memoryview(base64.b64decode(packed[start:end]))[:count], count), end


def _whole(found: Bytes, count: int) -> Bytes:
    if len(found) != count:
        raise ValueError(f"{len(found)} of {count} bytes")
    return found


def _from_text(text: str, dtype: np.dtype) -> np.ndarray:
    if not text.strip():
        return np.zeros(0, dtype)
    return np.fromstring(text, np.float64 if dtype.kind == "f" else np.int64, sep=" ").astype(dtype)


def _only(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    if len(found := parent.findall(tag)) != 1:
        raise ValueError(f"{len(found)} {tag} in {parent.tag}")
    return found[0]
