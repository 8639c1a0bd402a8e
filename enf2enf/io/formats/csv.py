"""Closed curves as a table of points: columns x, y; a blank line or a third column separates loops."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from enf2enf.io import text
from enf2enf.io.format import Format
from enf2enf.mesh import topology


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^[-+.\d\w\"#]")


def _read(path: Path):
    """The curves as a `meshio.Mesh` of line cells, every loop closed; labels that are words name patches.

    Raises:
        ValueError: a row that is not two numbers and perhaps a label, a loop of fewer than three points.
    """
    import meshio

    with open(path, encoding="utf-8") as file:
        curves = _curves((number, line.partition("#")[0].strip()) for number, line in enumerate(file, start=1))
    points, cells, sets, start = [], [], {}, 0
    for (_, label), curve in curves.items():
        curve = np.array(curve)
        if len(curve) > 1 and (curve[0] == curve[-1]).all():
            curve = curve[:-1]
        if len(curve) < 3:
            raise ValueError(f"a loop of {len(curve)} points")
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
    return meshio.Mesh(np.concatenate(points), cells, cell_sets=whole)


def _curves(rows: Iterable[tuple[int, str]]) -> dict[tuple[int, str], list[tuple[float, float]]]:
    found: dict[tuple[int, str], list[tuple[float, float]]] = {}
    gap, header = 0, None
    for number, line in rows:
        cells = [cell.strip() for cell in re.split(r"[,;]", line)] if re.search("[,;]", line) else line.split()
        if not any(cells):
            gap += 1
            continue
        if header is None:
            header = [cell.lower() for cell in cells]
            if header[:2] == ["x", "y"]:
                continue
        label = cells[2].strip('"') if len(cells) > 2 and header[2:3] != ["z"] else ""
        try:
            x, y = float(cells[0]), float(cells[1])
        except (IndexError, ValueError):
            raise ValueError(f"line {number} is not x, y: {line[:40]!r}") from None
        found.setdefault((0 if label else gap, label), []).append((x, y))
    if not found:
        raise ValueError("no points")
    return found


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
    label="CSV",
    extensions=(".csv",),
    kinds=frozenset({"line"}),
    fields=False,
    patches=True,
    sniff=_sniff,
    distinctive=False,
    read=_read,
    plane=True,
    write=_write,
)
