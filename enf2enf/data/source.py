"""A data set as its makers see it: a folder with `dataset.json` and one mesh file per case."""

import dataclasses
import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from enf2enf.case import Case
from enf2enf.data.split import check_split
from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.schema import Quantity, Schema

FORMAT, VERSION = "enf2enf-dataset", 1
_REQUIRED = {"format", "version", "name", "schema", "split", "split_sha256", "cases"}
_OPTIONAL = {"description", "licence", "source", "length_unit", "walls", "floor"}


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
        path = Path(folder) / "dataset.json"
        try:
            text = path.read_text()
        except OSError as error:
            raise DatasetError(str(path), "a readable file", error.strerror or "none") from error
        return cls(Path(folder), checked_manifest(text))

    @functools.cached_property
    def schema(self) -> Schema:
        """Conditions and fields."""
        return Schema.from_dict(self.manifest["schema"])

    def mesh_path(self, name: str) -> Path:
        """Where the mesh of a case lies; never outside of the folder."""
        relative = self._entry(name).get("mesh")
        if not isinstance(relative, str):
            raise DatasetError(f"mesh of case {name!r}", "a file name", repr(relative))
        path = self.folder / relative
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise DatasetError(f"mesh of case {name!r}", "a file in the data set's folder", relative)
        return path

    def case(self, name: str) -> Case:
        """Read one case. Raises `DatasetError` naming the case: a bad mesh, a field missing or not finite."""
        from enf2enf import mesh as meshes  # who reads the cache needs no mesh library

        try:
            mesh = meshes.read(self.mesh_path(name))
            mesh = mesh.scaled(self.manifest.get("length_unit", "m"))
            geometry = Geometry.from_mesh(mesh, self.manifest.get("walls", ()))
        except Enf2EnfError as error:
            raise DatasetError(f"case {name!r}", "a mesh with walls", str(error)) from error
        values = {q.name: self._nodal(name, q, mesh.point_data, len(mesh.points)) for q in self.schema.fields}
        return Case(geometry, self.conditions(name), Field(mesh.points, values), name)

    def fine(self, name: str) -> Field | None:
        """The fine sampling of a case, if it has one."""
        relative = self._entry(name).get("fine")
        if relative is None:
            return None
        with np.load(self.folder / relative, allow_pickle=False) as arrays:
            return Field(arrays["points"], {q.name: arrays[q.name] for q in self.schema.fields})

    def conditions(self, name: str) -> dict[str, np.ndarray]:
        """The conditions of a case, one array each. Raises `DatasetError` on missing, unknown or bad ones."""
        given = self._entry(name).get("conditions", {})
        wanted = {quantity.name: quantity.width(self.schema.dim) for quantity in self.schema.conditions}
        if set(given) != set(wanted):
            raise DatasetError(f"conditions of case {name!r}", str(sorted(wanted)), str(sorted(given)))
        rows = {key: np.atleast_1d(np.asarray(value, np.float64)) for key, value in given.items()}
        for key, row in rows.items():
            if row.shape != (wanted[key],) or not np.isfinite(row).all():
                raise DatasetError(f"{key} of case {name!r}", f"{wanted[key]} finite numbers", str(given[key]))
        return rows

    def _entry(self, name: str) -> Mapping[str, Any]:
        if name not in self.manifest["cases"]:
            raise DatasetError("case", "one of the data set's", repr(name))
        return self.manifest["cases"][name]

    def _nodal(self, name: str, quantity: Quantity, data: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        if quantity.name not in data:
            raise DatasetError(f"case {name!r}", f"nodal values of {quantity.name!r}", f"only {sorted(data)}")
        values = np.asarray(data[quantity.name], np.float64)
        if quantity.kind == "vector":
            values = values.reshape(count, -1)[:, : self.schema.dim]  # formats pad plane vectors with a zero
            if values.shape[1] != self.schema.dim:
                raise DatasetError(f"{quantity.name} of case {name!r}", f"{self.schema.dim} components", "fewer")
        elif values.size != count:
            raise DatasetError(f"{quantity.name} of case {name!r}", "one number a node", f"shape {values.shape}")
        else:
            values = values.reshape(count)
        if not np.isfinite(values).all():
            raise DatasetError(f"{quantity.name} of case {name!r}", "finite numbers", "NaN or infinity")
        return values


def checked_manifest(text: str) -> dict[str, Any]:
    """Parse and check the text of a `dataset.json`."""
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise DatasetError("dataset.json", "JSON", str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DatasetError("dataset.json", f"the format {FORMAT!r}", "another")
    if manifest.get("version") != VERSION:
        raise DatasetError("version of dataset.json", str(VERSION), repr(manifest.get("version")))
    if missing := sorted(_REQUIRED - manifest.keys()):
        raise DatasetError("dataset.json", f"the key {missing[0]!r}", "none")
    if unknown := sorted(manifest.keys() - _REQUIRED - _OPTIONAL):
        raise DatasetError("dataset.json", f"keys among {sorted(_REQUIRED | _OPTIONAL)}", repr(unknown[0]))
    Schema.from_dict(manifest["schema"])
    check_split(manifest["split"], manifest["cases"], manifest["split_sha256"])
    return manifest
