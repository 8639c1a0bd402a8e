"""SU2 by meshio, which numbers the markers that the file names."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import text
from enf2enf.io.format import LINEAR, Format, meshio_reader
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import Mesh

_MARKER = re.compile(r"^[ \t]*MARKER_TAG[ \t]*=[ \t]*(\S[^\n]*)$", re.MULTILINE)


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^[ \t]*NDIME[ \t]*=")


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    """Markers are named by text, which meshio would replace by numbers of its own."""
    lines = re.sub(r"^[ \t]*([A-Z_]+)[ \t]*=[ \t]*", r"\1= ", text.decoded(data), flags=re.MULTILINE)
    names: dict[int, str] = {}

    def number(found: re.Match) -> str:
        tag = found[1].rstrip()
        names[len(names) + 1] = f"tag_{tag}" if tag.isdigit() else tag
        return f"MARKER_TAG= {len(names)}"

    return _MARKER.sub(number, lines).encode(), names


def _validate(name: str, mesh: Mesh) -> None:
    if all(topology.is_curve(block.kind) for block in mesh.cells if len(block.nodes)):
        raise MeshError(name, "surface cells", "curves alone")


class _Pair(NamedTuple):
    """A block as meshio's writer wants it, which unpacks what meshio's own class does not let it."""

    type: str
    data: np.ndarray


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    kept = [(tag > 0) | (block.dim > 1) for block, tag in zip(raw.cells, tags, strict=True)]
    raw.cells = [_Pair(b.type, b.data[keep]) for b, keep in zip(raw.cells, kept, strict=True)]
    raw.cell_data["su2:tag"] = [tag[keep] for tag, keep in zip(tags, kept, strict=True)]
    meshio.su2.write(str(path), raw)
    text.edit(path, lambda data: _named(data.decode(), names).encode())


def _named(lines: str, names: list[str]) -> str:
    """All at once: a name may itself be a number."""
    return re.sub(r"^(MARKER_TAG= )([1-9]\d*)$", lambda m: m[1] + names[int(m[2]) - 1], lines, flags=re.MULTILINE)


FORMAT = Format(
    name="su2",
    label="SU2",
    extensions=(".su2",),
    kinds=LINEAR,
    fields=False,
    patches=True,
    sniff=_sniff,
    prepare=_prepare,
    counts=rb"^(N[A-Z]+|MARKER_ELEMS)= ",
    read=meshio_reader("su2"),
    validate=_validate,
    plane=True,
    write=_write,
)
