"""Closed curves as text: a row a point, columns x, y; a blank line, a row of 999 or a third column separates loops."""

import array
import dataclasses
import functools
import io
import itertools
import re
from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float

from enf2enf.errors import MeshError
from enf2enf.plain import number_in

_LABELS = (("loop",), ("label",), ("patch",))
_METRES = re.compile(r"\s*[\[(]m[\])]$")
_OTHER_UNIT = re.compile(r"[xyz]\s*[\[(](?!m[\])]).*[\])]")
_AXES = {f"{name}{mark}": axis for axis, number in zip("xyz", "012", strict=True)
         for name, mark in (("points:", number), ("points_", number), (axis, "-coordinate"), (axis, "/c"))}  # fmt: skip
_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d+)?|\d+\.|\.\d+)([eE][-+]?\d+)?")
_TECPLOT = re.compile(r"(TITLE|VARIABLES|ZONE)\b\s*=?", re.IGNORECASE)
_SEPARATOR = re.compile(r"999(\.0*)?[\s,;]+999(\.0*)?")  # of elements in files of MSES and XFOIL
_MOST_REMARKS = 3
_MOST_LOOPS = 100_000  # of which none is a domain's; each takes a kilobyte
_Loop = tuple[str, Float[np.ndarray, "points 2"]]


@dataclasses.dataclass(frozen=True)
class Table:
    """What a text holds.

    Args:
        curves: label, and points in order, of every loop; the last may be the first once more.
        remarks: sentences about what was left out.
    """

    curves: list[_Loop]
    remarks: list[str]


def read(text: str) -> Table:
    """The curves in a text. Its first row may name the columns (x, y, then z or that of labels), or be a title.

    A title with the same separator as the next row may name other columns, so a remark mentions it. After a title, a
    row of two counts followed by that many points is Lednicer's form: both sides, each from the nose to the tail.

    Raises:
        ValueError: a row that is none, no points.
        MeshError: decimal commas, points in space, Tecplot data, counts of other points, x and y in other places.
    """
    rows = rows_of(text, _SEPARATOR)  # one at a time: a million of them, held, would take half a gigabyte
    first = next(rows, None)
    if first is None:
        raise ValueError("no points")
    if _TECPLOT.match(first.text):
        raise MeshError("points", "a table of x, y", "Tecplot data")
    remarks: list[str] = []
    names = tuple(cell.lower() for cell in first.cells)
    if names[:2] == ("x", "y"):
        if len(names) > 3 + (names[2:3] == ("z",)):
            more = ", ".join(names[3:])
            remarks.append(f"columns: expected x, y and a label, got {more[:60]!r} too, left out")
        loops = _loops(rows, names, remarks)
        _check_labels(names, loops)
        return Table(loops, remarks)
    if not first.is_title:
        return Table(_loops(itertools.chain([first], rows), (), remarks), remarks)
    if any(map(_OTHER_UNIT.fullmatch, names)):
        wanted = "x and y [m], or without a unit and that of the mesh as `length_unit`"
        raise MeshError(f"line {first.number}", wanted, repr(first.text[:60]))
    second = next(rows, None)
    if second is not None and (coordinates(first, second) or [0, 1])[:2] != [0, 1]:
        raise MeshError(f"line {first.number}", "columns x and y first", repr(first.text[:60]))
    if second is not None and second.mark == first.mark is not None:
        remarks.append(f"line {first.number}: expected x, y, got {first.text[:60]!r}, taken for a title")
    rows = rows if second is None else itertools.chain([second], rows)
    return Table(_without_counts(_loops(rows, (), remarks)), remarks)


def coordinates(title: "Row", first: "Row") -> list[int] | None:
    """The places of the columns that a title calls x, y and perhaps z; None where it names none.

    Args:
        title: a row of words.
        first: the row behind it; a title of another number of blank-separated words is a sentence.
    """
    names = title.names
    if not {"x", "y"} <= set(names) or (title.mark is None and len(names) != len(first.cells)):
        return None
    return [names.index(axis) for axis in "xyz" if axis in names]


def rows_of(text: str, separator: re.Pattern[str] | None = None) -> Iterator["Row"]:
    """The lines of a text with something in them that is no comment.

    Args:
        text: all of it.
        separator: a line that counts as a blank one.
    """
    gap, is_behind = 0, False
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        row, comment, _ = line.partition("#")
        row = row.strip()
        if row.strip(",; \t") and not (separator and separator.fullmatch(row)):
            yield Row(number, row, gap, is_behind)
            is_behind = False
        elif comment:
            is_behind = True
        else:
            gap += 1


class Row:
    """A line, in cells.

    Args:
        number: of the line.
        text: of it.
        gap: how many blank ones are before it.
        is_behind_comment: whether the one before it, blank ones aside, is a comment.
    """

    def __init__(self, number: int, text: str, gap: int, is_behind_comment: bool = False):
        self.number, self.text, self.gap, self.is_behind_comment = number, text, gap, is_behind_comment

    @functools.cached_property
    def mark(self) -> str | None:
        """What its cells are between, None for blanks."""
        mark = next((mark for mark in ";," if mark in self.text), None)
        if mark == "," and len(words := self.text.split()) > 1 and all(map(_NUMBER.fullmatch, words[:2])):
            mark = None
        return mark

    @functools.cached_property
    def cells(self) -> list[str]:
        """What stands between its commas, semicolons or blanks."""
        return [cell.strip().strip('"').strip() for cell in self.text.split(self.mark)]

    @property
    def names(self) -> list[str]:
        """Of columns, in small letters: without a mark before them and `[m]`, and x for `Points:0` and the like."""
        words = Row(self.number, self.text.lstrip("%!/ \t"), self.gap).cells
        plain = [_METRES.sub("", word.lower()) for word in words]
        return [_AXES.get(word, word) for word in plain]

    @property
    def has_decimal_commas(self) -> bool:
        """Whether its coordinates are written so."""
        return any(map(_COMMA.fullmatch, self.cells[:2]))

    @property
    def numbers(self) -> list[float | None]:
        """What is in its cells up to the last one that is not empty, None where that is no number."""
        count = max((place for place, cell in enumerate(self.cells, start=1) if cell), default=0)
        return [self._number(place) for place in range(count)]

    @property
    def is_title(self) -> bool:
        """Whether it is words, not a point with a mistake in it."""
        if self.has_decimal_commas or not re.search(r"[^\W\d_]", self.text):
            return False
        is_sentence = not re.search("[,;]", self.text) and re.search(r"[^\W\d]{2}", self.text)
        return self._number(0) is None or bool(is_sentence and self._number(1) is None)

    def _number(self, place: int) -> float | None:
        return number_in(self.cells[place]) if place < len(self.cells) else None

    def point(self, width: int) -> tuple[float, float]:
        """Its first two cells. Raises an error if they are no numbers, or there are more cells than `width`."""
        if self.has_decimal_commas:
            raise MeshError(f"line {self.number}", "decimal points", f"decimal commas, {self.text[:40]!r}")
        x, y = self._number(0), self._number(1)
        if x is None or y is None:
            raise ValueError(f"line {self.number} is not x, y: {self.text[:40]!r}")
        if any(self.cells[width:]):
            raise ValueError(f"line {self.number} has {len(self.cells)} columns, not {width}: {self.text[:40]!r}")
        return x, y


def _loops(rows: Iterable[Row], names: tuple[str, ...], remarks: list[str]) -> list[_Loop]:
    """The curves in rows of columns of these names. Adds to the remarks."""
    found: dict[tuple[int, str], array.array] = {}
    heights, before = set(), None
    for row in rows:
        point = row.point(len(names) or 3)
        third = row.cells[2] if len(row.cells) > 2 else ""
        if names[2:3] == ("z",):
            heights.add(third)
            third = row.cells[3] if len(row.cells) > 3 and names[3:4] in _LABELS else ""
        key = (row.gap, third)
        if row.is_behind_comment and key == before and len(remarks) < _MOST_REMARKS:
            remarks.append(f"line {row.number}: expected a blank line where a curve begins, got a comment alone")
        before = key
        found.setdefault(key, array.array("d")).extend(point)
        if len(found) > _MOST_LOOPS:
            raise MeshError("curves", f"at most {_MOST_LOOPS} loops in a table", "more")
    if not found:
        raise ValueError("no points")
    if len(heights) > 1:
        raise MeshError("z", "one value, as of plane curves", f"{len(heights)} values")
    return [(label, np.frombuffer(curve).reshape(-1, 2)) for (_, label), curve in found.items()]


def _check_labels(names: tuple[str, ...], loops: list[_Loop]) -> None:
    """Refuses a third column of numbers that tell no curves apart, such as a pressure."""
    few = [label for label, curve in loops if len(curve) < 3 and number_in(label) is not None]
    if few and names[2:3] not in (*_LABELS, ("z",)):
        raise MeshError(
            f"column {names[2]!r}", "names of curves, each of three points at least", f"{few[0]} among them"
        )


def _without_counts(loops: list[_Loop]) -> list[_Loop]:
    """One loop around an aerofoil if the rows are two counts and that many points (Lednicer's form), else the loops."""
    (first, second), *points = np.concatenate([curve for _, curve in loops]).tolist()
    if min(first, second) < 2 or first % 1 or first + second != len(points):
        if len(loops) > 1 and len(loops[0][1]) == 1:
            wanted = f"two of together {len(points)}, as many as there are"
            raise MeshError("counts of points", wanted, f"{first:g} and {second:g}")
        return loops
    if any(label for label, _ in loops):
        raise ValueError(f"counts of points, {first:g} and {second:g}, beside labels")
    upper, lower = points[: int(first)], points[int(first) :]
    return [("", np.array(upper[::-1] + lower[lower[0] == upper[0] :]))]
