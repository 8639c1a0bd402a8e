"""A data set as its makers see it: a folder with `dataset.json` and one mesh file per case."""

import dataclasses
import functools
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from enf2enf.case import Case
from enf2enf.data.manifest import NAME, checked_manifest, condition_arrays
from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.schema import Quantity, Schema


@dataclasses.dataclass(frozen=True)
class Dataset:
    """An opened data-set folder. Cases are read from their mesh files when asked for.

    Args:
        folder: where it is.
        manifest: the contents of `dataset.json`, checked.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, folder: str | os.PathLike) -> Self:
        """Open a folder. Raises `DatasetError` or `SchemaError` naming what is wrong with `dataset.json`."""
        path = Path(folder) / NAME
        try:
            text = path.read_bytes().decode()
        except OSError as error:
            raise DatasetError(str(path), "a readable file", error.strerror or type(error).__name__) from error
        except UnicodeDecodeError as error:
            raise DatasetError(str(path), "text in UTF-8", "other bytes") from error
        return cls(Path(folder), checked_manifest(text))

    @functools.cached_property
    def schema(self) -> Schema:
        """Conditions and fields."""
        return Schema.from_dict(self.manifest["schema"])

    @property
    def split(self) -> Mapping[str, list[str]]:
        """Case ids under `train`, `validation` and `test`."""
        return self.manifest["split"]

    def mesh_path(self, name: str) -> Path:
        """Where the mesh of a case lies."""
        return self.folder / self._entry(name)["mesh"]

    def conditions(self, name: str) -> dict[str, np.ndarray]:
        """The conditions of a case, one array each."""
        return condition_arrays(name, self._entry(name), self.schema)

    def case(self, name: str) -> Case:
        """Read one case. Raises `DatasetError` naming it: a bad mesh, a field missing or not finite."""
        from enf2enf import mesh as meshes  # who reads the cache needs no mesh library

        path, conditions = self.mesh_path(name), self.conditions(name)
        try:
            mesh = meshes.read(path).scaled(self.manifest.get("length_unit", "m"))
            if mesh.dim != self.schema.dim:
                raise DatasetError(path.name, f"a mesh in {self.schema.dim} dimensions", str(mesh.dim))
            geometry = Geometry.from_mesh(mesh, self.manifest.get("walls", ()))
        except Enf2EnfError as error:
            raise DatasetError(f"case {name!r}, {error.name}", error.expected, error.got) from error
        return Case(geometry, conditions, self._field(f"case {name!r}", mesh.points, mesh.point_data), name)

    def fine(self, name: str) -> Field | None:
        """The fine sampling of a case, None if it has none. Raises `DatasetError` on a damaged one."""
        relative = self._entry(name).get("fine")
        if relative is None:
            return None
        label = f"case {name!r}, {relative}"
        try:
            with np.load(self.folder / relative, allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
        except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise DatasetError(label, "an npz file of plain arrays", str(error) or type(error).__name__) from error
        points = np.asarray(arrays.pop("points", np.zeros(0)), np.float64)
        if points.ndim != 2 or points.shape[1] != self.schema.dim or not np.isfinite(points).all():
            raise DatasetError(label, f"finite `points` (n, {self.schema.dim})", f"shape {points.shape}")
        return self._field(label, points, arrays)

    def _entry(self, name: str) -> Mapping[str, Any]:
        if name not in self.manifest["cases"]:
            raise DatasetError("case", "an id of the data set", repr(name))
        return self.manifest["cases"][name]

    def _field(self, label: str, points: np.ndarray, data: Mapping[str, np.ndarray]) -> Field:
        return Field(points, {q.name: self._values(label, q, data, len(points)) for q in self.schema.fields})

    def _values(self, label: str, quantity: Quantity, data: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        if quantity.name not in data:
            raise DatasetError(label, f"values of {quantity.name!r} at the points", f"only {sorted(data)}")
        values, width = np.asarray(data[quantity.name]), quantity.width(self.schema.dim)
        label = f"{label}, {quantity.name}"
        if values.dtype.kind not in "fiu":
            raise DatasetError(label, "numbers", str(values.dtype))
        if values.shape != ((count, width) if quantity.kind == "vector" else (count,)):
            wanted = f"({count}, {width})" if quantity.kind == "vector" else f"({count},)"
            raise DatasetError(label, f"a {quantity.kind} at every point, shape {wanted}", f"shape {values.shape}")
        if len(bad := np.flatnonzero(~np.isfinite(values.reshape(count, -1)).all(axis=1))):
            raise DatasetError(label, "finite numbers", f"{values[bad[0]]} at point {bad[0]}")
        return values.astype(np.float64)
