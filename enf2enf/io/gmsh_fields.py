"""Nodal fields added to Gmsh's files: sections at their end."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enf2enf.io import gmsh_file


def attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """See `Format.attach`; nodes without a value are left out."""
    data = path.read_bytes()
    numbers, order = gmsh_file.numbering(data)
    for name, values in fields.items():
        title = rb"\$NodeData\s+1\s+\"" + re.escape(name.encode()) + rb"\".*?\$EndNodeData[^\n]*\n?"
        data = re.sub(title, b"", data, flags=re.DOTALL)
        rows = values.reshape(len(values), -1)
        there = np.isfinite(rows).all(axis=1)
        data = data.rstrip(b"\n") + b"\n" + _section(name, numbers[there], rows[there], order)
    path.write_bytes(data)


def _section(name: str, numbers: np.ndarray, rows: np.ndarray, order: str | None) -> bytes:
    head = f'$NodeData\n1\n"{name}"\n1\n0\n3\n0\n{rows.shape[1]}\n{len(rows)}\n'.encode()
    if order is None:
        lines = [
            " ".join(map(str, (number, *row))) for number, row in zip(numbers.tolist(), rows.tolist(), strict=True)
        ]
        body = "".join(f"{line}\n" for line in lines).encode()
    else:
        records = np.empty(len(rows), [("number", f"{order}i4"), ("row", f"{order}f8", rows.shape[1:])])
        records["number"], records["row"] = numbers, rows
        body = records.tobytes() + b"\n"
    return head + body + b"$EndNodeData\n"
