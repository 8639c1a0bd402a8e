"""The mesh formats: their names, their extensions, how their first bytes look and what they can carry."""

import dataclasses
import re
from pathlib import PurePath

from enf2enf.errors import MeshError

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ARCHIVES_AND_IMAGES = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a ZIP archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    _HDF5: "an HDF5 file of another kind",
}
_PLANE = frozenset({"line", "triangle", "quad"})
_QUADRATIC = _PLANE | {"line3", "triangle6", "quad8"}


@dataclasses.dataclass(frozen=True)
class Format:
    """A mesh format.

    Args:
        name: what users and the wire call it.
        label: what a sentence calls it.
        extensions: of its files.
        kinds: the cell kinds it can hold, as far as they matter in the plane.
        fields: whether it carries nodal fields.
        patches: whether it carries named patches.
    """

    name: str
    label: str
    extensions: tuple[str, ...]
    kinds: frozenset[str]
    fields: bool
    patches: bool


FORMATS = {
    format_.name: format_
    for format_ in (
        Format("vtu", "VTU", (".vtu",), _QUADRATIC | {"quad9"}, fields=True, patches=True),
        Format("vtk", "legacy VTK", (".vtk",), _QUADRATIC | {"quad9"}, fields=True, patches=True),
        Format("gmsh", "Gmsh", (".msh",), _QUADRATIC | {"quad9"}, fields=True, patches=True),
        Format("xdmf", "XDMF", (".xdmf", ".xmf"), _PLANE | {"triangle6"}, fields=True, patches=True),
        Format("med", "MED", (".med",), _QUADRATIC, fields=True, patches=True),
        Format("cgns", "CGNS", (".cgns",), _QUADRATIC | {"quad9"}, fields=True, patches=True),
        Format("ply", "PLY", (".ply",), _PLANE - {"line"}, fields=True, patches=False),
        Format("su2", "SU2", (".su2",), _PLANE, fields=False, patches=True),
        Format("abaqus", "Abaqus", (".inp",), _QUADRATIC, fields=False, patches=True),
        Format("nastran", "Nastran", (".bdf", ".nas", ".fem"), _PLANE | {"triangle6", "quad8"}, False, patches=True),
        Format("stl", "STL", (".stl",), frozenset({"triangle"}), fields=False, patches=False),
        Format("obj", "OBJ", (".obj",), _PLANE - {"line"}, fields=False, patches=False),
        Format("csv", "CSV", (".csv",), frozenset({"line"}), fields=False, patches=True),
    )
}
_ALIASES = {"msh": "gmsh", "inp": "abaqus", "bdf": "nastran", "nas": "nastran", "xmf": "xdmf", "fem": "nastran"}


def named(name: str) -> Format:
    """The format of a file name, or of a format's own name.

    Raises:
        MeshError: neither.
    """
    key = name.lower()
    if key in FORMATS or key in _ALIASES:
        return FORMATS[_ALIASES.get(key, key)]
    suffix = PurePath(key).suffix
    for candidate in FORMATS.values():
        if suffix in candidate.extensions:
            return candidate
    raise MeshError(name, f"a mesh in one of the formats {', '.join(FORMATS)}", repr(suffix or "no extension"))


def check(name: str, expected: Format, data: bytes) -> None:
    """Looks at a file's first bytes before anything parses it.

    Raises:
        MeshError: it is empty, or not what its name says.
    """
    if _fits(expected, data):
        return
    raise MeshError(name, f"{expected.label} as its name says", describe(data))


def describe(data: bytes) -> str:
    """What a file is, judged by its bytes."""
    if not data.strip():
        return "an empty file" if not data else "a file of blanks"
    for candidate in FORMATS.values():
        if candidate.name not in ("csv", "obj", "cgns", "med") and _fits(candidate, data):
            return f"{candidate.label} data"
    if root := re.search(rb"<([A-Za-z]\w*)([^<>]*)", data[:4096]) if data.lstrip()[:1] == b"<" else None:
        kind = re.search(rb"type=[\"'](\w+)", root[2])
        return f"XML of {(kind or root)[1].decode()}"
    known = [what for magic, what in _ARCHIVES_AND_IMAGES.items() if data.startswith(magic)]
    return known[0] if known else "text" if _is_text(data) else "binary data"


def _fits(expected: Format, data: bytes) -> bool:
    head = data[:65536]
    match expected.name:
        case "vtu":
            return bool(re.search(rb"<VTKFile\b[^<>]*type=[\"']UnstructuredGrid", head))
        case "xdmf":
            return data.lstrip()[:1] == b"<" and b"<Xdmf" in head
        case "vtk":
            return head.startswith(b"# vtk DataFile")
        case "gmsh":
            return head.lstrip().startswith((b"$MeshFormat", b"$Comments"))
        case "ply":
            return head.startswith((b"ply\n", b"ply\r"))
        case "med" | "cgns":
            return head.startswith(_HDF5)
        case "stl":
            count = int.from_bytes(data[80:84], "little")
            return len(data) == 84 + 50 * count > 84 or (_is_text(data) and head.lstrip().startswith(b"solid"))
    return _is_text(data) and bool(re.search(_TEXT[expected.name], data, re.IGNORECASE | re.MULTILINE))


_TEXT = {
    "su2": rb"^[ \t]*NDIME[ \t]*=",
    "abaqus": rb"^\*NODE\b",
    "nastran": rb"^[ \t]*BEGIN[ \t]+BULK",
    "obj": rb"^v\s+[-+.\d]",
    "csv": rb"^[-+.\d\w\"#]",
}


def _is_text(data: bytes) -> bool:
    head = data[:4096]
    return b"\0" not in head and not any(head.startswith(magic) for magic in _ARCHIVES_AND_IMAGES)
