"""Text and XML put into the form that meshio's readers know, and its writers' text into ours."""

import re

from enf2enf.errors import MeshError
from enf2enf.io.markup import plain

# Abaqus elements by the shape alone: meshio knows one name of each shape.
_ABAQUS = (
    (r"(CPS|CPE|CPEG|CAX|CGAX|DC2D|AC2D|M2D|S|R3D|STRI)3\w*", "CPS3"),
    (r"(CPS|CPE|CPEG|CAX|CGAX|DC2D|AC2D|S|R3D)4\w*", "CPS4"),
    (r"(CPS|CPE|CPEG|CAX|CGAX|DC2D|AC2D|STRI)65?\w*", "STRI65"),
    (r"(CPS|CPE|CPEG|CAX|CGAX|DC2D|AC2D|S)8\w*", "S8R"),
)
# meshio writes the last name it knows of a shape: a pore-pressure quadrilateral, a rigid triangle.
_ABAQUS_PLAIN = {
    b"CAX4P": b"TYPE=CPS4\n", b"R3D3": b"TYPE=CPS3\n", b"CPE6": b"TYPE=CPS6\n", b"S8R5": b"TYPE=CPS8R\n",
    b"B33": b"TYPE=T2D2\n", b"B33H": b"TYPE=T2D3\n",
}  # fmt: skip
_VTK_TYPES = {
    b"unsigned_char": b"vtktypeuint8", b"char": b"vtktypeint8",
    b"unsigned_int": b"vtktypeuint32", b"int": b"vtktypeint32",
}  # fmt: skip
_NASTRAN_NAME = re.compile(r"^\$HMNAME\s+(?:COMP|PROP)\s+(\d+)\s*\"([^\"\n]+)\"", re.MULTILINE)
_SU2_MARKER = re.compile(r"^[ \t]*MARKER_TAG[ \t]*=[ \t]*(\S[^\n]*)$", re.MULTILINE)


def prepared(format_name: str, name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    """The bytes for meshio's reader, and what tags are called: tag -> name.

    Raises:
        MeshError: bytes that must not be parsed (entities), or that would be read wrongly (several pieces, includes).
    """
    match format_name:
        case "vtu":
            return _vtu(name, plain(name, data)), {}
        case "xdmf":
            return plain(name, data), {}
        case "su2" | "abaqus" | "nastran" | "obj":
            text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n") + "\n"
            text, names = {"su2": _su2, "abaqus": _abaqus, "nastran": _nastran, "obj": _obj}[format_name](name, text)
            return text.encode(), names
        case "vtk":
            return _vtk(data), {}
        case "ply":
            return _ply(name, data), {}
    return data, {}


def _vtu(name: str, data: bytes) -> bytes:
    if (pieces := len(re.findall(rb"<Piece\b", data))) != 1:  # meshio keeps the last one only
        raise MeshError(name, "a VTU file of one piece", f"{pieces} pieces")
    if re.search(rb"<Piece\b[^<>]*NumberOfCells=\"\s*0\s*\"", data):
        raise MeshError(name, "at least one cell", "none")
    if re.search(rb"\bName\s*=\s*[\"']faceoffsets", data):  # meshio follows their counts wherever they lead
        raise MeshError(name, "cells of a plane mesh", "polyhedra")
    if b"LZ4DataCompressor" in data[:4096]:
        raise MeshError(name, "VTU data compressed by zlib or LZMA", "LZ4")
    # Later versions differ in polyhedra alone.
    return re.sub(rb"(<VTKFile\b[^<>]*\bversion=\")2\.\d+\"", rb'\g<1>1.0"', data, count=1)


def _vtk(data: bytes) -> bytes:
    """In version 5.1 meshio takes `int` for eight bytes, and does not know the other C types."""
    if not data.startswith(b"# vtk DataFile Version 5"):
        return data
    pattern = rb"^(\S+ \d+ \d+|SCALARS \S+|POINTS \d+) (unsigned_char|char|unsigned_int|int)\b"
    return re.sub(pattern, lambda found: found[1] + b" " + _VTK_TYPES[found[2]], data, flags=re.MULTILINE)


def _ply(name: str, data: bytes) -> bytes:
    """A count that the file has no room for would keep meshio counting, a header without end reading."""
    if not re.search(rb"^[ \t]*end_header[ \t\r]*$", data, re.MULTILINE):
        raise MeshError(name, "a PLY header that ends", "one that breaks off")
    head = data[: max(data.find(b"end_header"), 0)]
    for kind, count in re.findall(rb"^element\s+(\w+)\s+(\d+)", head, re.MULTILINE):
        if int(count) > len(data):
            raise MeshError(name, "as many elements as the file has room for", f"{int(count)} {kind.decode()} elements")
    return data


def _su2(name: str, text: str) -> tuple[str, dict[int, str]]:
    """Markers are named by text, which meshio would replace by numbers of its own."""
    text = re.sub(r"^[ \t]*([A-Z_]+)[ \t]*=[ \t]*", r"\1= ", text, flags=re.MULTILINE)
    names: dict[int, str] = {}

    def number(found: re.Match) -> str:
        tag = found[1].rstrip()
        names[len(names) + 1] = f"tag_{tag}" if tag.isdigit() else tag
        return f"MARKER_TAG= {len(names)}"

    return _SU2_MARKER.sub(number, text), names


def _abaqus(name: str, text: str) -> tuple[str, dict[int, str]]:
    if "INCLUDE" in text.upper().replace("*", "") and any(map(_includes, text.split("\n"))):
        raise MeshError(name, "an Abaqus file that is complete in itself", "an *INCLUDE of another file")

    def known(found: re.Match) -> str:
        kind = next((ours for theirs, ours in _ABAQUS if re.fullmatch(theirs, found[2].upper())), found[2].upper())
        return found[1] + kind

    return re.sub(r"^(\*ELEMENT\b[^\n]*?\bTYPE\s*=\s*)(\w+)", known, text, flags=re.IGNORECASE | re.MULTILINE), {}


def _includes(line: str) -> bool:
    """Whether meshio, which forgives blanks and takes asterisks anywhere, would open another file here."""
    return not line.startswith("**") and line.partition(",")[0].strip().replace("*", "").upper() == "INCLUDE"


def _nastran(name: str, text: str) -> tuple[str, dict[int, str]]:
    text = re.sub(r"^[ \t]*BEGIN[ \t]+BULK", "BEGIN BULK", text, flags=re.IGNORECASE | re.MULTILINE)
    begun = re.search(r"^BEGIN BULK", text, re.MULTILINE)
    if not (begun and text.find("\nENDDATA", begun.end()) >= 0):  # without it meshio reads for ever
        raise MeshError(name, "a Nastran file that ends with ENDDATA", "one that breaks off")
    return text, {int(tag): found for tag, found in _NASTRAN_NAME.findall(text)}


def _obj(name: str, text: str) -> tuple[str, dict[int, str]]:
    """Normals and textures are numbered apart from the points, which meshio does not bear."""
    return re.sub(r"^[ \t]*v[nt][ \t][^\n]*\n", "", text, flags=re.MULTILINE), {}


def finished(format_name: str, data: bytes, names: list[str]) -> bytes:
    """What meshio's writer made, with the names of tags and without the date."""
    match format_name:
        case "obj":
            return re.sub(rb"^# Created by [^\n]*\n", b"", data, count=1)
        case "ply":
            return re.sub(rb"^(comment Created by meshio[^,\n]*)[^\n]*", rb"\1", data, count=1, flags=re.MULTILINE)
        case "su2":
            text = data.decode()
            for number, name in enumerate(names, start=1):
                text = re.sub(rf"^MARKER_TAG= {number}$", f"MARKER_TAG= {name}", text, count=1, flags=re.MULTILINE)
            return text.encode()
        case "abaqus":
            return re.sub(rb"TYPE=(CAX4P|R3D3|CPE6|S8R5|B33H?)\n", lambda found: _ABAQUS_PLAIN[found[1]], data)
    return data
