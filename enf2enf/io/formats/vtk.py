"""Legacy VTK: a reader of ours, meshio's writer; names without blanks."""

from pathlib import Path
from urllib.parse import quote

import numpy as np

from enf2enf.io import vtk_legacy, vtk_legacy_fields
from enf2enf.io.format import QUADRATIC, Format
from enf2enf.io.patches import mark


def _sniff(data: bytes) -> bool:
    return data.startswith(b"# vtk DataFile")


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    mark(raw, tags, names)
    raw.point_data = {quote(key, safe=vtk_legacy_fields.SAFE): values for key, values in raw.point_data.items()}
    raw.cell_data = {quote(key, safe=vtk_legacy_fields.SAFE): values for key, values in raw.cell_data.items()}
    # VTK's own reader does not know the integer types that meshio writes into version 5.1.
    meshio.vtk.write(str(path), raw, fmt_version="4.2")


FORMAT = Format(
    name="vtk",
    label="legacy VTK",
    extensions=(".vtk",),
    kinds=QUADRATIC | {"quad9", "polygon", "vertex"},
    fields=True,
    cell_fields=True,
    patches=True,
    sniff=_sniff,
    counts=rb"^(POINTS|CELLS|CELL_TYPES|POINT_DATA|CELL_DATA)\s[\d\s]*",
    read=vtk_legacy.read,
    write=_write,
    attach=vtk_legacy_fields.attach,
)
