"""Conditions of many cases in a CSV file, as spreadsheets write it."""

import csv
import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from enf2enf.conditions import vector_of
from enf2enf.errors import DatasetError
from enf2enf.files import read_file
from enf2enf.plain import number_in, shown
from enf2enf.schema import Quantity

_HEADING = re.compile(r"\s*(?P<name>[^\[\]()]*?)\s*(?:[\[(](?P<unit>[^\])]*)[\])])?\s*")  # name [unit], or name (unit)
_CASES = ("case", "name", "mesh", "file", "id")
_ANGLES = {"alpha", "beta", "theta", "phi", "aoa", "angle", "incidence", "yaw", "pitch", "direction", "heading"}
_NAMED_DEGREES = ("deg", "degs", "degree", "degrees")
_NAMED_RADIANS = re.compile(r"(?<![gm])(rad|rads|radians?)$")  # at the end of the last word of a name
_DELIMITERS = ",;\t"
_DEGREES = {"deg": 1.0, "degs": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0, "rad": 180 / np.pi, "radian": 180 / np.pi,
            "radians": 180 / np.pi}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Table:
    """Numbers by case and column.

    Args:
        units: of every column of numbers by its name; empty where it states none.
        rows: case -> column -> number.
    """

    units: Mapping[str, str]
    rows: Mapping[str, Mapping[str, float]]

    @classmethod
    def read(cls, path: Path, cases: Collection[str] = ()) -> "Table":
        """A file with one line of headings; cases are named in the column `case`, `name`, `mesh`, `file` or `id`.

        Columns are separated by commas, semicolons or tabs; a case is named as its mesh, with or without extension.

        Args:
            path: the file.
            cases: names that are known, in which a dot begins no extension.

        Raises:
            DatasetError: no such file or column, a case twice, a cell that is no number.
        """
        lines = lines_of(path)
        places = list(lines)
        reader = csv.reader(lines.values(), delimiter=delimiter_of(lines[places[0]]))
        names, units = zip(*(heading_of(path.name, cell) for cell in next(reader)), strict=True)
        check_once(path.name, names)
        key = next((names.index(name) for name in names if name.lower() in _CASES), None)
        if key is None:
            raise DatasetError(path.name, f"a column of cases called {', '.join(_CASES)}", f"columns {list(names)}")
        found: dict[str, dict[str, float]] = {}
        for row in reader:
            label = f"line {places[reader.line_num - 1]} of {path.name}"
            if len(row) != len(names):
                raise DatasetError(label, f"{len(names)} cells", str(len(row)))
            case = row[key].strip()
            case = case if case in cases else Path(case).stem
            if case in found:
                raise DatasetError(path.name, "every case once", f"{case!r} twice")
            cells = zip(names, row, strict=True)
            found[case] = {name: _number(label, name, cell) for name, cell in cells if name != names[key]}
        return cls({name: unit for name, unit in zip(names, units, strict=True) if name != names[key]}, found)

    def conditions(
        self, vectors: Mapping[str, Sequence[str]]
    ) -> tuple[list[Quantity], dict[str, dict[str, list[float]]]]:
        """The conditions, and their values by case.

        Args:
            vectors: condition -> its columns: a magnitude, then an angle, which is one by its unit (degrees or radians)
                or as its name ends in `deg` or `rad`; or one component each, in one unit. All other columns are scalar
                conditions.

        Raises:
            DatasetError: a column that is not there, or twice, or only one; units that contradict that; a magnitude
                below 0.
        """
        turns = {name: self._turn(name, columns) for name, columns in vectors.items()}
        taken = {column for columns in vectors.values() for column in columns}
        scalars = [name for name in self.units if name not in taken]
        quantities = [Quantity(name, "vector", self.units[columns[0]]) for name, columns in vectors.items()]
        quantities += [Quantity(name, "scalar", self.units[name]) for name in scalars]
        values = {}
        for case, row in self.rows.items():
            values[case] = {name: _vector(case, row, columns, turns[name]) for name, columns in vectors.items()}
            values[case] |= {name: [row[name]] for name in scalars}
        return quantities, values

    def _turn(self, name: str, columns: Sequence[str]) -> float | None:
        """How many degrees one of the angle is; None for a vector of components."""
        label = f"--vector {name}"
        if len(columns) < 2:
            raise DatasetError("--vector", "NAME=COLUMN,COLUMN", repr(f"{name}={','.join(columns)}"))
        if missing := [column for column in columns if column not in self.units]:
            raise DatasetError(label, f"columns among {sorted(self.units)}", repr(missing[0]))
        check_once(label, columns)
        turns = [_degrees(column, self.units[column]) for column in columns]
        bare = [c for c, turn in zip(columns, turns, strict=True) if turn is None and _is_like_angle(c, columns)]
        if bare and len(bare) < len(columns) and self.units[bare[0]] in ("", "1"):  # components may all be called so
            raise DatasetError(
                f"column {bare[0]!r}", "the unit of an angle, [deg] or [rad]", self.units[bare[0]] or "none"
            )
        if any(turns) and (len(turns) > 2 or turns[0]):
            raise DatasetError(label, "a magnitude, then an angle; or components", f"{','.join(columns)!r}")
        if not any(turns) and len(units := list(dict.fromkeys(self.units[column] for column in columns))) > 1:
            wanted = "an angle in degrees or radians, or components in one unit"
            raise DatasetError(label, wanted, " and ".join(unit or "none" for unit in units))
        return turns[1]


def _degrees(name: str, unit: str) -> float | None:
    """How many degrees one of a column is, None for one that is no angle."""
    stated, lower = _DEGREES.get(unit.lower()), name.lower()
    if lower.endswith(_NAMED_DEGREES):
        if unit and stated != 1:
            raise DatasetError(f"column {name!r}", "degrees, or a name that does not end in deg", shown(unit))
        return 1.0
    if not _ANGLES.isdisjoint(_words(name)) and _NAMED_RADIANS.fullmatch(_words(name)[-1]) and not unit:
        return _DEGREES["rad"]
    return stated


def _is_like_angle(name: str, beside: Sequence[str]) -> bool:
    """By a word in it, or as the only one of several that ends in `rad`, unless all begin alike: U_ax, U_rad."""
    first, *others = (_words(each)[0] for each in (name, *beside))
    is_alone = any(other != first for other in others)
    return not _ANGLES.isdisjoint(_words(name)) or (is_alone and bool(_NAMED_RADIANS.search(_words(name)[-1])))


def _words(name: str) -> list[str]:
    """In small letters: of `alpha_rad`, `AlphaRad` and `alpha rad` these two."""
    return [word.lower() for word in re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+", name)] or [""]


def _vector(case: str, row: Mapping[str, float], columns: Sequence[str], turn: float | None) -> list[float]:
    numbers = [row[column] for column in columns]
    if turn is None:
        return numbers
    if numbers[0] < 0:
        raise DatasetError(f"{columns[0]} of case {case!r}", "a magnitude of at least 0", f"{numbers[0]:g}")
    return vector_of(numbers[0], turn * numbers[1]).tolist()


def lines_of(path: Path) -> dict[int, str]:
    """The lines of a table that are not blank, at least one, by number. Raises `DatasetError` where it is none."""
    try:
        text = read_file(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(path.name, "a table in UTF-8", getattr(error, "strerror", None) or "other bytes") from None
    lines = {number: line for number, line in enumerate(text.splitlines(), start=1) if line.strip()}
    if not lines:
        raise DatasetError(path.name, "a line of headings, then numbers", "an empty file")
    return lines


def delimiter_of(heading: str) -> str:
    """What separates the columns of a table."""
    return max(_DELIMITERS, key=heading.count)


def heading_of(path: str, cell: str) -> tuple[str, str]:
    """The name and the unit in a heading. Raises `DatasetError` where it has no name."""
    if (found := _HEADING.fullmatch(cell)) is None or not found["name"]:
        raise DatasetError(f"headings of {path}", "NAME or NAME [UNIT]", shown(cell))
    return found["name"], (found["unit"] or "").strip()


def check_once(label: str, names: Sequence[str]) -> None:
    """Raises `DatasetError` where two names of columns are the same."""
    if len(twice := {name for name in names if names.count(name) > 1}):
        raise DatasetError(label, "every column once", f"{min(twice)!r} twice")


def _number(label: str, name: str, cell: str) -> float:
    value = number_in(cell)
    if value is None or not np.isfinite(value):
        raise DatasetError(f"{name} in {label}", "a finite number", shown(cell))
    return value
