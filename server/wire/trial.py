"""A model is tried before it serves: whatever Describe, Encode and Sample will read, they have read once."""

import numpy as np
from google.protobuf.message import Message

from enf2enf.errors import CheckpointError
from enf2enf.inference.trial import trial_geometry
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.answer import FieldChunk, Summary
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.compute.conditioned_shape import ConditionedShape
from enf2enf_server.compute.models import Model
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.parsing.parsed_mesh import ParsedMesh
from enf2enf_server.wire import convert


def trial(model: Model, config: ServerConfig) -> None:
    """Compiles the programs of a model, and makes the answers to one request of each kind.

    Raises:
        CheckpointError: fields that are not finite, or a message that is larger than one may be.
        Exception: whatever else a request would have failed with.
    """
    surrogate = model.surrogate
    surrogate.warm_up()
    _check_size("description", convert.description(model, config), config)
    shape = _encoded(model)
    _check_size("encoding", convert.encode_reply(shape), config)
    query = convert.resolve(shape, _query(model), ConditionedShape.of)[0]
    points = next(query.known_points())
    field = surrogate.field(points, query.conditioned.evaluator().chunk(points))
    for name, values in field.values.items():
        if not np.isfinite(values).all():
            raise CheckpointError(f"field {name!r}", "finite values at a trial", "others")
    summary = Summary(len(points), field.outside, query.conditioned.extrapolating, 0.0, model)
    chunk = convert.field_chunk(query, FieldChunk(0, field))
    _check_size("answer", pb.SampleResponse(chunk=chunk, summary=convert.summary(summary)), config)


def _encoded(model: Model) -> EncodedShape:
    """A square with a round hole, and nodes between both."""
    geometry = trial_geometry(model.surrogate.normaliser)
    encoding = model.surrogate.encode(geometry)
    mesh = ParsedMesh(0.9 * geometry.reach, 0, (), geometry, encoding.described, 0, 0.0)
    return EncodedShape("0" * 64, model, "", mesh, (), encoding, 0.0, 0.0)


def _query(model: Model) -> pb.Query:
    """The nodes, under the conditions of the training range that are farthest from 0."""
    normaliser = model.surrogate.normaliser
    low, high = normaliser.condition_low, normaliser.condition_high
    columns = normaliser.schema.condition_columns
    farthest = np.where(np.abs(low) > np.abs(high), low, high)
    conditions = {
        name: pb.Condition(values=farthest[part]) for name, part in zip(columns.names, columns.slices, strict=True)
    }
    return pb.Query(conditions=conditions, mesh_nodes=pb.MeshNodes(with_points=True))


def _check_size(name: str, message: Message, config: ServerConfig) -> None:
    if (size := len(message.SerializeToString())) > config.message_bytes:
        raise CheckpointError(name, f"a message of at most {config.message_bytes} bytes", f"{size} bytes")
