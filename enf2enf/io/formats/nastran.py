"""Nastran bulk data, read and written here: meshio leaves out cards that it does not know."""

import re
from pathlib import Path

import numpy as np

from enf2enf.io import text
from enf2enf.io.decks.nastran import read
from enf2enf.io.format import LINEAR, Format

_NAME = re.compile(r"^\$HMNAME\s+(?:COMP|PROP)\s+(\d+)\s*\"([^\"\n]+)\"", re.MULTILINE)
_CARDS = {"line": "CBAR", "triangle": "CTRIA3", "quad": "CQUAD4", "triangle6": "CTRIA6", "quad8": "CQUAD8"}
_WIDTH = 16  # characters of a large field


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^[ \t]*(BEGIN[ \t]+BULK|GRID\*?[ \t,]|INCLUDE[ \t]*['\"])")


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    return data, {int(tag): found for tag, found in _NAME.findall(text.decoded(data))}


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    """Writes a `meshio.Mesh`: property k is the patch names[k-1], the last property all other cells.

    Coordinates keep the digits that fit into a field: 10 significant ones at least, 14 for those of order one.
    """
    lines = ["$ Nastran bulk data", "BEGIN BULK"]
    lines += [f'$HMNAME PROP {number:>19}"{name}"' for number, name in enumerate(names, start=1)]
    for number, (x, y, z) in enumerate(raw.points.tolist(), start=1):
        lines += [f"GRID*   {number:<16d}{'':16s}{_real(x):>16s}{_real(y):>16s}", f"*       {_real(z):>16s}"]
    element = 1
    for block, tag in zip(raw.cells, tags, strict=True):
        for nodes, own in zip((block.data + 1).tolist(), tag.tolist(), strict=True):
            fields = [f"{value:<8d}" for value in [element, own or len(names) + 1, *nodes]]
            lines.append(f"{_CARDS[block.type]:<8s}{''.join(fields[:8])}" + ("+" if fields[8:] else ""))
            if fields[8:]:
                lines.append(f"{'+':<8s}{''.join(fields[8:])}")
            element += 1
    path.write_text("\n".join([*lines, "ENDDATA", ""]), encoding="utf-8", newline="\n")


def _real(value: float) -> str:
    """The most digits of a number, with a decimal point, that fit into a large field."""
    candidates = [f"{value:.{digits}f}" for digits in range(14, 0, -1)] if 1e-3 < abs(value) < 1e9 else []
    candidates += [f"{value:.{digits}E}" for digits in range(12, 0, -1)]
    return next(text for text in candidates if len(text) <= _WIDTH)


FORMAT = Format(
    name="nastran",
    label="Nastran",
    extensions=(".bdf", ".nas", ".fem"),
    kinds=LINEAR | {"triangle6", "quad8"},
    fields=False,
    patches=True,
    sniff=_sniff,
    prepare=_prepare,
    read=read,
    write=_write,
)
