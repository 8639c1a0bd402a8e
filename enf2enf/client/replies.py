"""What a server answers, as NumPy arrays."""

import dataclasses
import functools
import json
from collections.abc import Sequence
from typing import cast, get_args

import numpy as np
from jaxtyping import Float

from enf2enf.client.requests import Question, Upload
from enf2enf.description import Description
from enf2enf.errors import ServiceError
from enf2enf.field import Field
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.mesh import Mesh
from enf2enf.plain import shown
from enf2enf.prediction import Prediction
from enf2enf.schema import Kind, Quantity, Schema, Transform
from enf2enf_protos import surrogate_pb2 as pb

_KINDS = {pb.Quantity.Kind.Value(f"KIND_{kind.upper()}"): kind for kind in get_args(Kind)}


def description_of(reply: pb.DescribeResponse) -> Description:
    """What a server says about its model, from the message. Raises `ServiceError` where that is no description."""
    try:
        return _described(reply)
    except ServiceError:
        raise
    except (ValueError, RecursionError) as error:  # of JSON, or of a schema
        raise ServiceError("answer", "the description of a model", shown(str(error))) from error


def _described(reply: pb.DescribeResponse) -> Description:
    card = json.loads(reply.card_json)
    if not isinstance(card, dict):
        raise ServiceError("answer", "a model card, a table", shown(card))
    conditions, fields = (tuple(quantity_of(q) for q in part) for part in (reply.conditions, reply.fields))
    return Description(
        name=reply.name,
        version=reply.version,
        digest=reply.digest,
        schema=Schema(reply.dim, conditions, fields, reply.outer_is_far, open_walls=reply.open_walls),
        trained={q.name: (tuple(q.trained_lower), tuple(q.trained_upper)) for q in reply.conditions},
        reference_length=reply.reference_length,
        formats=tuple(reply.formats),
        limits={field.name: getattr(reply.limits, field.name) for field in reply.limits.DESCRIPTOR.fields},
        card=card,
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


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
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
    upload: Upload

    @functools.cached_property
    def mesh(self) -> Mesh:
        """The mesh that was sent, in metres. Raises `MeshError` where it cannot be read here."""
        return self.upload.mesh()

    def __repr__(self) -> str:
        walls = f"{len(self.walls)} wall{'s' * (len(self.walls) != 1)}"
        size = " x ".join(f"{side:.6g}" for side in np.ptp(self.bounds, axis=0))
        return f"RemoteShape({walls}, {size} m, nodes={self.nodes}, {self.model} {self.version})"

    @classmethod
    def of(cls, reply: pb.EncodeResponse, upload: Upload) -> "RemoteShape":
        """From the message that answers the upload. Raises `ServiceError`: it is about one side of a symmetry."""
        if not set(upload.header.symmetry) <= set(reply.symmetry):
            raise ServiceError("symmetry", "a server that knows planes of symmetry", "one from before 0.2")
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


def predictions_of(
    shape: RemoteShape,
    question: Question,
    answers: Sequence[tuple[Sequence[pb.FieldChunk], pb.Summary]],
    request_id: str,
) -> list[Prediction]:
    """The predictions in all messages of an answer, one for each set of conditions.

    Args:
        shape: that was asked.
        question: which was asked.
        answers: chunks and summary under each set of conditions.
        request_id: of the call.
    """
    first, dim = answers[0][0], shape.bounds.shape[1]
    sides = _sides(first, dim) if question.on_walls else None
    points = question.points if sides is None else sides.midpoints
    if points is None:
        points = _joined(first, "points", "<f8").reshape(-1, dim)
    return [_prediction(shape, question, points, sides, *answer, request_id) for answer in answers]


def _prediction(
    shape: RemoteShape,
    question: Question,
    points: Float[np.ndarray, "points dim"],
    sides: WallSides | None,
    chunks: Sequence[pb.FieldChunk],
    summary: pb.Summary,
    request_id: str,
) -> Prediction:
    values = {}
    for index, first in enumerate(chunks[0].fields):
        flat = np.frombuffer(bytearray().join(chunk.fields[index].values for chunk in chunks), "<f4")
        width = first.components or len(flat) // max(1, len(points))
        values[first.name] = flat if width <= 1 else flat.reshape(len(points), width)
    extrapolating, field = tuple(summary.extrapolating), Field(points, values)
    at, seconds = question.given, summary.decode_seconds
    known = summary.outside, extrapolating, shape, at, sides, seconds, request_id
    return Prediction(field, *known, {one.name: one.value for one in summary.integrals})


def _sides(chunks: Sequence[pb.FieldChunk], dim: int) -> WallSides:
    midpoints, normals = (_joined(chunks, name, "<f8").reshape(-1, dim) for name in ("points", "normals"))
    walls = _joined(chunks, "walls", "<i4").astype(np.int64)
    return WallSides(midpoints, normals, _joined(chunks, "lengths", "<f8"), walls)


def _joined(chunks: Sequence[pb.FieldChunk], name: str, kind: str) -> np.ndarray:
    return np.frombuffer(bytearray().join(getattr(chunk, name) for chunk in chunks), kind)  # which may be written to


def quantity_of(message: pb.Quantity) -> Quantity:
    """A quantity from its message. Raises `ServiceError` where a newer server describes what is not known here."""
    if message.kind not in _KINDS:
        raise ServiceError(f"kind of {message.name}", "one that this client knows", str(message.kind))
    on = "wall" if message.on == pb.Quantity.ON_WALL else "domain"
    scales = tuple(sorted(message.scales_with.items()))
    transform = cast(Transform, message.transform or "identity")  # `Quantity` refuses any other
    return Quantity(message.name, _KINDS[message.kind], message.unit, scales, on, message.relative_to, transform)
