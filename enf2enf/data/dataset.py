"""A data set as its makers see it: a folder with `dataset.json` and one mesh file per case, maybe samples beside."""

import dataclasses
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from enf2enf.data import npz
from enf2enf.data.case import Case
from enf2enf.data.manifest import NAME, checked_manifest, condition_arrays
from enf2enf.data.split import completed
from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.field import Field
from enf2enf.files import read_file
from enf2enf.geometry import Geometry
from enf2enf.geometry.mirrors import check_mirrored
from enf2enf.mesh import Mesh
from enf2enf.plain import shown
from enf2enf.schema import On, Quantity, Schema


@dataclasses.dataclass(frozen=True)
class Dataset:
    """An opened data-set folder. Cases are read from their files when asked for.

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
            text = read_file(path).decode()
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
        """Case ids under every one of `SPLITS`; a data set of version 1 has none under `calibration`."""
        return completed(self.manifest["split"])

    def mesh_path(self, name: str) -> Path:
        """Where the mesh of a case lies."""
        return self._inside(name, "mesh", self._entry(name)["mesh"])

    def samples_path(self, name: str) -> Path | None:
        """Where the samples of a case lie, None if its fields are nodal data of its mesh."""
        return self._beside(name, "samples")

    def wall_path(self, name: str) -> Path | None:
        """Where the wall samples of a case lie, None if the schema has no fields on walls."""
        return self._beside(name, "wall")

    def fine_path(self, name: str) -> Path | None:
        """Where the fine sampling of a case lies, None if it has none."""
        return self._beside(name, "fine")

    def _beside(self, name: str, key: str) -> Path | None:
        relative = self._entry(name).get(key)
        return None if relative is None else self._inside(name, key, relative)

    def _inside(self, name: str, key: str, relative: str) -> Path:
        """A file of the folder; a link in it leads to nothing outside."""
        path = self.folder / relative
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder)):
            raise DatasetError(
                f"{key} of case {name!r}", "a file inside the data set's folder", "a link that leaves it"
            )
        return path

    def conditions(self, name: str) -> dict[str, np.ndarray]:
        """The conditions of a case, one array each."""
        return condition_arrays(name, self._entry(name), self.schema)

    def case(self, name: str) -> Case:
        """Read one case: its field at the points of its samples, or at the nodes of its mesh if it has none.

        Fields on walls are known at wall samples alone.

        Raises `DatasetError` naming it: a bad mesh, damaged samples, a field missing or not finite, conditions that
        are not symmetric where the geometry is.
        """
        from enf2enf import io as mesh_io  # who reads the cache needs no mesh library

        path, conditions = self.mesh_path(name), self.conditions(name)
        try:
            mesh = mesh_io.read(path).scaled(self.manifest.get("length_unit", "m"))
            if mesh.dim != self.schema.dim:
                raise DatasetError(path.name, f"a mesh in {self.schema.dim} dimensions", str(mesh.dim))
            geometry = self._geometry(mesh, self.schema.condition_columns.join(conditions, 1)[0])
        except Enf2EnfError as error:
            raise DatasetError(f"case {name!r}, {error.name}", error.expected, error.got) from error
        field = self._sampling(name, "samples")
        if field is None:
            field = self._field(f"case {name!r}", mesh.points, mesh.point_data, "domain")
        return Case(geometry, conditions, field, name, self._sampling(name, "wall", "wall"))

    def _geometry(self, mesh: Mesh, row: Float[np.ndarray, " inputs"]) -> Geometry:
        """That of a mesh, or of the whole of which it is one side. Refuses conditions that are not symmetric too."""
        from enf2enf.mesh.unfold import mirrors, unfolded

        walls, symmetry = (self.manifest.get(key, ()) for key in ("walls", "symmetry"))
        whole = unfolded(mesh, symmetry, walls)
        check_mirrored(self.schema, row, mirrors(mesh, symmetry))
        return Geometry.from_mesh(whole, walls, self.schema.outer_is_far)

    def fine(self, name: str) -> Field | None:
        """The fine sampling of a case, None if it has none. Raises `DatasetError` on a damaged one."""
        return self._sampling(name, "fine")

    def _sampling(self, name: str, key: str, on: On = "domain") -> Field | None:
        path = self._beside(name, key)
        if path is None:
            return None
        label = f"case {name!r}, {self._entry(name)[key]}"
        arrays, wanted = npz.read(path, label), f"finite `points` (n > 0, {self.schema.dim})"
        points = arrays.pop("points", np.zeros(0))
        if points.dtype.kind not in "fiu":
            raise DatasetError(label, wanted, f"points of type {points.dtype}")
        if points.ndim != 2 or points.shape[1] != self.schema.dim or not len(points):
            raise DatasetError(label, wanted, f"shape {points.shape}")
        if len(bad := np.flatnonzero(~np.isfinite(points).all(axis=1))):
            raise DatasetError(label, wanted, f"{points[bad[0]]} at point {bad[0]}")
        return self._field(label, points.astype(np.float64), arrays, on)

    def _entry(self, name: str) -> Mapping[str, Any]:
        if name not in self.manifest["cases"]:
            raise DatasetError("case", "an id of the data set", shown(name))
        return self.manifest["cases"][name]

    def _field(self, label: str, points: np.ndarray, data: Mapping[str, np.ndarray], on: On) -> Field:
        return Field(points, {q.name: self._values(label, q, data, len(points)) for q in self.schema.fields_on(on)})

    def _values(self, label: str, quantity: Quantity, data: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        if quantity.name not in data:
            raise DatasetError(label, f"values of {quantity.name!r} at the points", f"only {sorted(data)}")
        values, width = np.asarray(data[quantity.name]), quantity.width(self.schema.dim)
        label = f"{label}, {quantity.name}"
        if values.dtype.kind not in "fiu":
            raise DatasetError(label, "numbers", str(values.dtype))
        if values.shape != ((count,) if quantity.is_single else (count, width)):
            wanted = f"({count},)" if quantity.is_single else f"({count}, {width})"
            raise DatasetError(label, f"a {quantity.kind} at every point, shape {wanted}", f"shape {values.shape}")
        if len(bad := np.flatnonzero(~np.isfinite(values.reshape(count, -1)).all(axis=1))):
            raise DatasetError(label, "finite numbers", f"{values[bad[0]]} at point {bad[0]}")
        return values.astype(np.float64)
