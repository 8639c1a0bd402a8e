"""What a client sends: an upload, a query, and both cut into messages."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from google.protobuf.message import Message
from jaxtyping import Float

from enf2enf.at import At, check_name, points_of
from enf2enf.conditions import Conditions, check_table, from_tables, given
from enf2enf.errors import MeshError, QueryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.bare import WALLS
from enf2enf.geometry.mirrors import check_whole
from enf2enf.grid import Grid
from enf2enf.io import formats, read, read_bytes, write_bytes
from enf2enf.io.accept import MeshLike, accept, checked_options
from enf2enf.io.read import is_converted, mesh_bytes
from enf2enf.mesh import Mesh
from enf2enf.mesh.source import Source
from enf2enf_protos import surrogate_pb2 as pb

M = TypeVar("M", bound=Message)

_CHUNK = 1 << 20  # bytes of one message
_IN_TWO_FILES = (".xdmf", ".xmf")  # the arrays lie beside the document: sent as VTU instead


@dataclasses.dataclass(frozen=True)
class Upload:
    """A mesh file and how it is to be read.

    Args:
        header: message with the name of the file and how to read it.
        data: content of the file.
        source: the file that `data` was converted from; None if it is sent unchanged.
    """

    header: pb.MeshHeader
    data: bytes
    source: Source | None = None

    @classmethod
    def of(
        cls,
        mesh: MeshLike | Geometry,
        name: str,
        walls: Sequence[str],
        symmetry: Sequence[str],
        length_unit: str,
        model: str,
        version: int,
    ) -> "Upload":
        """The upload of a file, of bytes or of a mesh.

        Raises:
            MeshError: there is nothing to send.
            GeometryError: walls or planes of symmetry that are no names, or such planes of a `Geometry`.
            QueryError: an option that cannot be sent.
        """
        name, walls, symmetry, length_unit = checked_options(name, walls, symmetry, length_unit)
        source = None
        if isinstance(mesh, Geometry):
            check_whole(symmetry)
            mesh, walls, length_unit = mesh.to_mesh(), (WALLS,), "m"
        if isinstance(mesh, (str, os.PathLike)):
            path = Path(mesh)
            name = name or path.name
            is_read_here = path.suffix.lower() in _IN_TWO_FILES or is_converted(path)
            mesh = read(path) if is_read_here else mesh_bytes(path)
        if not isinstance(mesh, (bytes, bytearray, memoryview)):
            made = accept(mesh)
            name, mesh, source = f"{Path(name).stem or 'mesh'}.vtu", write_bytes(made, "vtu"), made.source
        if not name:
            raise MeshError("name", "the file name or format of these bytes", "none")
        data, sent = bytes(mesh), name.encode(errors="replace").decode()  # a file's name need not be Unicode
        if not data:
            formats.check(name, formats.named(name), data)  # raises: an empty file
        understood = {"walls": walls, "symmetry": symmetry, "length_unit": length_unit}
        header = message(pb.MeshHeader, name=sent, size=len(data), model=model, version=version, **understood)
        return cls(header, data, source)

    def to_model(self, model: str) -> "Upload":
        """The same upload for the model of this name, in the version that the upload named, else in the newest."""
        header = pb.MeshHeader()
        header.CopyFrom(self.header)
        header.model = model
        return dataclasses.replace(self, header=header)

    def messages(self) -> Iterator[pb.EncodeRequest]:
        """What `Encode` is sent."""
        yield pb.EncodeRequest(header=self.header)
        yield from (pb.EncodeRequest(chunk=chunk) for chunk in self._chunks())

    def messages_with(self, question: "Question") -> Callable[[], Iterator[pb.PredictRequest]]:
        """Makes what `Predict` is sent."""

        def requests() -> Iterator[pb.PredictRequest]:
            yield pb.PredictRequest(header=self.header)
            yield from (pb.PredictRequest(chunk=chunk) for chunk in self._chunks())
            yield pb.PredictRequest(query=question.query)
            yield from (pb.PredictRequest(points=block) for block in question.blocks())

        return requests

    def mesh(self) -> Mesh:
        """The mesh, in metres, in the order of nodes that the server answers in. Raises `MeshError` as `read`."""
        found = read_bytes(self.data, self.header.name).scaled(self.header.length_unit or "m")
        return dataclasses.replace(found, source=self.source or Source(self.header.name, self.data))

    def _chunks(self) -> Iterator[bytes]:
        return (self.data[first : first + _CHUNK] for first in range(0, len(self.data), _CHUNK))


@dataclasses.dataclass(frozen=True)
class Question:
    """A query as the message, and what it asks about.

    Args:
        query: the message.
        given: what it asks about, as it was given.
        at: the same as it is sent: points, a grid, or the name of a place.
        answers: under how many sets of conditions.
    """

    query: pb.Query
    given: At
    at: Float[np.ndarray, "points dim"] | Grid | str
    answers: int = 1

    @classmethod
    def of(
        cls, conditions: Sequence[Conditions], at: At, bounds: Float[np.ndarray, "2 dim"] | None = None
    ) -> "Question":
        """The question for the fields at `at` under each of the conditions, at least one.

        Args:
            conditions: name -> number, or one number per dimension for a vector, or its magnitude and angle.
            at: the place.
            bounds: of the shape; None where they are not known.

        Raises:
            ConditionError: values that are no numbers.
            QueryError: points that are no array (points, dim), or a name that cannot be sent.
        """
        first, *others = from_tables(conditions, _conditions)
        query = message(pb.Query, conditions=first, further=[message(pb.ConditionSet, conditions=o) for o in others])
        sent = _sent(at, bounds)
        if isinstance(sent, str):
            check_name(sent)
            if sent == "wall":
                query.wall.with_sides = True
            else:
                query.mesh_nodes.with_points = True
        elif isinstance(sent, Grid):
            query.grid.CopyFrom(message(pb.RegularGrid, lower=sent.lower, upper=sent.upper, resolution=sent.resolution))
        else:
            query.explicit_points.CopyFrom(pb.ExplicitPoints(count=len(sent), dim=sent.shape[1]))
        return cls(query, at, sent, 1 + len(others))

    @property
    def on_walls(self) -> bool:
        """Whether the walls are asked about."""
        return isinstance(self.at, str) and self.at == "wall"

    @property
    def points(self) -> Float[np.ndarray, "points dim"] | None:
        """The points that are asked about; None where the server knows them."""
        if isinstance(self.at, str):
            return None
        return self.at.points if isinstance(self.at, Grid) else self.at

    @property
    def count(self) -> int | None:
        """How many points are asked; None where the server knows it."""
        if isinstance(self.at, str):
            return None
        return self.at.count if isinstance(self.at, Grid) else len(self.at)

    def count_of(self, nodes: int, walls: Sequence[int]) -> int:
        """How many points are asked of a shape of so many nodes, and so many around each wall."""
        if self.count is not None:
            return self.count
        return sum(walls) if self.on_walls else nodes

    @property
    def size(self) -> int:
        """Bytes of the points that are sent."""
        return self.at.nbytes if isinstance(self.at, np.ndarray) else 0

    def sample(self, handle: str) -> pb.SampleRequest:
        """What `Sample` is sent."""
        return pb.SampleRequest(handle=handle, query=self.query, points=b"".join(self.blocks()))

    def messages(self, handle: str) -> Iterator[pb.DecodeRequest]:
        """What `Decode` is sent."""
        yield pb.DecodeRequest(header=pb.DecodeHeader(handle=handle, query=self.query))
        yield from (pb.DecodeRequest(points=block) for block in self.blocks())

    def blocks(self) -> Iterator[bytes]:
        """The explicit points in parts for one message each, all of whole points; none for other targets."""
        if not isinstance(self.at, np.ndarray):
            return iter(())
        rows = max(1, _CHUNK // (8 * max(1, self.at.shape[1])))
        return (self.at[first : first + rows].tobytes() for first in range(0, len(self.at), rows))


def message(kind: type[M], **fields: Any) -> M:
    """The message. Raises `QueryError` where a value cannot be sent: a text that is no Unicode, a number too large."""
    made = kind()
    for name, value in fields.items():
        try:
            made.MergeFrom(kind(**{name: value}))
        except (TypeError, ValueError):
            raise QueryError(name, "a value that can be sent", ascii(value)[:80]) from None
    return made


def _sent(at: At, bounds: Float[np.ndarray, "2 dim"] | None) -> Float[np.ndarray, "points dim"] | Grid | str:
    """A place as it is sent: by name, as a grid of the shape's dimension, or as points."""
    if isinstance(at, str) or (isinstance(at, Grid) and bounds is None):
        return at
    if isinstance(at, Grid) and bounds is not None and len(at.lower) == bounds.shape[1]:
        return at
    return np.ascontiguousarray(points_of(at, bounds), "<f8")


def _conditions(table: Conditions) -> dict[str, pb.Condition]:
    check_table(table)
    return {name: _condition(name, value) for name, value in table.items()}


def _condition(name: str, value: Any) -> pb.Condition:
    return pb.Condition(values=given(name, value).tolist())
