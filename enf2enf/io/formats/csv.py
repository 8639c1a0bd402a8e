"""Closed curves as a table of points, see `curve_table`; aerofoils of Selig and Lednicer too."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from enf2enf.errors import MeshError
from enf2enf.io import curve_table, text
from enf2enf.io.format import Format
from enf2enf.mesh import topology
from enf2enf.mesh.curves import without_repeat
from enf2enf.plain import counted


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^[ \t]*[-+.\d\w\"#]")


def _read(path: Path):
    """The curves as a `meshio.Mesh` of line cells, every loop closed; labels that are words name patches.

    Raises:
        ValueError: a row that is not two numbers and perhaps a label.
        MeshError: a loop of fewer than three points; what `curve_table.read` refuses.
    """
    import meshio

    table = curve_table.read(text.decoded(path.read_bytes()))
    points, cells, sets, start = [], [], {}, 0
    for label, curve in table.curves:
        curve = without_repeat(np.array(curve))
        if len(curve) < 3:
            raise MeshError(f"loop {len(points)}", "at least three points", f"a loop of {counted(len(curve), 'point')}")
        nodes = start + np.arange(len(curve))
        cells.append(("line", np.stack([nodes, np.roll(nodes, -1)], axis=1)))
        points.append(curve)
        start += len(curve)
        if re.fullmatch(r"[^\W\d]\w*", label):
            sets.setdefault(label, []).append(len(cells) - 1)
    whole: dict[str, list[ArrayLike]] = {
        name: [np.arange(len(nodes) if n in chosen else 0) for n, (_, nodes) in enumerate(cells)]
        for name, chosen in sets.items()
    }
    raw = meshio.Mesh(np.concatenate(points), cells, cell_sets=whole)
    raw.info = table.remarks
    return raw


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    """Writes the closed curves of a `meshio.Mesh` of lines, labelled by patch or number."""
    block, tag = raw.cells[0], tags[0]
    pieces = np.stack([block.data[:, 0], np.full(len(block.data), -1), block.data[:, 1]], axis=1)
    lines = ["x,y,loop"]
    for number, nodes in enumerate(topology.chain(pieces, raw.points)):
        own = tag[np.isin(block.data[:, 0], nodes)]
        label = names[own[0] - 1] if own.all() and len(set(own)) == 1 else str(number)
        lines += [f"{x!r},{y!r},{label}" for x, y in raw.points[nodes, :2].tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


FORMAT = Format(
    name="csv",
    label="CSV or DAT",
    extensions=(".csv", ".dat"),
    kinds=frozenset({"line"}),
    fields=False,
    patches=True,
    sniff=_sniff,
    distinctive=False,
    read=_read,
    plane=True,
    write=_write,
)
