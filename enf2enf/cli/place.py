"""A place at which fields are asked for, in one word of a command."""

import codecs
import math
import re

import numpy as np
from jaxtyping import Float

from enf2enf.at import NAMES, At, as_points
from enf2enf.errors import QueryError
from enf2enf.files import read_file
from enf2enf.grid import Grid
from enf2enf.io.curve_table import Row, coordinates, rows_of
from enf2enf.io.text import decoded, is_text
from enf2enf.line import Line
from enf2enf.plain import number_in, shown
from enf2enf.slice import Slice

_FORMS = {"line": "line:X,Y:X,Y[:COUNT]", "grid": "grid:X,Y:X,Y:NX,NY", "slice": "slice:AXIS:VALUE[:COUNT]"}
_NAME = re.compile(r"\S*(\s*[\[(].*[\])])?")  # or NAME [UNIT]
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
                return Line(_numbers(parts[0]), _numbers(parts[1]), *map(_whole, parts[2:]))
            case "grid", 3:
                return Grid(_numbers(parts[0]), _numbers(parts[1]), [_whole(count) for count in parts[2].split(",")])
            case "slice", 2 | 3:
                return Slice(parts[0].lower(), _number(parts[1]), *map(_whole, parts[2:]))
    except ValueError as error:
        if isinstance(error, QueryError):  # which speaks of what was made of the text
            raise QueryError("--at", f"{_FORMS[kind]} with {error.expected}", shown(text)) from None
    raise QueryError("--at", _FORMS.get(kind, FORMS), shown(text))


def _numbers(text: str) -> list[float]:
    return [_number(part) for part in text.split(",")]


def _number(text: str) -> float:
    if (number := number_in(text)) is None:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    _number(text)  # Python takes underscores among digits, too
    return int(text)


def _from_csv(path: str) -> Float[np.ndarray, "points dim"]:
    """The points in a file, a row of two or three numbers each, as tables of curves are written."""
    try:
        data = read_file(path)
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or "a name that no file has"
        raise QueryError(path, "a file of points", got) from None
    rows = list(rows_of(decoded(data.removeprefix(codecs.BOM_UTF8)))) if is_text(data) else []
    title = rows.pop(0) if rows and rows[0].is_title else None
    if not rows:
        raise QueryError(path, "a row of numbers for each point, X,Y[,Z]", "none")
    places = None if title is None else _coordinates(path, title, rows[0])
    return as_points(np.array([_point(path, row, len(rows[0].numbers), places) for row in rows]))


def _coordinates(path: str, title: Row, first: Row) -> list[int] | None:
    """Column numbers of the coordinates; None if the title names no columns. Raises `QueryError` for other names."""
    places = coordinates(title, first)
    is_of_names = all(_NAME.fullmatch(cell) for cell in title.cells) and len(title.cells) == len(first.cells)
    if places is None and title.mark == first.mark is not None and is_of_names:
        wanted = "columns called x, y[, z], in metres"
        raise QueryError(f"line {title.number} of {path}", wanted, shown(title.text[:40]))
    return places


def _point(path: str, row: Row, count: int, places: list[int] | None) -> list[float]:
    """The coordinates in a row of a file.

    Args:
        path: the file.
        row: one of its rows.
        count: number of cells in its first row.
        places: numbers of the coordinate columns; None for all columns.
    """
    if row.has_decimal_commas:
        raise QueryError(f"line {row.number} of {path}", "decimal points", f"decimal commas, {row.text[:40]!r}")
    numbers = row.numbers
    found = numbers if places is None else [numbers[place] for place in places if place < len(numbers)]
    known = [number for number in found if number is not None and math.isfinite(number)]
    if len(known) < len(found) or len(found) not in (2, 3) or len(row.numbers) != count:
        wanted = f"{'two or three' if count not in (2, 3) else count} finite numbers, X,Y[,Z]"
        raise QueryError(f"line {row.number} of {path}", wanted, shown(row.text[:40]))
    return known
