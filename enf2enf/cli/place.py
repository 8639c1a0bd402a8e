"""A place at which fields are asked for, in one word of a command."""

import codecs
import math

import numpy as np
from jaxtyping import Float

from enf2enf.at import NAMES, At, as_points
from enf2enf.errors import QueryError
from enf2enf.files import read_file
from enf2enf.grid import Grid
from enf2enf.io.curve_table import Row, rows_of
from enf2enf.io.text import decoded, is_text
from enf2enf.line import Line
from enf2enf.plain import shown
from enf2enf.slice import Slice

_FORMS = {"line": "line:X,Y:X,Y[:COUNT]", "grid": "grid:X,Y:X,Y:NX,NY", "slice": "slice:AXIS:VALUE[:COUNT]"}
FORMS = ", ".join(["nodes", "wall", *_FORMS.values(), "or a .csv of points"])


def at_of(text: str) -> At:
    """The place, see `FORMS`. Raises `QueryError` where it is none."""
    kind, *parts = text.split(":")
    if text in NAMES:
        return text
    if text.lower().endswith(".csv"):
        return _from_csv(text)
    try:
        match kind, len(parts):
            case "line", 2 | 3:
                return Line(_numbers(parts[0]), _numbers(parts[1]), *map(int, parts[2:]))
            case "grid", 3:
                return Grid(_numbers(parts[0]), _numbers(parts[1]), [int(number) for number in parts[2].split(",")])
            case "slice", 2 | 3:
                return Slice(parts[0].lower(), float(parts[1]), *map(int, parts[2:]))
    except ValueError as error:
        if isinstance(error, QueryError):  # which speaks of what was made of the text
            raise QueryError("--at", f"{_FORMS[kind]} with {error.expected}", shown(text)) from None
    raise QueryError("--at", _FORMS.get(kind, FORMS), shown(text))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _from_csv(path: str) -> Float[np.ndarray, "points dim"]:
    """The points in a file, a row of two or three numbers each, as tables of curves are written."""
    try:
        data = read_file(path)
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or "a name that no file has"
        raise QueryError(path, "a file of points", got) from None
    rows = list(rows_of(decoded(data.removeprefix(codecs.BOM_UTF8)))) if is_text(data) else []
    width = None
    if rows and rows[0].is_title:
        names = [cell.lower() for cell in rows.pop(0).cells]
        width = (2 + (names[2:3] == ["z"])) if names[:2] == ["x", "y"] else None
    if not rows:
        raise QueryError(path, "a row of numbers for each point, X,Y[,Z]", "none")
    return as_points(np.array([_point(path, row, len(rows[0].numbers), width) for row in rows]))


def _point(path: str, row: Row, count: int, width: int | None) -> list[float]:
    """The first so many numbers of a row of a file, or all of them where headings do not say how many are coordinates.

    Args:
        path: of the file.
        row: of it.
        count: of the cells of its first row.
        width: of what its headings call coordinates.
    """
    if row.has_decimal_commas:
        raise QueryError(f"line {row.number} of {path}", "decimal points", f"decimal commas, {row.text[:40]!r}")
    found = row.numbers[:width]
    known = [number for number in found if number is not None and math.isfinite(number)]
    if len(known) < len(found) or len(found) not in (2, 3) or len(row.numbers) != count:
        wanted = f"{'two or three' if count not in (2, 3) else count} finite numbers, X,Y[,Z]"
        raise QueryError(f"line {row.number} of {path}", wanted, shown(row.text[:40]))
    return known
