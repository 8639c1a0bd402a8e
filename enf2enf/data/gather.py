"""A data set out of what a campaign of simulations left: a folder of meshes and a table of conditions."""

import dataclasses
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.data import npz
from enf2enf.data.manifest import NAME, write_manifest
from enf2enf.data.split import proportional
from enf2enf.data.table import Table
from enf2enf.errors import DatasetError
from enf2enf.io import formats, read, write
from enf2enf.io.foreign import is_foreign
from enf2enf.mesh import Mesh, topology
from enf2enf.schema import Quantity, Schema

_MESHES, _SAMPLES = "meshes", "samples"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a data set is made of.

    Args:
        meshes: one file a case, which is named as the file.
        conditions: a table of them, see `Table`; None for a problem without any.
        fields: of the meshes, in the order in which a surrogate returns them.
        vectors: condition -> the columns of the table that make it, see `Table.conditions`.
        shares: of the cases: train, validation, calibration, test.
        seed: of the order in which the cases are shared out.
        walls: patches that are walls; none for the inner loops.
        symmetry: patches in planes of symmetry, of which every mesh is one side.
        unit: of the coordinates.
        outer_is_far, open_walls, length: as `Schema` takes them.
    """

    meshes: Sequence[Path]
    fields: Sequence[Quantity]
    conditions: Path | None = None
    vectors: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    shares: tuple[float, float, float, float] = (0.75, 0.1, 0.05, 0.1)
    seed: int = 0
    walls: Sequence[str] = ()
    symmetry: Sequence[str] = ()
    unit: str = "m"
    outer_is_far: bool = False
    open_walls: bool = False
    length: float | None = None


def gather(recipe: Recipe, folder: str | os.PathLike[str], name: str = "", licence: str = "") -> dict[str, str]:
    """Makes a data-set folder: the meshes are copied into it, fields that are by cell become samples at their centres.

    Args:
        recipe: of what.
        folder: new or empty.
        name, licence: for people; the name is that of the folder where none is given.

    Returns:
        Case -> where its fields are: `nodes` or `cells`.

    Raises:
        DatasetError: no meshes, two of one name, a case without conditions or the other way round, a field that is
            missing; the sentence names the case.
        MeshError: a file that cannot be read.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DatasetError(str(target), "a folder that is new or empty", "another")
    meshes, table = _by_case(recipe.meshes), _table(recipe)
    _check_same(meshes, table[1] if recipe.conditions else dict.fromkeys(meshes, {}))
    partial = target.with_name(f".{target.resolve().name}.{os.getpid()}.partial")
    try:
        places = _gathered(recipe, meshes, table, partial, name or target.resolve().name, licence)
        if target.exists():
            target.rmdir()
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return places


def _gathered(
    recipe: Recipe,
    meshes: Mapping[str, Path],
    table: tuple[list[Quantity], dict[str, dict[str, Any]]],
    target: Path,
    name: str,
    licence: str,
) -> dict[str, str]:
    """The whole folder, which is new."""
    conditions, rows = table
    cases: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    dims = set()
    for case, path in meshes.items():
        mesh = read(path)
        dims.add(mesh.dim)
        cases[case] = {"mesh": f"{_MESHES}/{path.name}", "conditions": rows.get(case, {})}
        places[case] = _stored(target, case, path, mesh.scaled(recipe.unit), recipe.fields, cases[case])
    if len(dims) > 1:
        raise DatasetError("meshes", "all in the plane, or all in space", "some of each")
    schema = Schema(dims.pop(), tuple(conditions), tuple(recipe.fields), recipe.outer_is_far, recipe.length,
                    recipe.open_walls)  # fmt: skip
    order = np.random.default_rng(recipe.seed).permutation(sorted(cases)).tolist()
    shares = tuple(round(1e6 * share) for share in recipe.shares)
    split = proportional(order, (shares[0], shares[1], shares[2], shares[3]))
    write_manifest(target, schema, cases, split, name=name, licence=licence,
                   length_unit=recipe.unit, walls=recipe.walls, symmetry=recipe.symmetry)  # fmt: skip
    return places


def _by_case(paths: Sequence[Path]) -> dict[str, Path]:
    if not paths:
        raise DatasetError("meshes", "at least one file", "none")
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise DatasetError("meshes", "one file a case", f"{found[path.stem].name} and {path.name}")
        found[path.stem] = path
    return found


def _table(recipe: Recipe) -> tuple[list[Quantity], dict[str, dict[str, Any]]]:
    if recipe.conditions is None:
        if recipe.vectors:
            raise DatasetError("--vector", "a table of conditions", "none")
        return [], {}
    quantities, rows = Table.read(recipe.conditions).conditions(recipe.vectors)
    return quantities, {case: dict(row) for case, row in rows.items()}


def _check_same(meshes: Mapping[str, Path], rows: Mapping[str, Any]) -> None:
    for missing, what in ((meshes.keys() - rows.keys(), "conditions"), (rows.keys() - meshes.keys(), "a mesh")):
        if missing:
            some = ", ".join(sorted(missing)[:3]) + ", ..." * (len(missing) > 3)
            raise DatasetError("cases", f"{what} for each", f"{len(missing)} without: {some}")


def _stored(target: Path, case: str, path: Path, mesh: Mesh, fields: Sequence[Quantity], entry: dict[str, Any]) -> str:
    """Copies the mesh, and writes samples where fields are by cell. Returns where the fields are."""
    places = {field.name: place for field in fields for place, data in _data(mesh) if field.name in data}
    if missing := [field.name for field in fields if field.name not in places]:
        known = sorted({*mesh.point_data, *mesh.cell_data})
        raise DatasetError(f"case {case!r}", f"the field {missing[0]!r}, by node or by cell", f"only {known}")
    kinds = {places[field.name] for field in fields}
    if len(kinds) > 1:
        at = ", ".join(f"{name} by {place[:-1]}" for name, place in places.items())
        raise DatasetError(f"case {case!r}", "all fields by node, or all by cell", at)
    _copy(target / _MESHES, case, path, entry)
    if kinds == {"cells"}:
        (target / _SAMPLES).mkdir(exist_ok=True)
        entry["samples"] = f"{_SAMPLES}/{case}.npz"
        npz.write(target / entry["samples"], _samples(case, mesh, fields))
    return kinds.pop()


def _copy(folder: Path, case: str, path: Path, entry: dict[str, Any]) -> None:
    """Copies a mesh; one that is not complete in its own file, or that is converted to be read, is written as VTU."""
    folder.mkdir(parents=True, exist_ok=True)
    if is_foreign(path) or formats.named(path.name).companions is not None:
        write(folder / f"{case}.vtu", read(path))
        entry["mesh"] = f"{_MESHES}/{case}.vtu"
    else:
        shutil.copyfile(path, folder / path.name)


def _data(mesh: Mesh) -> Iterator[tuple[str, Mapping[str, np.ndarray]]]:
    yield "cells", mesh.cell_data
    yield "nodes", mesh.point_data


def _samples(case: str, mesh: Mesh, fields: Sequence[Quantity]) -> dict[str, np.ndarray]:
    """The fields at the centres of the cells that fill the plane."""
    centres, rows, start = [], [], 0
    for block in mesh.cells:
        if topology.is_surface(block.kind):
            centres.append(_centroids(mesh.points[topology.rings(block)]))
            rows.append(start + np.arange(len(block.nodes)))
        start += len(block.nodes)
    if not centres:
        raise DatasetError(f"case {case!r}", "cells that fill the plane, at whose centres the fields are", "none")
    chosen = np.concatenate(rows)
    return {"points": np.concatenate(centres)} | {field.name: mesh.cell_data[field.name][chosen] for field in fields}


def _centroids(rings: Float[np.ndarray, "cells corners 2"]) -> Float[np.ndarray, "cells 2"]:
    """Of polygons, by area; of one without any, the mean of its corners."""
    origin = rings.mean(axis=1, keepdims=True)
    here, ahead = rings - origin, np.roll(rings, -1, axis=1) - origin
    twice = here[..., 0] * ahead[..., 1] - here[..., 1] * ahead[..., 0]
    whole = twice.sum(axis=1)
    moment = ((here + ahead) * twice[..., None]).sum(axis=1) / 3
    return origin[:, 0] + moment / np.where(whole == 0, np.inf, whole)[:, None]


def summary(places: Mapping[str, str], folder: str | os.PathLike[str]) -> str:
    """What was made, in a line."""
    where = {"nodes": "at the nodes", "cells": "at the centres of cells, as samples"}
    said = " and ".join(sorted({where[place] for place in places.values()}))
    return f"{Path(folder) / NAME}: {len(places)} cases, fields {said}"
