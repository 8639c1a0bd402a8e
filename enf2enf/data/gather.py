"""A data set out of what a campaign of simulations left: a folder of meshes and a table of conditions."""

import dataclasses
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.data import cloud, npz, samples
from enf2enf.data.dataset import Dataset
from enf2enf.data.manifest import NAME, write_manifest
from enf2enf.data.split import proportional
from enf2enf.data.table import Table
from enf2enf.data.trainable import check_case
from enf2enf.errors import DatasetError
from enf2enf.files import check_folder, replacing
from enf2enf.io import formats, openfoam, read, write
from enf2enf.io.read import is_converted
from enf2enf.mesh import Mesh
from enf2enf.mesh.units import metres
from enf2enf.plain import shown
from enf2enf.schema import Integrals, On, Quantity, Schema

_DIM = 2
_MESHES, _SAMPLES, _WALLS = "meshes", "samples", "walls"
_AT = {
    "nodes": "at the nodes", "cells": "at the centres of cells, as samples", "points": "at points of their own",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a data set is made of.

    Args:
        meshes: one file a case, or one case of OpenFOAM, which is named as the file or folder.
        points: files named as the meshes, in which the fields are, see `cloud.read`; none where they are in the meshes.
        conditions: a table of them, see `Table`; None for a problem without any.
        fields: in the order in which a surrogate returns them; those on walls are of the walls' sides, or nodes.
        vectors: condition -> the columns of the table that make it, see `Table.conditions`.
        units: of some of these, whose headings in the table state none.
        shares: of the cases: train, validation, calibration, test.
        seed: of the order in which the cases are shared out; not negative.
        walls: patches that are walls; none for the inner loops.
        symmetry: patches in planes of symmetry, of which every mesh is one side.
        unit: of the coordinates, of meshes and points.
        outer_is_far, open_walls, length, integrals: as `Schema` takes them.
    """

    meshes: Sequence[Path]
    fields: Sequence[Quantity]
    points: Sequence[Path] = ()
    conditions: Path | None = None
    vectors: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)
    shares: tuple[float, float, float, float] = (0.75, 0.1, 0.05, 0.1)
    seed: int = 0
    walls: Sequence[str] = ()
    symmetry: Sequence[str] = ()
    unit: str = "m"
    outer_is_far: bool = False
    open_walls: bool = False
    length: float | None = None
    integrals: Integrals | None = None

    def fields_on(self, where: On) -> list[Quantity]:
        """Those that are defined there."""
        return [field for field in self.fields if field.on == where]


def gather(recipe: Recipe, folder: str | os.PathLike[str], name: str = "", licence: str = "") -> dict[str, str]:
    """Makes a data-set folder: the meshes are copied into it, fields that are by cell become samples at their centres.

    Args:
        recipe: of what.
        folder: new or empty.
        name, licence: for people; the name is that of the folder where none is given.

    Returns:
        Case -> where its fields are: `nodes`, `cells` or `points`.

    Raises:
        DatasetError: no meshes, two of one name, a case without conditions or the other way round, a field that is
            missing, or a first case that cannot be trained on; the sentence names the case.
        MeshError: a file that cannot be read.
    """
    if recipe.seed < 0:
        raise DatasetError("seed", "a number that is not negative", str(recipe.seed))
    target = Path(folder)
    check_folder(target, DatasetError)
    if target.exists() and any(target.iterdir()):
        raise DatasetError(str(target), "a folder that is new or empty", "another")
    meshes, clouds = _by_case(recipe.meshes), _by_case(recipe.points) if recipe.points else {}
    table = _table(recipe, meshes)
    _check_units(table[0], recipe.fields)
    if recipe.conditions:
        _check_same(meshes, table[1], "conditions")
    if clouds:
        _check_same(meshes, clouds, "points")
    if recipe.fields_on("wall") and not recipe.walls:
        raise DatasetError("fields on walls", "the names of the patches that are walls", "none")
    whole = target.resolve()
    partial = whole.with_name(f".{whole.name}.{os.getpid()}.partial")
    try:
        places = _gathered(recipe, meshes, clouds, table, partial, name or whole.name, licence)
        _check_first(Dataset.open(partial))
        target.mkdir(exist_ok=True)
        for part in sorted(partial.iterdir(), key=lambda part: part.name == NAME):  # that comes last
            part.replace(target / part.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return places


def _gathered(
    recipe: Recipe,
    meshes: Mapping[str, Path],
    clouds: Mapping[str, Path],
    table: tuple[list[Quantity], dict[str, dict[str, Any]]],
    target: Path,
    name: str,
    licence: str,
) -> dict[str, str]:
    """The whole folder, which is new."""
    conditions, rows = table
    cases: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    for case, path in meshes.items():
        mesh = read(path)
        if mesh.dim != _DIM:
            raise DatasetError(f"case {case!r}, mesh", "a plane mesh", "one in space")
        cases[case] = {"mesh": _copied(target, case, path, mesh), "conditions": rows.get(case, {})}
        places[case], arrays = _arrays(recipe, case, mesh.scaled(recipe.unit), clouds.get(case))
        for key, found in arrays.items():
            cases[case][key] = f"{_WALLS if key == 'wall' else _SAMPLES}/{case}.npz"
            (target / cases[case][key]).parent.mkdir(exist_ok=True)
            npz.write(target / cases[case][key], found)
    schema = Schema(_DIM, tuple(conditions), tuple(recipe.fields), recipe.outer_is_far, recipe.length,
                    recipe.open_walls, recipe.integrals)  # fmt: skip
    order = np.random.default_rng(recipe.seed).permutation(sorted(cases)).tolist()
    shares = tuple(round(1e6 * share) for share in recipe.shares)
    split = proportional(order, (shares[0], shares[1], shares[2], shares[3]))
    write_manifest(target, schema, cases, split, name=name, licence=licence,
                   length_unit=recipe.unit, walls=recipe.walls, symmetry=recipe.symmetry)  # fmt: skip
    return places


def _check_first(dataset: Dataset) -> None:
    """Refuses what would make every case one that cannot be trained on: walls, or kinds of fields, that are others."""
    check_case(dataset.case(next(iter(dataset.manifest["cases"]))), dataset.schema)


def _by_case(paths: Sequence[Path]) -> dict[str, Path]:
    if not paths:
        raise DatasetError("meshes", "at least one file", "none")
    found: dict[str, Path] = {}
    among_cases = any(map(openfoam.is_case, paths))
    for path in paths:
        _check_path(path, among_cases)
        case = openfoam.folder_of(path).resolve().name if openfoam.is_case(path) else path.stem
        if case in found:
            raise DatasetError("meshes", "one file a case", f"{found[case]} and {path}")
        found[case] = path
    return found


def _check_path(path: Path, among_cases: bool) -> None:
    """Refuses a folder around cases in place of them, and beside cases what is neither one nor a mesh."""
    if openfoam.is_case(path):
        return
    if path.is_dir() and (inside := list(filter(openfoam.is_case, path.glob("*")))):
        raise DatasetError(str(path), f"the cases themselves, '{path}/*'", f"a folder around {len(inside)} of them")
    if among_cases and not formats.is_known(path.name) and not is_converted(path):
        raise DatasetError(str(path), f"a case of OpenFOAM as beside it ('{path.parent}/*/' for folders alone)", "none")


def _table(recipe: Recipe, cases: Mapping[str, Path]) -> tuple[list[Quantity], dict[str, dict[str, Any]]]:
    if recipe.conditions is None:
        if recipe.vectors:
            raise DatasetError("--vector", "a table of conditions", "none")
        return [], {}
    quantities, rows = Table.read(recipe.conditions, cases).conditions(recipe.vectors)
    for q in quantities:
        if q.unit and recipe.units.get(q.name, q.unit) != q.unit:
            wanted = f"the unit in {recipe.conditions.name}, {q.unit}"
            raise DatasetError(f"unit of {q.name}", wanted, shown(recipe.units[q.name]))
    stated = [dataclasses.replace(q, unit=recipe.units.get(q.name, q.unit)) for q in quantities]
    return stated, {case: dict(row) for case, row in rows.items()}


def _check_units(conditions: Sequence[Quantity], fields: Sequence[Quantity]) -> None:
    """Refuses a field relative to a condition where both state a unit, each another."""
    units = {q.name: q.unit for q in conditions}
    for field in fields:
        unit = units.get(field.relative_to, "")
        if unit and field.unit and unit != field.unit:
            label = f"--relative-to {field.name}={field.relative_to}"
            raise DatasetError(label, f"a field in the unit of the condition, {unit}", field.unit)


def _check_same(meshes: Mapping[str, Path], rows: Mapping[str, Any], what: str) -> None:
    for missing, wanted in ((meshes.keys() - rows.keys(), what), (rows.keys() - meshes.keys(), "a mesh")):
        if missing:
            some = ", ".join(sorted(missing)[:3]) + ", ..." * (len(missing) > 3)
            raise DatasetError("cases", f"{wanted} for each", f"{len(missing)} without: {some}")


def _arrays(recipe: Recipe, case: str, mesh: Mesh, points: Path | None) -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    """Where the fields are; and the samples of a case, those of the domain under `samples`, those on walls `wall`."""
    found, fields = {}, recipe.fields_on("domain")
    place = "points" if points is not None else _place(case, mesh, fields)
    if points is not None:
        found["samples"] = cloud.read(points, fields, mesh.dim, recipe.unit)
        found["samples"]["points"] *= metres(recipe.unit)
    elif place == "cells":
        found["samples"] = samples.at_cells(case, mesh, fields)
    else:
        for field in fields:
            label, values = f"case {case!r}, {field.name}", mesh.point_data[field.name]
            samples.fitted(label, field, values, len(values), mesh.dim)
    if walls := recipe.fields_on("wall"):
        found["wall"] = samples.on_walls(case, mesh, walls, recipe.walls)
    return place, found


def _place(case: str, mesh: Mesh, fields: Sequence[Quantity]) -> str:
    places = {field.name: place for field in fields for place, data in _data(mesh) if field.name in data}
    if missing := [field.name for field in fields if field.name not in places]:
        got = samples.damaged(mesh, missing[0]) or f"only {sorted({*mesh.point_data, *mesh.cell_data})}"
        raise DatasetError(f"case {case!r}", f"the field {missing[0]!r}, by node or by cell", got)
    if len(set(places.values())) > 1:
        at = ", ".join(f"{name} by {place[:-1]}" for name, place in places.items())
        raise DatasetError(f"case {case!r}", "all fields by node, or all by cell", at)
    return next(iter(places.values()), "nodes")


def _data(mesh: Mesh) -> Iterator[tuple[str, Mapping[str, np.ndarray]]]:
    yield "cells", mesh.cell_data
    yield "nodes", mesh.point_data


def _copied(target: Path, case: str, path: Path, mesh: Mesh) -> str:
    """Copies a mesh; one that is not complete in its own file, or that is converted to be read, is written as VTU."""
    is_complete = not is_converted(path) and formats.named(path.name).companions is None
    copy = Path(_MESHES) / (path.name if is_complete else f"{case}.vtu")
    (target / _MESHES).mkdir(parents=True, exist_ok=True)
    if is_complete:
        with replacing(target / copy, DatasetError) as whole:
            shutil.copyfile(path, whole)
    else:
        write(target / copy, mesh)
    return copy.as_posix()


def summary(places: Mapping[str, str], folder: str | os.PathLike[str]) -> str:
    """What was made, in a line."""
    said = " and ".join(sorted({_AT[place] for place in places.values()}))
    return f"{Path(folder) / NAME}: {len(places)} cases, fields {said}"
