"""XML looked through before a reader does: what it declares, how it is written, and which data it refers to."""

import dataclasses
import math
import re
from xml.parsers import expat

from enf2enf.errors import MeshError

_PLAIN_XDMF = re.compile(rb"<!DOCTYPE\s+Xdmf\s+SYSTEM\s+[\"']Xdmf\.dtd[\"']\s*(\[\s*\])?\s*>")
_TAGS = 200_000


def plain(name: str, data: bytes) -> bytes:
    """XML without declarations that could grow or fetch anything.

    Raises:
        MeshError: it declares entities or a document type (other than XDMF's customary empty one), is written in
            16-bit characters, where one would not see that, or is nothing but tags.
    """
    data = _PLAIN_XDMF.sub(b"", data, count=1)
    if found := re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise MeshError(name, "plain XML", f"a declaration <!{found[1].decode().upper()}")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:16]:
        raise MeshError(name, "XML in UTF-8", "16-bit characters")
    end = data.find(b"<AppendedData")
    if (tags := data.count(b"<", 0, len(data) if end < 0 else end)) > _TAGS:
        raise MeshError(name, f"at most {_TAGS} XML tags", str(tags))
    return data


@dataclasses.dataclass
class DataItem:
    """An array in XDMF: its attributes, and its text or the place where it is."""

    attributes: dict[str, str]
    text: str = ""


def data_items(name: str, data: bytes) -> list[DataItem]:
    """All arrays of an XDMF document, as an XML reader sees them; of a document that is none, nothing.

    Raises:
        MeshError: an array that claims more numbers than it has characters, or a document within the document.
    """
    found, parser = _Items(), expat.ParserCreate()
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
        plain(name, text.encode())
    return found.items


class _Items:
    """Handlers that gather the arrays, and the texts of `Information`, which may be XML once more."""

    def __init__(self):
        self.items: list[DataItem] = []
        self.notes: list[str] = []
        self._open: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        if tag == "DataItem":
            self.items.append(DataItem(attributes))
        elif tag == "Information":
            self.notes.append("")

    def end(self, tag: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        if self._open[-1:] == ["DataItem"]:
            self.items[-1].text += text
        elif self._open[-1:] == ["Information"]:
            self.notes[-1] += text
