"""A place at which fields are asked for, in one word of a command."""

import numpy as np
from jaxtyping import Float

from enf2enf.at import NAMES, At, as_points
from enf2enf.errors import QueryError
from enf2enf.files import read_file
from enf2enf.grid import Grid
from enf2enf.line import Line
from enf2enf.plain import shown
from enf2enf.slice import Slice

FORMS = "nodes, wall, line:X,Y:X,Y[:COUNT], grid:X,Y:X,Y:NX,NY, slice:AXIS:VALUE[:COUNT], or a .csv of points"


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
                return Slice(parts[0], float(parts[1]), *map(int, parts[2:]))
    except ValueError as error:
        if isinstance(error, QueryError):
            raise
    raise QueryError("--at", FORMS, shown(text))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _from_csv(path: str) -> Float[np.ndarray, "points dim"]:
    """The first two or three columns of a file of points, less a first line of headings."""
    try:
        lines = read_file(path).decode().splitlines()
    except (OSError, ValueError) as error:
        raise QueryError(path, "a file of points", getattr(error, "strerror", None) or "no text") from None
    rows = [line.replace(";", ",").split(",") for line in lines if line.strip()]
    if rows and not _is_numeric(rows[0]):
        rows = rows[1:]
    try:
        return as_points(np.array(rows, np.float64).reshape(len(rows), -1))
    except ValueError as error:
        if isinstance(error, QueryError):
            raise
        raise QueryError(path, "two or three numbers in every line, X,Y[,Z]", "others") from None


def _is_numeric(row: list[str]) -> bool:
    try:
        return bool([float(word) for word in row])
    except ValueError:
        return False
