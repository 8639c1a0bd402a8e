"""Legacy VTK by meshio: names without blanks, and the types of version 5.1."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np

from enf2enf.io.format import QUADRATIC, Format, meshio_reader
from enf2enf.io.patches import mark
from enf2enf.io.vtk_cells import in_order

_TYPES = {
    b"unsigned_char": b"vtktypeuint8", b"char": b"vtktypeint8",
    b"unsigned_int": b"vtktypeuint32", b"int": b"vtktypeint32",
}  # fmt: skip
_SAFE = ":[]()+-*=@"  # of what a name may hold; blanks end it
_meshio = meshio_reader("vtk")


def _sniff(data: bytes) -> bool:
    return data.startswith(b"# vtk DataFile")


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    """In version 5.1 meshio takes `int` for eight bytes, and does not know the other C types."""
    if not data.startswith(b"# vtk DataFile Version 5"):
        return data, {}
    pattern = rb"^(\S+ \d+ \d+|SCALARS \S+|POINTS \d+) (unsigned_char|char|unsigned_int|int)\b"
    return re.sub(pattern, lambda found: found[1] + b" " + _TYPES[found[2]], data, flags=re.MULTILINE), {}


def _read(path: Path):
    from meshio.vtk import _vtk_51

    with in_order(_vtk_51):
        raw = _meshio(path)
    raw.point_data = {unquote(key): values for key, values in raw.point_data.items()}
    raw.cell_data = {unquote(key): values for key, values in raw.cell_data.items()}
    return raw


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    mark(raw, tags, names)
    raw.point_data = {quote(key, safe=_SAFE): values for key, values in raw.point_data.items()}
    raw.cell_data = {quote(key, safe=_SAFE): values for key, values in raw.cell_data.items()}
    # VTK's own reader does not know the integer types that meshio writes into version 5.1.
    meshio.vtk.write(str(path), raw, fmt_version="4.2")


FORMAT = Format(
    name="vtk",
    label="legacy VTK",
    extensions=(".vtk",),
    kinds=QUADRATIC | {"quad9"},
    fields=True,
    patches=True,
    sniff=_sniff,
    prepare=_prepare,
    counts=rb"^(POINTS|CELLS|CELL_TYPES|POINT_DATA|CELL_DATA)\s[\d\s]*",
    read=_read,
    write=_write,
)
