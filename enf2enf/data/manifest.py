"""`dataset.json`: what a data-set folder says of itself, checked when it is read and when it is written."""

import json
import math
import os
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from enf2enf.data.split import SPLITS_OF_VERSION, check_split, completed, held_back_again, split_hash
from enf2enf.errors import DatasetError, MeshError, SchemaError, check_keys
from enf2enf.files import replacing
from enf2enf.plain import DAMAGE, is_line, is_number, is_whole, shown
from enf2enf.schema import Schema

NAME, FORMAT, VERSION = "dataset.json", "enf2enf-dataset", 2
_REQUIRED = {"format", "version", "name", "schema", "split", "split_sha256", "cases"}
_NPZ = ("samples", "fine")
_TEXTS = ("name", "description", "licence", "source")
_OPTIONAL = {"description", "licence", "source", "length_unit", "walls", "symmetry", "floor"}


def write_manifest(
    folder: str | os.PathLike, schema: Schema, cases: Mapping[str, Mapping[str, Any]],
    split: Mapping[str, Sequence[str]], *, name: str, description: str = "", licence: str = "", source: str = "",
    length_unit: str = "m", walls: Sequence[str] = (), symmetry: Sequence[str] = (),
    floor: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """Write the `dataset.json` of a folder, whole or not at all; the same arguments give the same bytes.

    Args:
        folder: where it goes; the paths in `cases` are relative to it.
        schema: conditions and fields of every case.
        cases: id -> `mesh` (a file in any format that is read), `conditions` (name -> number, or one number per
            dimension) and npz files of `points` (in metres) and one array per field: optionally `samples`, where the
            case's fields are known, in place of the mesh's own nodes, and `fine`, for tests of resolution alone; and
            `wall`, points on the walls with the fields that are defined there, if and only if the schema has some.
        split: the ids under `train`, `validation`, `calibration` and `test`; one that is not named is empty.
        name, description, licence, source: for people; they travel into checkpoints.
        length_unit: of the coordinates in the mesh files. The cases themselves are in metres.
        walls: names of the patches that are walls; without any, the inner boundary loops.
        symmetry: names of patches in planes of symmetry, of which the meshes are one side: cases are then about the
            whole, under conditions that these planes do not change, and their fields are known on that side.
        floor: `relative_l2`, the mean error of the stored fields themselves, over how many `cases`, and `how`.

    Raises:
        DatasetError, SchemaError: the parts contradict each other, in a sentence that says where.
    """
    split = completed(split) | {
        part: list(ids) for part, ids in split.items()
    }  # names unknown to the first are refused
    manifest = {
        "format": FORMAT, "version": VERSION, "name": name, "description": description, "licence": licence,
        "source": source, "schema": schema.to_dict(), "length_unit": length_unit, "walls": list(walls),
        "split": split, "split_sha256": split_hash(split),
        "cases": {case: dict(entry) for case, entry in cases.items()},
    }  # fmt: skip
    if len(symmetry):
        manifest["symmetry"] = list(symmetry)
    if floor is not None:
        manifest["floor"] = dict(floor)
    text = json.dumps(manifest, indent=1, default=_plain) + "\n"
    checked_manifest(text)
    path = Path(folder) / NAME
    with replacing(path, DatasetError) as partial:
        partial.write_text(text)
    return path


def checked_manifest(text: str) -> dict[str, Any]:
    """Parse and check the text of a `dataset.json`, which comes back as it is written; version 1 names three splits.

    Raises:
        DatasetError, SchemaError: naming what is wrong.
    """
    try:
        manifest = json.loads(text, object_pairs_hook=_once)
    except DAMAGE as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(NAME, "JSON", str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DatasetError(NAME, f"the format {FORMAT!r}", "another")
    if type(version := manifest.get("version")) is not int or version not in SPLITS_OF_VERSION:
        raise DatasetError(f"version of {NAME}", " or ".join(map(str, SPLITS_OF_VERSION)), shown(version))
    check_keys(DatasetError, NAME, manifest, _REQUIRED, _OPTIONAL)
    for key in _TEXTS:
        if not isinstance(manifest.get(key, ""), str):
            raise DatasetError(f"{key} of {NAME}", "text", shown(manifest[key]))
    if not is_line(manifest["name"]):
        raise DatasetError(f"name of {NAME}", "text in one line", shown(manifest["name"]))
    _check_geometry(manifest)
    _check_floor(manifest.get("floor"))
    schema = Schema.from_dict(manifest["schema"])
    if not schema.fields_on("domain"):
        raise SchemaError("fields", "at least one in the domain", "fields on walls alone")
    if not isinstance(manifest["cases"], dict):
        raise DatasetError("cases", "a table of id = case", shown(manifest["cases"]))
    for name, entry in manifest["cases"].items():
        _check_case(name, entry, schema)
    check_split(manifest["split"], manifest["cases"], manifest["split_sha256"], version)
    _check_apart(manifest["split"], manifest["cases"])
    return manifest


def condition_arrays(name: str, entry: Mapping[str, Any], schema: Schema) -> dict[str, np.ndarray]:
    """The conditions of a case, one float64 array each. Raises `DatasetError` on missing, unknown or bad ones."""
    given = entry.get("conditions", {})
    wanted = {quantity.name: quantity.width(schema.dim) for quantity in schema.conditions}
    if not isinstance(given, dict) or set(given) != set(wanted):
        got = shown(given) if not isinstance(given, dict) else str(sorted(given))
        raise DatasetError(f"conditions of case {name!r}", f"exactly {sorted(wanted)}", got)
    rows = {key: _numbers(f"{key} of case {name!r}", given[key], wanted[key]) for key in wanted}
    check_scales(name, rows, schema)
    return rows


def check_scales(name: str, conditions: Mapping[str, np.ndarray], schema: Schema) -> None:
    """Refuse conditions of a case with which a field cannot scale."""
    for field in schema.fields:
        for key, power in field.powers:
            if key in conditions and not 0 < _scale(conditions[key], power) < math.inf:
                wanted = f"a magnitude above 0, to the power {power:g} of which {field.name} scales"
                raise DatasetError(f"{key} of case {name!r}", wanted, str(np.asarray(conditions[key]).tolist()))


def _scale(row: np.ndarray, power: float) -> float:
    """What a field is divided by that scales with a condition; 0 or infinity where that cannot be."""
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        return float(np.linalg.norm(row) ** power)


def _numbers(name: str, value: Any, width: int) -> np.ndarray:
    row = value if isinstance(value, list) else [value]
    if len(row) != width or not all(map(is_number, row)):
        raise DatasetError(name, f"{width} finite number{'s' * (width > 1)}", json.dumps(value)[:80])
    return np.array(row, np.float64)


def _check_case(name: str, entry: Any, schema: Schema) -> None:
    if not name or not is_line(name):
        raise DatasetError("cases", "ids of one line each, none of them empty", shown(name))
    walls = {"wall"} if schema.fields_on("wall") else set()
    check_keys(DatasetError, f"case {name!r}", entry, {"mesh", *walls}, {"conditions", *_NPZ})
    for key in ("mesh", *_NPZ, *walls):
        path = entry.get(key, "inside")
        if not is_line(path) or not path:
            raise DatasetError(f"{key} of case {name!r}", "a file name", shown(path))
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path:
            raise DatasetError(f"{key} of case {name!r}", "a path inside the data set's folder, with /", shown(path))
    condition_arrays(name, entry, schema)


def _check_geometry(manifest: Mapping[str, Any]) -> None:
    from enf2enf.mesh.units import metres  # the mesh package costs who only reads the cache nothing before this

    for key in ("walls", "symmetry"):
        patches = manifest.get(key, [])
        if not isinstance(patches, list) or not all(isinstance(patch, str) for patch in patches):
            raise DatasetError(key, "a list of patch names", shown(patches))
    try:
        metres(manifest.get("length_unit", "m"))
    except (MeshError, TypeError) as error:
        raise DatasetError("length_unit", "a unit of length", shown(manifest["length_unit"])) from error


def _check_floor(floor: Any) -> None:
    if floor is None:
        return
    check_keys(DatasetError, "floor", floor, {"relative_l2"}, {"cases", "how"})
    if not _numbers("relative_l2 of floor", floor["relative_l2"], 1)[0] >= 0:
        raise DatasetError("relative_l2 of floor", "a number from 0 up", shown(floor["relative_l2"]))
    if not is_whole(floor.get("cases", 0), 0, 2**53):
        raise DatasetError("cases of floor", "a whole number from 0 up", shown(floor["cases"]))
    if not isinstance(floor.get("how", ""), str):
        raise DatasetError("how of floor", "text", shown(floor["how"]))


def _check_apart(split: Mapping[str, Sequence[str]], cases: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a case that trains under one id and is held back under another."""
    for part, name, same in held_back_again(split, lambda name: _canonical(cases[name])):
        raise DatasetError(f"{part} split", "cases that do not train", f"{name!r}, which is {same!r} again")


def _canonical(entry: Mapping[str, Any]) -> str:
    """Where the data of a case are, and under which conditions they are."""
    paths = [posixpath.normpath(str(entry.get(key))) for key in ("mesh", "samples")]
    conditions = json.loads(json.dumps(entry.get("conditions")), parse_int=float)  # 1 is 1.0
    return json.dumps([paths, conditions], sort_keys=True)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of a JSON text; of a key that comes twice, the first would be lost in silence."""
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise DatasetError(NAME, "every key once", f"{next(k for k in keys if keys.count(k) > 1)!r} twice")
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise DatasetError(NAME, "numbers, texts, lists and tables", type(value).__name__)
