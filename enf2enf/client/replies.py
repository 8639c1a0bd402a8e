"""What a server answers, as NumPy arrays."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from enf2enf.client.requests import At, Upload
from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.mesh import Mesh
from enf2enf.schema import Quantity, Schema
from enf2enf_protos import surrogate_pb2 as pb

if TYPE_CHECKING:
    import pyvista

_KINDS = {pb.Quantity.KIND_SCALAR: "scalar", pb.Quantity.KIND_VECTOR: "vector"}


@dataclasses.dataclass(frozen=True)
class Description:
    """What a server says about its model.

    Args:
        name, version: of the model in the server's repository.
        digest: identifies the weights and all else that decides an answer.
        schema: conditions that a query must give, and fields that it returns.
        trained: condition -> (smallest, largest) value in the training data, per component.
        reference_length: the model's length scale in metres.
        formats: mesh formats that the server reads.
        limits: name -> largest value that the server accepts, as in `surrogate.proto`.
        card: the complete model card.
    """

    name: str
    version: int
    digest: str
    schema: Schema
    trained: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    reference_length: float
    formats: tuple[str, ...]
    limits: Mapping[str, int]
    card: Mapping[str, Any]

    @classmethod
    def of(cls, reply: pb.DescribeResponse) -> "Description":
        """From the message."""
        conditions, fields = (tuple(_quantity(q) for q in part) for part in (reply.conditions, reply.fields))
        return cls(
            name=reply.name,
            version=reply.version,
            digest=reply.digest,
            schema=Schema(reply.dim, conditions, fields),
            trained={q.name: (tuple(q.trained_lower), tuple(q.trained_upper)) for q in reply.conditions},
            reference_length=reply.reference_length,
            formats=tuple(reply.formats),
            limits={field.name: getattr(reply.limits, field.name) for field in reply.limits.DESCRIPTOR.fields},
            card=json.loads(reply.card_json),
        )


@dataclasses.dataclass(frozen=True)
class ModelVersion:
    """A version of a model in the server's repository.

    Args:
        model, version: its name and number.
        state: `"available"` (not loaded), `"loading"`, `"serving"`, `"broken"`, or `"unspecified"` from a server that
            knows other states.
        reason: why it is broken, else empty.
        digest: as `Description.digest`; empty where it was not loaded.
    """

    model: str
    version: int
    state: str
    reason: str
    digest: str

    @classmethod
    def of(cls, message: pb.ModelVersion) -> "ModelVersion":
        """From the message."""
        known = message.state in pb.ModelVersion.State.values()
        state = pb.ModelVersion.State.Name(message.state if known else 0)
        text = state.removeprefix("STATE_").lower()
        return cls(message.model, message.version, text, message.reason, message.digest)


@dataclasses.dataclass(frozen=True)
class RemoteShape:
    """A geometry that the server has encoded, and what it read from the file.

    Args:
        handle: its name at the server.
        walls: number of nodes of every wall.
        wall_patches: patches that were taken as walls; empty: inner loops.
        patches: all named patches of the mesh.
        bounds: lower and upper corner of the domain, in metres.
        nodes, cells: of the mesh.
        warnings: sentences about anything that deserves a second look.
        parse_seconds, encode_seconds: of the server; 0 where it knew the shape already.
        model, version: what encoded it.
        upload: what was sent, kept to send it again if the server has dropped the shape.
    """

    handle: str
    walls: tuple[int, ...]
    wall_patches: tuple[str, ...]
    patches: tuple[str, ...]
    bounds: Float[np.ndarray, "2 dim"]
    nodes: int
    cells: int
    warnings: tuple[str, ...]
    parse_seconds: float
    encode_seconds: float
    model: str
    version: int
    upload: Upload = dataclasses.field(repr=False)

    @classmethod
    def of(cls, reply: pb.EncodeResponse, upload: Upload) -> "RemoteShape":
        """From the message that answers the upload."""
        return cls(
            handle=reply.handle,
            walls=tuple(wall.nodes for wall in reply.walls),
            wall_patches=tuple(reply.wall_patches),
            patches=tuple(reply.patches),
            bounds=np.array([reply.lower, reply.upper]),
            nodes=reply.nodes,
            cells=reply.cells,
            warnings=tuple(reply.warnings),
            parse_seconds=reply.parse_seconds,
            encode_seconds=reply.encode_seconds,
            model=reply.model,
            version=reply.version,
            upload=upload,
        )


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The answer to a query.

    Args:
        field: values at the points, float32; NaN where there is no field.
        outside: number of points without a field: inside a body or outside the domain.
        extrapolating: conditions outside the range of the training data.
        shape: the geometry that was asked; it differs from the one given where that had to be encoded again.
        decode_seconds: time the server's device worked on this query.
        request_id: under which the server's log knows the call.
        at: what was asked about: the points, the grid or `"nodes"`.
    """

    field: Field
    outside: int
    extrapolating: tuple[str, ...]
    shape: RemoteShape
    decode_seconds: float
    request_id: str
    at: Float[np.ndarray, "points dim"] | Grid | str = dataclasses.field(repr=False)

    def __getitem__(self, name: str) -> Float[np.ndarray, "points ..."]:
        return self.field[name]

    def to_pyvista(self, mesh: Mesh | None = None) -> "pyvista.DataSet":
        """The fields as point data of something that pyvista draws; vectors of the plane get a z of zero.

        An `UnstructuredGrid` of `mesh`, or of the mesh that was sent where its nodes were asked; an `ImageData` of a
        grid; else a `PolyData` of the points.

        Args:
            mesh: whose nodes are the points of this answer; saves reading the one that was sent again.

        Raises:
            QueryError: pyvista is not installed, or the mesh has another number of nodes.
            MeshError: the mesh that was sent cannot be read here.
        """
        from enf2enf.client.drawable import drawable

        if mesh is None and isinstance(self.at, str):
            mesh = self.shape.upload.mesh()
        return drawable(self.field, self.at if mesh is None else mesh)

    @classmethod
    def of(
        cls, shape: RemoteShape, chunks: Sequence[pb.FieldChunk], summary: pb.Summary, at: At, request_id: str
    ) -> "Prediction":
        """From all messages of an answer to a question about `at`."""
        points = at.points if isinstance(at, Grid) else at
        if isinstance(at, str):
            sent = b"".join(chunk.points for chunk in chunks)
            points = np.frombuffer(sent, "<f8").reshape(-1, shape.bounds.shape[1])
        values = {}
        for index, first in enumerate(chunks[0].fields):
            flat = np.frombuffer(b"".join(chunk.fields[index].values for chunk in chunks), "<f4")
            values[first.name] = flat if len(flat) == len(points) else flat.reshape(len(points), -1)
        extrapolating, field = tuple(summary.extrapolating), Field(points, values)
        return cls(field, summary.outside, extrapolating, shape, summary.decode_seconds, request_id, at)


def _quantity(message: pb.Quantity) -> Quantity:
    return Quantity(message.name, _KINDS[message.kind], message.unit)
