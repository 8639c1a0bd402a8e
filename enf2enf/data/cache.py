"""A data set packed into one file of arrays: all that training reads, without meshes, solvers or pictures."""

import copy
import functools
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from enf2enf.data import manifest as manifests
from enf2enf.data import npz
from enf2enf.data.case import Case
from enf2enf.data.completion import completion
from enf2enf.data.dataset import Dataset
from enf2enf.data.mapped import Spool, taken
from enf2enf.data.sources import canonical, check_apart, digest, hashes_of, names_of, sources
from enf2enf.data.split import SPLITS, completed
from enf2enf.data.trainable import check_case, check_extents, check_numbers, check_sampling
from enf2enf.errors import DatasetError
from enf2enf.field import Field
from enf2enf.files import open_file
from enf2enf.geometry import Geometry, arrays
from enf2enf.plain import DAMAGE
from enf2enf.schema import Schema

NAME = "cache.npz"
_VERSION = 3
_Item = TypeVar("_Item")
Track = Callable[[Iterable[_Item]], Iterable[_Item]]


def bar(items: Iterable[_Item], doing: str = "Packing the data set") -> Iterable[_Item]:
    """Shows on a terminal how far it has got."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, doing, console=console, transient=True, disable=not console.is_terminal)


class PackedData:
    """The cases of a data set, by index, in SI units.

    Args:
        manifest: the checked `dataset.json` that was packed.
        stored: the concatenated arrays, see `pack`.

    Raises:
        DatasetError: arrays that do not fit the manifest or each other.
    """

    def __init__(self, manifest: Mapping[str, Any], stored: Mapping[str, np.ndarray]):
        self.manifest, self._arrays = manifest, dict(stored)
        self.schema = Schema.from_dict(manifest["schema"])
        self.names = names_of(manifest)
        self.digest = str(stored["digest"])
        self._learnt: Int[np.ndarray, " cases"] | None = None
        self._index = {name: index for index, name in enumerate(self.names)}
        self._check()

    @classmethod
    def load(cls, folder: str | os.PathLike, progress: Track = bar) -> Self:
        """The packed data of a folder, packed now if they never were or if a file they came from has changed.

        Where the cache came alone, or with `dataset.json` but without any mesh or samples, it is believed.

        Raises:
            DatasetError, SchemaError: nothing to load, a case that cannot be packed, a damaged cache come alone.
        """
        path = Path(folder) / NAME
        alone = not (Path(folder) / manifests.NAME).exists()
        if alone and not path.exists():
            raise DatasetError(str(folder), f"{manifests.NAME} or {NAME} in it", "neither")
        packed = cls._read(path) if path.exists() else None
        if not alone and (packed is None or not packed._is_fresh(Path(folder))):
            packed = cls._read(pack(folder, progress))
        if packed is None:
            raise DatasetError(str(path), f"a whole cache of version {_VERSION}", "a damaged or older one")
        return packed

    @classmethod
    def _read(cls, path: Path) -> Self | None:
        """None for a file that is of another version, was cut short or contradicts itself: it is made anew."""
        try:
            with open_file(path) as source, np.load(source, allow_pickle=False) as file:
                if int(file["version"]) != _VERSION:
                    return None
                stored = {name: npz.member(file, source, name) for name in file.files}
            return cls(manifests.checked_manifest(stored["manifest"].tobytes().decode()), stored)
        except (OSError, *DAMAGE):
            return None

    def _is_fresh(self, folder: Path) -> bool:
        dataset = Dataset.open(folder)
        if canonical(dataset.manifest) != canonical(self.manifest):
            return False
        if not any(path.exists() for path in sources(dataset)):
            return True
        return digest(dataset, hashes_of(dataset)) == self.digest

    def under(self, schema: Schema, conditions: Mapping[str, ArrayLike]) -> Self:
        """The same cases in a wider schema: what they have no number for, they were all solved under `conditions`.

        Raises:
            SchemaError: other fields than the schema's.
            ConditionError: a condition that neither they nor `conditions` know, or that both do.
        """
        filled = completion(self.manifest["name"], self.schema, schema, conditions)
        columns = {name: np.tile(row, (self.case_count, 1)) for name, row in filled.items()}
        columns |= self.schema.condition_columns.split(self._arrays["conditions"])
        table = schema.condition_columns.join(columns, self.case_count)
        for name, row in zip(self.names, table, strict=True):
            manifests.check_scales(name, schema.condition_columns.split(row), schema)
        return type(self)({**self.manifest, "schema": schema.to_dict()}, {**self._arrays, "conditions": table})

    @property
    def case_count(self) -> int:
        """Number of cases over all splits."""
        return len(self.names)

    @functools.cached_property
    def counts(self) -> Int[np.ndarray, " cases"]:
        """Number of points of every case."""
        return np.diff(self._arrays["points_ends"])

    @property
    def floor(self) -> float | None:
        """Mean relative L2 error of the stored fields themselves, None if the data set does not state it."""
        return self.manifest.get("floor", {}).get("relative_l2")

    def ids(self, split: str) -> Int[np.ndarray, " cases"]:
        """Indices of the cases of a split; their ids are the `names` there."""
        if split not in SPLITS:
            raise DatasetError("split", " or ".join(SPLITS), repr(split))
        found = np.array([self._index[name] for name in completed(self.manifest["split"])[split]], np.int64)
        return found if split != "train" or self._learnt is None else found[self._learnt]

    def learning_from(self, count: int) -> Self:
        """The same with so many cases of the train split, drawn once: those of fewer are among those of more."""
        own = copy.copy(self)
        own._learnt = np.sort(np.random.default_rng(0).permutation(len(self.ids("train")))[:count])
        return own

    def geometry(self, index: int | np.integer) -> Geometry:
        """The boundaries of a case, in metres."""
        return arrays.nth(self._arrays, int(index)).geometry()

    def points(self, index: int | np.integer) -> Float[np.ndarray, "points dim"]:
        """The points where fields of the case are known, in metres: first those of the domain, then those on walls."""
        return self._rows("points", "points_ends", index)

    def values(self, index: int | np.integer) -> Float[np.ndarray, "points components"]:
        """The fields there, all components in schema order, float32; NaN where a field is not defined."""
        return self._rows("values", "points_ends", index)

    def on_wall(self, index: int | np.integer) -> Bool[np.ndarray, " points"]:
        """Which of the points are on walls: where no field of the domain is known."""
        known = np.isfinite(self.values(index)[:, self.schema.is_on("domain")])
        return np.logical_not(known.any(axis=1))

    def fine(
        self, index: int | np.integer
    ) -> tuple[Float[np.ndarray, "points dim"], Float[np.ndarray, "points components"]] | None:
        """The points and fields of a case's fine sampling, float64; None where it has none or is not for validation.

        Fields on walls are NaN there.
        """
        points, values = self._rows("fine_points", "fine_ends", index), self._rows("fine_values", "fine_ends", index)
        return (points, values.astype(np.float64)) if len(points) else None

    def conditions(self, index: int | np.integer) -> Float[np.ndarray, " inputs"]:
        """All condition components in schema order."""
        return self._arrays["conditions"][index]

    def _rows(self, name: str, ends: str, index: int | np.integer) -> np.ndarray:
        start, stop = self._arrays[ends][index : index + 2]
        return taken(self._arrays[name], slice(start, stop))

    def _check(self) -> None:
        stored, count, dim = self._arrays, self.case_count, self.schema.dim
        rows, fine = stored["points_ends"][-1:].sum(), stored["fine_ends"][-1:].sum()
        expected = {
            "points_ends": (count + 1,), "lengths_ends": (count + 1,), "parts_ends": (count + 1,),
            "lengths": (stored["lengths_ends"][-1:].sum(),), "parts": (stored["parts_ends"][-1:].sum(), 4),
            "vertices": (stored["lengths"].sum(), dim), "points": (rows, dim),
            "fine_ends": (count + 1,), "fine_points": (fine, dim), "fine_values": (fine, self.schema.field_width),
            "values": (rows, self.schema.field_width), "conditions": (count, self.schema.condition_width),
        }  # fmt: skip
        for name, shape in expected.items():
            if stored[name].shape != shape:
                raise DatasetError(f"{name} of {NAME}", f"shape {shape}", str(stored[name].shape))


def stated(folder: str | os.PathLike) -> Mapping[str, Any]:
    """The checked manifest of a folder; nothing is packed for it. Raises as `PackedData.load` does."""
    if (Path(folder) / manifests.NAME).exists():
        return Dataset.open(folder).manifest
    return PackedData.load(folder).manifest


def pack(folder: str | os.PathLike, progress: Track = bar) -> Path:
    """Read every case of the folder's splits and write the cache, whole or not at all. Returns its path.

    The file is an uncompressed npz without objects: the rows of all cases one after the other as `points` (float64;
    of a case first those of the domain, then those on walls), `values` (float32, NaN where a field is not defined),
    `conditions`, the boundaries as `GeometryArrays` (a fourth column of `parts` is an index into `patches`), the
    fine samplings of validation cases as `fine_points` and `fine_values`, the places where one case ends as `..._ends`,
    the `manifest` as UTF-8, a `digest` of its sources.

    Raises:
        DatasetError, SchemaError: naming the case that cannot be packed.
    """
    path = Path(folder) / NAME
    npz.write(path, _gather(Dataset.open(folder), progress))
    return path


def _gather(dataset: Dataset, progress: Track) -> dict[str, np.ndarray]:
    schema = dataset.schema
    points, values = (Spool(dataset.folder, str(dataset.folder), DatasetError) for _ in range(2))
    counts, conditions, boundaries, fine, extents = [], [], [], [], []
    for name in progress(names_of(dataset.manifest)):
        case = dataset.case(name)
        check_case(case, schema)
        samplings = [case.solution] if case.wall is None else [case.solution, case.wall]
        counts.append(sum(len(sampling.points) for sampling in samplings))
        points.append(np.concatenate([sampling.points for sampling in samplings]))
        row = schema.condition_columns.join(case.conditions, 1)[0]
        values.append(np.concatenate([_columns(case, schema, row, sampling) for sampling in samplings]))
        conditions.append(row)
        boundaries.append(arrays.GeometryArrays.of(case.geometry))
        fine.append(_fine(dataset, case, row))
        extents.append(case.geometry.extent)
    check_extents(names_of(dataset.manifest), extents)
    hashes = hashes_of(dataset)
    check_apart(dataset, hashes)
    return {
        "version": np.array(_VERSION),
        "manifest": np.frombuffer(json.dumps(dataset.manifest).encode(), np.uint8),
        "digest": np.array(digest(dataset, hashes)),
        "points": points.rows(), "points_ends": _ends(counts), "values": values.rows(),
        "conditions": np.stack(conditions), **arrays.joined(boundaries),
        "fine_points": np.concatenate([row[0] for row in fine]), "fine_ends": _ends([len(row[0]) for row in fine]),
        "fine_values": np.concatenate([row[1] for row in fine]),
    }  # fmt: skip


def _fine(dataset: Dataset, case: Case, row: Float[np.ndarray, " inputs"]) -> tuple[np.ndarray, np.ndarray]:
    """Points and float32 values of the fine sampling of a validation case, none of others."""
    schema, name = dataset.schema, case.name
    field = dataset.fine(name) if name in dataset.split["validation"] else None
    if field is None:
        return np.zeros((0, schema.dim)), np.zeros((0, schema.field_width), np.float32)
    check_sampling(f"case {name!r}, fine samples", case.geometry, field)
    return field.points, _columns(case, schema, row, field)


def _columns(case: Case, schema: Schema, row: Float[np.ndarray, " inputs"], field: Field) -> np.ndarray:
    """The values of a sampling as columns in float32, NaN for fields that are not defined there."""
    count = len(field.points)
    unknown = {q.name: np.full((count, q.width(schema.dim)), np.nan) for q in schema.fields}
    values = schema.field_columns.join(unknown | dict(field.values), count)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    if np.isinf(single).any():
        got = f"{np.nanmax(np.abs(values)):.3g}"
        raise DatasetError(f"case {case.name!r}", "fields within the range of float32", got)
    check_numbers(f"case {case.name!r}", schema, schema.length or case.geometry.extent, row, single)
    return single


def _ends(counts: list[int]) -> np.ndarray:
    return np.cumsum([0, *counts])
