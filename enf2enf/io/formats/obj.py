"""OBJ: a reader of ours, of faces and lines, and meshio's writer."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import text, vtk_cells
from enf2enf.io.format import Format

_POLYLINE, _POLYGON = 4, 7
_IGNORED = {"vt", "vn", "vp", "p", "s", "g", "o", "mg", "usemtl", "mtllib", "usemap", "maplib", "bevel", "c_interp",
            "d_interp", "lod", "shadow_obj", "trace_obj"}  # fmt: skip
_FREE_FORM = {"cstype", "curv", "curv2", "surf", "bzp", "bsp", "cdc", "cdp", "res"}


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^v\s+[-+.\d]")


def _read(path: Path) -> Any:
    """The file as a `meshio.Mesh`.

    Raises:
        ValueError: a line that is no statement of OBJ.
        MeshError: curved faces.
    """
    points: list[list[float]] = []
    nodes: list[int] = []
    types, ends, unknown = [], [], Counter()
    for number, line in enumerate(text.decoded(path.read_bytes()).replace("\\\n", " ").split("\n"), start=1):
        key, *words = line.partition("#")[0].split() or [""]
        try:
            if key == "v":
                points.append(_point(words))
            elif key in ("f", "l"):
                nodes += [_index(word, len(points)) for word in words]
                types.append(_POLYGON if key == "f" else _POLYLINE)
                ends.append(len(nodes))
            elif key in _FREE_FORM:
                raise MeshError("cells", "faces of straight sides", f"free-form geometry ({key})")
            elif key and key not in _IGNORED:
                unknown[key] += 1
        except (ValueError, IndexError) as error:
            if isinstance(error, MeshError):
                raise
            raise ValueError(f"line {number} is no {key!r}: {line[:40]!r}") from None
    cells = tuple(np.array(numbers, np.int64) for numbers in (types, ends, nodes))
    raw = vtk_cells.mesh_of(np.array(points).reshape(-1, 3), cells, {}, {})
    for key, count in unknown.most_common(3):
        raw.info.append(f"lines: expected statements of OBJ, got {count} of {key[:20]!r}, left out")
    return raw


def _point(words: list[str]) -> list[float]:
    """The coordinates of a vertex; a weight or a colour may follow them."""
    x, y, *z = words[:3]
    return [float(x), float(y), float(z[0]) if z else 0.0]


def _index(word: str, count: int) -> int:
    """Which vertex, counted from zero. In the file from one, or backwards from the last before this line."""
    number = int(word.partition("/")[0])
    if number == 0 or number < -count:
        raise ValueError(number)
    return number - 1 if number > 0 else count + number


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    meshio.obj.write(str(path), raw)
    text.edit(path, lambda data: re.sub(rb"^# Created by [^\n]*\n", b"", data, count=1))  # it holds the date


FORMAT = Format(
    name="obj",
    label="OBJ",
    extensions=(".obj",),
    kinds=frozenset({"triangle", "quad"}),
    fields=False,
    patches=False,
    sniff=_sniff,
    distinctive=False,
    read=_read,
    write=_write,
)
