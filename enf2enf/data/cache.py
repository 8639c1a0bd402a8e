"""A data set packed into one file of arrays: all that training reads, without meshes, solvers or pictures."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float, Int

from enf2enf.data.source import Dataset, checked_manifest
from enf2enf.data.split import SPLITS
from enf2enf.errors import DatasetError
from enf2enf.geometry import Geometry
from enf2enf.schema import Schema

NAME = "cache.npz"
_VERSION = 1
Progress = Callable[[Iterable[str]], Iterable[str]]


class PackedData:
    """The cases of a data set, by index, in SI units.

    Args:
        manifest: the checked `dataset.json` that was packed.
        arrays: the concatenated arrays, see `pack`.
    """

    def __init__(self, manifest: dict[str, Any], arrays: dict[str, np.ndarray]):
        self.manifest, self._arrays = manifest, arrays
        self.schema = Schema.from_dict(manifest["schema"])
        self.names = [name for split in SPLITS for name in manifest["split"][split]]
        self.digest = str(arrays["digest"])
        self._index = {name: index for index, name in enumerate(self.names)}

    @classmethod
    def load(cls, folder: str | os.PathLike, progress: Progress = iter) -> Self:
        """The packed data of a folder, packed now if they never were or if a mesh or `dataset.json` has changed.

        Where the cache came alone, or with `dataset.json` but without any mesh, it is believed.
        """
        path, source = Path(folder) / NAME, Path(folder) / "dataset.json"
        if not source.exists() and not path.exists():
            raise DatasetError(str(folder), f"dataset.json or {NAME} in it", "neither")
        if path.exists() and (packed := cls._read(path)) is not None and packed._is_fresh(Path(folder)):
            return packed
        return cls._read(pack(folder, progress)) or _unreadable(path)

    @classmethod
    def _read(cls, path: Path) -> Self | None:
        """None for a file of another version, or one that was cut short: it is made anew."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["version"]) != _VERSION:
                    return None
                arrays = {name: file[name] for name in file.files}
        except (OSError, ValueError, KeyError, EOFError):
            return None
        return cls(checked_manifest(str(arrays.pop("manifest"))), arrays)

    def _is_fresh(self, folder: Path) -> bool:
        if not (folder / "dataset.json").exists():
            return True
        dataset = Dataset.open(folder)
        if _canonical(dataset.manifest) != _canonical(self.manifest):
            return False
        paths = [dataset.mesh_path(name) for name in self.names]
        return not any(path.exists() for path in paths) or _digest(dataset, self.names) == self.digest

    def ids(self, split: str) -> Int[np.ndarray, " cases"]:
        """Indices of the cases of a split."""
        if split not in SPLITS:
            raise DatasetError("split", " or ".join(SPLITS), repr(split))
        return np.array([self._index[name] for name in self.manifest["split"][split]], np.int64)

    def geometry(self, index: int) -> Geometry:
        """The boundary curves of a case, in metres."""
        first, last = self._arrays["loops_ends"][index : index + 2]
        curves = [self._slice("curves", loop) for loop in range(first, last)]
        return Geometry(tuple(curves[1:]), curves[0] if len(curves[0]) else None)

    def points(self, index: int) -> Float[np.ndarray, "points dim"]:
        """The points at which the case's fields are known, in metres."""
        return self._slice("points", index)

    def values(self, index: int) -> Float[np.ndarray, "points components"]:
        """The fields there, all components in schema order, float32."""
        return self._slice("values", index)

    def conditions(self, index: int) -> Float[np.ndarray, " inputs"]:
        """All condition components in schema order."""
        return self._arrays["conditions"][index]

    def _slice(self, name: str, index: int) -> np.ndarray:
        ends = self._arrays["curves_ends" if name == "curves" else "points_ends"]
        start, stop = ends[index : index + 2]
        return self._arrays[name][start:stop]


def pack(folder: str | os.PathLike, progress: Progress = iter) -> Path:
    """Read every case of the folder's splits and write the cache, whole or not at all. Returns its path.

    Raises:
        DatasetError, SchemaError: naming the case that cannot be packed.
    """
    dataset = Dataset.open(folder)
    names = [name for split in SPLITS for name in dataset.manifest["split"][split]]
    points, values, conditions, curves, loops = [], [], [], [], [0]
    for name in progress(names):
        case = dataset.case(name)
        points.append(case.field.points)
        columns = [case.field[q.name].reshape(len(points[-1]), -1) for q in dataset.schema.fields]
        values.append(np.concatenate(columns, axis=1).astype(np.float32))
        conditions.append(np.concatenate([np.zeros(0), *(case.conditions[q.name] for q in dataset.schema.conditions)]))
        outer = case.geometry.outer
        curves += [np.zeros((0, dataset.schema.dim)) if outer is None else outer, *case.geometry.walls]
        loops.append(len(curves))
    arrays = {
        "version": np.array(_VERSION),
        "manifest": np.array(json.dumps(dict(dataset.manifest))),
        "digest": np.array(_digest(dataset, names)),
        "points": np.concatenate(points), "points_ends": _ends(points), "values": np.concatenate(values),
        "conditions": np.stack(conditions), "curves": np.concatenate(curves), "curves_ends": _ends(curves),
        "loops_ends": np.array(loops),
    }  # fmt: skip
    path = Path(folder) / NAME
    partial = path.with_name(f".{NAME}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(partial, path)
    return path


def _ends(rows: list[np.ndarray]) -> np.ndarray:
    return np.cumsum([0] + [len(row) for row in rows])


def _canonical(manifest: Any) -> str:
    return json.dumps(dict(manifest), sort_keys=True)


def _digest(dataset: Dataset, names: list[str]) -> str:
    """Of the manifest and of the contents of every mesh; a file that is gone changes it."""
    digest = hashlib.sha256(_canonical(dataset.manifest).encode())
    for name in names:
        path = dataset.mesh_path(name)
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.exists() else b"none")
    return digest.hexdigest()


def _unreadable(path: Path) -> PackedData:
    raise DatasetError(str(path), "the cache that was just written", "an unreadable file")
