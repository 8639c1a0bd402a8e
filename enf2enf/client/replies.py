"""What a server answers, as NumPy arrays."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

import numpy as np
from jaxtyping import Float

from enf2enf.client.requests import At, Upload
from enf2enf.errors import ServiceError
from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.prediction import Prediction
from enf2enf.schema import Kind, Quantity, Schema, Transform
from enf2enf_protos import surrogate_pb2 as pb

_KINDS = {pb.Quantity.Kind.Value(f"KIND_{kind.upper()}"): kind for kind in get_args(Kind)}


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
        conditions, fields = (tuple(quantity_of(q) for q in part) for part in (reply.conditions, reply.fields))
        return cls(
            name=reply.name,
            version=reply.version,
            digest=reply.digest,
            schema=Schema(reply.dim, conditions, fields, reply.outer_is_far),
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
        extrapolating: numbers that describe the shape, by name, outside the range of the training shapes.
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
    extrapolating: tuple[str, ...]
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
            extrapolating=tuple(reply.extrapolating),
            upload=upload,
        )


def prediction_of(
    shape: RemoteShape, chunks: Sequence[pb.FieldChunk], summary: pb.Summary, at: At, request_id: str
) -> Prediction:
    """The prediction in all messages of an answer to a question about `at`."""
    if isinstance(at, str):
        sent = b"".join(chunk.points for chunk in chunks)
        points = np.frombuffer(sent, "<f8").reshape(-1, shape.bounds.shape[1])
    else:
        points = at.points if isinstance(at, Grid) else at
    values = {}
    for index, first in enumerate(chunks[0].fields):
        flat = np.frombuffer(b"".join(chunk.fields[index].values for chunk in chunks), "<f4")
        values[first.name] = flat if len(flat) == len(points) else flat.reshape(len(points), -1)
    extrapolating, field = tuple(summary.extrapolating), Field(points, values)
    return Prediction(field, summary.outside, extrapolating, shape, at, summary.decode_seconds, request_id)


def quantity_of(message: pb.Quantity) -> Quantity:
    """A quantity from its message. Raises `ServiceError` where a newer server describes what is not known here."""
    if message.kind not in _KINDS:
        raise ServiceError(f"kind of {message.name}", "one that this client knows", str(message.kind))
    on = "wall" if message.on == pb.Quantity.ON_WALL else "domain"
    scales = tuple(sorted(message.scales_with.items()))
    transform = cast(Transform, message.transform or "identity")  # `Quantity` refuses any other
    return Quantity(message.name, _KINDS[message.kind], message.unit, scales, on, message.relative_to, transform)
