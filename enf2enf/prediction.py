"""The answer to a question about a shape: the same type from a surrogate here and from one behind a server."""

import dataclasses
import inspect
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from enf2enf.at import At
from enf2enf.errors import ConfigError
from enf2enf.field import Field
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.grid import Grid
from enf2enf.mesh import Mesh
from enf2enf.plain import shown
from enf2enf.wake import drags_apart

if TYPE_CHECKING:
    import pyvista

OnProgress = Callable[[int, int], None]
"""Called with (points received so far, points in all); the first restarts low if a client has to repeat a call."""


def check_progress(progress: Any) -> None:
    """Raises `ConfigError` where it is nothing to be called, or has to be awaited."""
    if progress is None:
        return
    if not callable(progress) or any(map(inspect.iscoroutinefunction, (progress, type(progress).__call__))):
        raise ConfigError("progress", "a function that need not be awaited", shown(progress))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Fields at points, and what is to be known of them.

    Args:
        field: values at the points, float32; NaN where there is no field.
        outside: number of points without a field: inside a body, outside the domain or beyond what the model covers.
        extrapolating: names of the conditions, and of numbers that describe the shape (its `thickness`, its `incidence`
            ...), outside the range of the training data.
        shape: the encoded geometry: an `Encoding`, or a `RemoteShape`; not the one that was passed if a server had to
            encode it again.
        at: where fields were asked for, as it was given.
        sides: for `at="wall"`, the sides of the walls, whose midpoints are the points; else None.
        decode_seconds: computing time for this answer, without waiting.
        request_id: id of the call in the server's log; empty for an answer without a server.
        integrals: lift, drag and moment by name, see `enf2enf.forces.integrals`; empty if the model has none.
    """

    field: Field
    outside: int
    extrapolating: tuple[str, ...]
    shape: Any
    at: At
    sides: WallSides | None = None
    decode_seconds: float = 0.0
    request_id: str = ""
    integrals: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __getitem__(self, name: str) -> Float[np.ndarray, "points ..."]:
        return self.field[name]

    def __repr__(self) -> str:
        named = ", ".join(self.fields)
        beyond = f", extrapolating in {', '.join(self.extrapolating)}" if self.extrapolating else ""
        return f"Prediction({named} at {len(self.points)} points, {self.outside} outside{beyond})"

    @property
    def fields(self) -> Mapping[str, Float[np.ndarray, "points ..."]]:
        """The values by the name of the field, one row per point."""
        return self.field.values

    @property
    def points(self) -> Float[np.ndarray, "points dim"]:
        """Coordinates in metres."""
        return self.field.points

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about the shape, and about drags that contradict each other, that deserve a second look."""
        return (*self.shape.warnings, *drags_apart(self.integrals))

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; None where there is no field."""
        return _plain(self.to_arrays())

    def to_arrays(self) -> dict[str, Any]:
        """The same with its arrays as they are, NaN where there is no field: for encoders that know arrays."""
        tables: dict[str, Any] = {
            "points": self.points,
            "fields": dict(self.fields),
            "outside": self.outside,
            "extrapolating": list(self.extrapolating),
            "warnings": list(self.warnings),
        }
        if self.integrals:
            tables["integrals"] = {name: None if np.isnan(value) else value for name, value in self.integrals.items()}
        return tables if self.sides is None else tables | {"sides": self._beside}

    def to_pyvista(self, mesh: Mesh | None = None) -> "pyvista.DataSet":
        """The fields as data of something that pyvista draws; vectors of the plane get a z of zero.

        An `UnstructuredGrid` of the mesh where its nodes were asked, or of `mesh`; an `ImageData` of a grid; the sides
        of walls as lines with cell data; else a `PolyData` of the points.

        Args:
            mesh: a mesh whose nodes are the points of this answer; without it, a mesh sent to a server is read again.

        Raises:
            QueryError: pyvista is not installed, or the mesh has another number of nodes.
            MeshError: the mesh that was sent cannot be read here.
        """
        from enf2enf.io.drawable import drawable

        return drawable(self.field, mesh or self._mesh or (self.at if isinstance(self.at, Grid) else None), self._ends)

    def save(self, path: str | os.PathLike[str]) -> tuple[str, ...]:
        """Writes the points and their fields; an existing file is replaced whole or not at all.

        For an answer at nodes, any file but a `.csv` holds the mesh, in its own length unit; if the mesh came from a
        file of the same format, it is that file with the fields added.

        Args:
            path: ends in `.vtu` or `.csv`; where nodes were asked, in that of any format that carries nodal fields.

        Returns:
            Sentences about what of the mesh is not in the file.

        Raises:
            MeshError: another format.
        """
        from enf2enf.io.fields import write_fields

        return write_fields(path, self.field, self._mesh, self._ends, self._beside)

    @property
    def _mesh(self) -> Mesh | None:
        """The mesh whose nodes were asked about."""
        return self.shape.mesh if isinstance(self.at, str) and self.sides is None else None

    @property
    def _ends(self) -> Float[np.ndarray, "points 2 dim"] | None:
        return None if self.sides is None else self.sides.ends

    @property
    def _beside(self) -> dict[str, np.ndarray]:
        if self.sides is None:
            return {}
        return {"normal": self.sides.normals, "length": self.sides.lengths, "wall": self.sides.walls}


def _plain(value: Any) -> Any:
    """Arrays as nested lists with None for NaN, in tables of tables."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    listed = value.astype(object)
    listed[np.isnan(value)] = None
    return listed.tolist()
