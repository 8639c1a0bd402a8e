"""Fields at points in a file of their own: a table with a line of headings, or an npz file."""

import csv
from collections.abc import Collection, Iterator, KeysView, Mapping, Sequence
from pathlib import Path

import numpy as np

from enf2enf.data import npz
from enf2enf.data.samples import fitted
from enf2enf.data.table import check_once, delimiter_of, heading_of, lines_of
from enf2enf.errors import DatasetError
from enf2enf.plain import number_in, shown
from enf2enf.schema import Quantity

_FLAT = 1e-6  # of the extent
_COMPONENTS = [(f"{{}}{mark}", axes) for mark in ("_", "", ":") for axes in ("xyz", "XYZ", "012")]  # U_x, Ux, U:0 ...


def read(path: Path, fields: Sequence[Quantity], dim: int, unit: str) -> dict[str, np.ndarray]:
    """The arrays of a file: `points`, in this unit, and one for every field.

    Args:
        path: an `.npz` file of these arrays; or a table of columns `x`, `y` (or `Points:0`, `Points:1`), one of the
            name of every scalar, and `U_x`, `U_y` (or `Ux`, `U:0`, `U_0`, ...) of a vector `U`.
        fields: what is looked for.
        dim: of the problem.
        unit: of the coordinates, which headings may state too.

    Raises:
        DatasetError: no such file, another one, or one without a field; headings that come twice or state another unit.
    """
    is_npz = path.suffix.lower() == ".npz"
    units = {"points": unit} | {field.name: field.unit for field in fields}
    vectors = {"points", *(field.name for field in fields if not field.is_single)}
    found = npz.read(path, path.name) if is_npz else dict(_columns(path, units, vectors))
    points = found.get("points", np.zeros(0))
    if points.ndim != 2 or points.dtype.kind not in "fiu" or points.shape[1] not in (dim, 3) or not len(points):
        raise DatasetError(path.name, f"points (n > 0, {dim})", f"shape {points.shape}")
    points = points.astype(np.float64)
    if (points[:, dim:].max(initial=-np.inf) - points[:, dim:].min(initial=np.inf)) > _FLAT * np.ptp(points):
        raise DatasetError(path.name, "points in a plane", "points of different z")
    if missing := [field.name for field in fields if field.name not in found]:
        raise DatasetError(path.name, f"the field {missing[0]!r}", f"only {sorted(found)}")
    values = {q.name: fitted(f"{q.name} in {path.name}", q, found[q.name], len(points), dim) for q in fields}
    return {"points": points[:, :dim]} | values


def _columns(path: Path, wanted: Mapping[str, str], vectors: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a table: its columns, and those that make the points and the vectors together.

    Args:
        path: the file.
        wanted: the points and every field, and their units.
        vectors: those of these that may come in columns of components.
    """
    lines = lines_of(path)
    first, *places = lines
    delimiter = delimiter_of(lines[first])
    if not places:
        raise DatasetError(path.name, "numbers below its headings", "none")
    (cells,) = csv.reader([lines[first]], delimiter=delimiter)
    names, units = zip(*(heading_of(path.name, cell) for cell in cells), strict=True)
    try:
        rows = np.loadtxt([lines[place] for place in places], delimiter=delimiter, ndmin=2, comments=None)
    except ValueError:
        _check_cells(path.name, names, {place: lines[place].split(delimiter) for place in places})
        raise DatasetError(path.name, "numbers below its headings", "others") from None
    if rows.shape[1:] != (len(names),):
        raise DatasetError(path.name, f"{len(names)} numbers in every line", f"shape {rows.shape}")
    check_once(path.name, names)
    columns, stated = (dict(zip(names, each, strict=True)) for each in (rows.T, units))
    yield from columns.items()
    for name, unit in wanted.items():
        parts = _components(path.name, name, columns.keys()) if name in vectors else []
        if unit:
            _check_unit(path.name, name, {stated[part] for part in parts or columns.keys() & {name}}, unit)
        if parts:
            yield name, np.stack([columns[part] for part in parts], axis=1)


def _check_cells(file: str, names: Sequence[str], rows: Mapping[int, list[str]]) -> None:
    """Refuses the first cell that is no number (NaN is one), and the first line of another number of cells."""
    for place, cells in rows.items():
        if len(cells) != len(names):
            raise DatasetError(f"line {place} of {file}", f"{len(names)} cells", str(len(cells)))
        for name, cell in zip(names, cells, strict=True):
            if number_in(cell) is None:
                raise DatasetError(f"{name} in line {place} of {file}", "a number", shown(cell))


def _components(file: str, name: str, columns: KeysView[str]) -> list[str]:
    """The columns that make the points, or a vector, together; none where there are none."""
    stems = ("", "Points") if name == "points" else (name,)
    sets = [[form.format(stem) + axis for axis in axes] for stem in stems for form, axes in _COMPONENTS]
    whole = [each for each in sets if columns >= set(each[:2])]
    spelt = [",".join(each[:2]) for each in whole if each[0] not in {f"{stem}0" for stem in stems}]  # U0 may be others
    spelt += [name] * (name in columns)
    if whole and len(spelt) > 1:
        raise DatasetError(f"{name} of {file}", "one spelling", " and ".join(spelt))
    if not whole:
        for x, y, z in (each for each in sets if len(columns & set(each)) > 1):
            missing = x if x not in columns else y
            raise DatasetError(f"{name} of {file}", f"columns {x} and {y}", f"{z}, and no {missing}")
    return [part for part in whole[0] if part in columns] if whole else []


def _check_unit(file: str, name: str, stated: set[str], unit: str) -> None:
    if others := sorted(stated - {"", unit}):
        label, of = ("coordinates", "all meshes and points") if name == "points" else (name, "the field")
        raise DatasetError(f"{label} of {file}", f"the unit of {of}, {unit}", shown(others[0]))
