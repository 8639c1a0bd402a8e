"""The files that a packed data set is made of: whether one has changed, and whether two cases are one."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from enf2enf.data.dataset import Dataset
from enf2enf.data.split import completed, held_back_again
from enf2enf.errors import DatasetError
from enf2enf.files import read_file


def names_of(manifest: Mapping[str, Any]) -> list[str]:
    """Ids of the cases in the order of a packed data set: split by split."""
    return [name for ids in completed(manifest["split"]).values() for name in ids]


def canonical(manifest: Mapping[str, Any]) -> str:
    """The same text for the same content."""
    return json.dumps(manifest, sort_keys=True)


def sources(dataset: Dataset) -> list[Path]:
    """The mesh of every case, its samples where it has some, and the fine samplings that are packed."""
    kinds = (dataset.mesh_path, dataset.samples_path, dataset.wall_path)
    paths = [path_of(name) for name in names_of(dataset.manifest) for path_of in kinds]
    fine = [dataset.fine_path(name) for name in dataset.split["validation"]]
    return [path for path in (*paths, *fine) if path is not None]


def digest(dataset: Dataset, hashes: Mapping[Path, bytes]) -> str:
    """A hash of the manifest and of all sources, given their `hashes_of`; a source that is gone changes it."""
    whole = hashlib.sha256(canonical(dataset.manifest).encode())
    for path in sources(dataset):
        whole.update(hashes[path])
    return whole.hexdigest()


def hashes_of(dataset: Dataset) -> dict[Path, bytes]:
    """Hashes of the contents of every source, SHA-256; `none` for one that is gone."""
    return {path: hashlib.sha256(read_file(path)).digest() if path.exists() else b"none" for path in sources(dataset)}


def check_apart(dataset: Dataset, hashes: Mapping[Path, bytes]) -> None:
    """Refuses a case that trains and is held back under another name, in a copy of its files.

    Raises:
        DatasetError: naming both.
    """

    def content(name: str) -> tuple[bytes, ...]:
        paths = (dataset.mesh_path(name), dataset.samples_path(name))
        conditions = dataset.schema.condition_columns.join(dataset.conditions(name), 1)
        return *(hashes[path] for path in paths if path is not None), conditions.tobytes()

    for part, name, same in held_back_again(dataset.split, content):
        raise DatasetError(f"{part} split", "cases that do not train", f"{name!r}, a copy of {same!r}")
