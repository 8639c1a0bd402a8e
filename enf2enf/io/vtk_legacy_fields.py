"""Nodal fields added to legacy VTK files: a FIELD at their end."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np

from enf2enf.io import vtk_legacy

SAFE = ":[]()+-*=@"
"""What a name may hold beside letters and digits; blanks end it."""


def attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """See `Format.attach`; of arrays of one name the last one counts."""
    is_text, in_points = vtk_legacy.ending(path)
    count = len(next(iter(fields.values())))
    text = b"\n" if in_points else f"\nPOINT_DATA {count}\n".encode()
    text += f"FIELD FieldData {len(fields)}\n".encode()
    for name, values in fields.items():
        rows = values.reshape(count, -1)
        text += f"{quote(name, safe=SAFE)} {rows.shape[1]} {count} double\n".encode()
        text += _lines(rows) if is_text else rows.astype(">f8").tobytes() + b"\n"
    path.write_bytes(path.read_bytes() + text)


def _lines(rows: np.ndarray) -> bytes:
    return "".join(" ".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()
