"""The mesh formats that are read and written: one file each, listed here, told apart by name and by content."""

import re
from pathlib import PurePath

from enf2enf.errors import MeshError
from enf2enf.io import magic, text
from enf2enf.io.format import Format
from enf2enf.io.formats import abaqus, cgns, csv, gmsh, med, nastran, obj, ply, stl, su2, vtk, vtp, vtu, xdmf
from enf2enf.plain import shown

# In the order in which users are told of them, and in which a file under a wrong name is compared with them.
_MODULES = (vtu, vtk, gmsh, vtp, xdmf, med, cgns, ply, su2, abaqus, nastran, stl, obj, csv)
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}


def named(name: str) -> Format:
    """The format of a file name, of a format's own name, or of an extension without its dot.

    Raises:
        MeshError: none of them.
    """
    key = name.lower()
    if key in FORMATS:
        return FORMATS[key]
    suffix = PurePath(key).suffix
    for candidate in FORMATS.values():
        if suffix in candidate.extensions or f".{key}" in candidate.extensions:
            return candidate
    raise MeshError(name, f"a mesh in one of the formats {', '.join(FORMATS)}", shown(suffix or "no extension"))


def is_known(name: str) -> bool:
    """Whether a file name has the extension of a format."""
    return any(PurePath(name.lower()).suffix in candidate.extensions for candidate in FORMATS.values())


def check(name: str, expected: Format, data: bytes) -> None:
    """Looks at a file's first bytes before anything parses it.

    Raises:
        MeshError: it is empty, or not what its name says.
    """
    if not expected.sniff(data):
        raise MeshError(name, f"{expected.label} as its name says", describe(data))


def describe(data: bytes) -> str:
    """What a file is, judged by its bytes."""
    if not data.strip():
        return "an empty file" if not data else "a file of blanks"
    for candidate in FORMATS.values():
        if candidate.distinctive and candidate.sniff(data):
            return f"{candidate.label} data"
    if root := re.search(rb"<([A-Za-z]\w*)([^<>]*)", data[:4096]) if data.lstrip()[:1] == b"<" else None:
        kind = re.search(rb"type=[\"'](\w+)", root[2])
        return f"XML of {(kind or root)[1].decode()}"
    return magic.known(data) or ("text" if text.is_text(data) else "binary data")
