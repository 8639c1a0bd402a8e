"""What a client sends: an upload, a query, and both cut into messages."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError, MeshError, QueryError
from enf2enf.grid import Grid
from enf2enf.mesh import Mesh, read, write_bytes
from enf2enf_protos import surrogate_pb2 as pb

MeshLike = str | os.PathLike[str] | Mesh | bytes
At = np.ndarray | Grid | str  # points (points, dim) in metres, a grid, or "nodes"

_CHUNK = 1 << 20  # bytes of one message
_IN_TWO_FILES = (".xdmf", ".xmf")  # the arrays lie beside the document: sent as VTU instead


@dataclasses.dataclass(frozen=True)
class Upload:
    """A mesh file and how it is to be understood."""

    header: pb.MeshHeader
    data: bytes

    @classmethod
    def of(cls, mesh: MeshLike, name: str, walls: Sequence[str], length_unit: str) -> "Upload":
        """The upload of a file, of bytes or of a mesh. Raises `MeshError` if there is nothing to send."""
        if isinstance(mesh, (str, os.PathLike)):
            path = Path(mesh)
            name = name or path.name
            mesh = read(path) if path.suffix.lower() in _IN_TWO_FILES else _file_bytes(path)
        if isinstance(mesh, Mesh):
            name, mesh = f"{Path(name).stem or 'mesh'}.vtu", write_bytes(mesh, "vtu")
        if not name:
            raise MeshError("name", "the file name or format of these bytes", "none")
        return cls(pb.MeshHeader(name=name, size=len(mesh), walls=walls, length_unit=length_unit), bytes(mesh))

    def chunks(self) -> Iterator[bytes]:
        """The file in messages."""
        return (self.data[first : first + _CHUNK] for first in range(0, len(self.data), _CHUNK))


@dataclasses.dataclass(frozen=True)
class Question:
    """A query, and its points as far as they are known on this side: not those of the mesh's nodes."""

    query: pb.Query
    given: Float[np.ndarray, "points dim"] | Grid | None

    @classmethod
    def of(cls, conditions: Mapping[str, Any], at: At) -> "Question":
        """The question for the fields under `conditions` at `at`.

        Raises:
            ConditionError: values that are no numbers.
            QueryError: points that are no array (points, dim).
        """
        query = pb.Query(conditions={name: _condition(name, value) for name, value in conditions.items()})
        if isinstance(at, str):
            if at != "nodes":
                raise QueryError("at", "points, a Grid or 'nodes'", repr(at))
            query.mesh_nodes.with_points = True
            return cls(query, None)
        if isinstance(at, Grid):
            query.grid.CopyFrom(pb.RegularGrid(lower=at.lower, upper=at.upper, resolution=at.resolution))
            return cls(query, at)
        points = np.ascontiguousarray(at, "<f8")
        if points.ndim != 2:
            raise QueryError("points", "an array (points, dim)", f"shape {points.shape}")
        query.explicit_points.CopyFrom(pb.ExplicitPoints(count=len(points), dim=points.shape[1]))
        return cls(query, points)

    def chunks(self) -> Iterator[bytes]:
        """The explicit points in messages, each of whole points; none for other targets."""
        if not isinstance(self.given, np.ndarray):
            return iter(())
        rows = max(1, _CHUNK // (8 * max(1, self.given.shape[1])))
        return (self.given[first : first + rows].tobytes() for first in range(0, len(self.given), rows))


def _file_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MeshError(path.name, "a mesh file", error.strerror or type(error).__name__) from error


def _condition(name: str, value: Any) -> pb.Condition:
    try:
        return pb.Condition(values=np.atleast_1d(np.asarray(value, np.float64)).tolist())
    except (TypeError, ValueError):
        raise ConditionError(f"condition {name!r}", "numbers", repr(value)[:80]) from None
