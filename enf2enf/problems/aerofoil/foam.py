"""OpenFOAM's ASCII files: lists, dictionaries and fields, written and read."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from enf2enf.errors import SolverError

_HEAD = "FoamFile {{ version 2.0; format ascii; class {kind}; object {name}; }}\n"
_LIST = r"nonuniform\s+List<(?:scalar|vector)>\s*(\d+)\s*\("
_SIZES = {1: "%.9g", 2: "(%.9g %.9g 0)"}


def write(path: Path, kind: str, body: str) -> None:
    """A file of OpenFOAM's class `kind`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HEAD.format(kind=kind, name=path.name) + body + "\n")


def write_list(path: Path, kind: str, rows: np.ndarray, form: str) -> None:
    """A list of which every row is printed in this form."""
    write(path, kind, listed(rows, form))


def listed(rows: np.ndarray, form: str) -> str:
    """A list as text."""
    lines = "\n".join(form % (tuple(row) if isinstance(row, list) else row) for row in rows.tolist())
    return f"{len(rows)}\n(\n{lines}\n)\n"


def write_field(
    path: Path, dimensions: str, values: Float[np.ndarray, "cells ..."], patches: Mapping[str, str]
) -> None:
    """A field of the cells, plane vectors or scalars.

    Args:
        path: where to.
        dimensions: powers of kg, m, s.
        values: one row a cell.
        patches: name -> the entries of the boundary condition there.
    """
    kind, size = ("vector", 2) if values.ndim == 2 else ("scalar", 1)
    boundary = "\n".join(f"{name} {{ {entries} }}" for name, entries in patches.items())
    write(
        path,
        f"vol{kind.title()}Field",
        f"dimensions [{dimensions} 0 0 0 0];\ninternalField nonuniform List<{kind}>\n{listed(values, _SIZES[size])};\n"
        f"boundaryField\n{{\n{boundary}\n}}",
    )


def read_field(path: Path, patch: str = "") -> Float[np.ndarray, "faces ..."]:
    """Values of a field in the cells, or on the faces of a patch; plane vectors or scalars.

    Raises:
        SolverError: there are none.
    """
    try:
        inner, boundary = path.read_text().split("boundaryField", 1)
        text = inner if not patch else re.split(rf"\n\s*{patch}\s*\{{", boundary, maxsplit=1)[1]
        _, rows, after = re.split(_LIST, text, maxsplit=1)
        numbers = re.split(r"\n?\)\s*;", after, maxsplit=1)[0].replace("(", " ").replace(")", " ")
        values = np.array(numbers.split(), np.float64).reshape(int(rows), -1)
    except (OSError, ValueError, IndexError):
        raise SolverError("simpleFoam", f"the field {path.name!r} in its result", "none that can be read") from None
    return values[:, :2] if values.shape[1] == 3 else values[:, 0]
