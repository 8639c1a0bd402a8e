"""Abaqus input files, written by meshio and read here: it leaves out what follows a comment, and every move."""

import re
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import text
from enf2enf.io.decks.abaqus import read
from enf2enf.io.format import QUADRATIC, Format

# meshio writes the last name it knows of a shape: a pore-pressure quadrilateral, a rigid triangle.
_PLAIN = {
    b"CAX4P": b"TYPE=CPS4\n", b"R3D3": b"TYPE=CPS3\n", b"CPE6": b"TYPE=CPS6\n", b"S8R5": b"TYPE=CPS8R\n",
    b"B33": b"TYPE=T2D2\n", b"B33H": b"TYPE=T2D3\n",
}  # fmt: skip


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^[ \t]*\*(NODE|ELEMENT|HEADING|PART|INCLUDE)\b")


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    lines = text.decoded(data)
    if "INCLUDE" in lines.upper().replace("*", "") and any(map(_includes, lines.split("\n"))):
        raise MeshError(name, "an Abaqus file that is complete in itself", "an *INCLUDE of another file")
    return data, {}


def _includes(line: str) -> bool:
    """Whether a reader that forgives blanks and takes asterisks anywhere would open another file here."""
    return not line.startswith("**") and line.partition(",")[0].strip().replace("*", "").upper() == "INCLUDE"


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    for number, name in enumerate(names, start=1):
        raw.cell_sets[name] = [np.flatnonzero(tag == number) for tag in tags]
    meshio.abaqus.write(str(path), raw)
    text.edit(path, _plainly_typed)


def _plainly_typed(data: bytes) -> bytes:
    return re.sub(rb"TYPE=(CAX4P|R3D3|CPE6|S8R5|B33H?)\n", lambda found: _PLAIN[found[1]], data)


FORMAT = Format(
    name="abaqus",
    label="Abaqus",
    extensions=(".inp",),
    kinds=QUADRATIC,
    fields=False,
    patches=True,
    sniff=_sniff,
    prepare=_prepare,
    read=read,
    write=_write,
)
