"""Between messages and the library's types."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.conditions import from_tables
from enf2enf.errors import QueryError
from enf2enf.grid import Grid
from enf2enf.inference.encoding import warnings_of
from enf2enf.io.formats import FORMATS
from enf2enf.schema import Quantity
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.answer import FieldChunk, Summary
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.compute.conditioned_shape import ConditionedShape, Conditions
from enf2enf_server.compute.engine import MeshOptions
from enf2enf_server.compute.models import Model
from enf2enf_server.compute.resolved_query import ExplicitPoints, MeshNodes, ResolvedQuery, Target, WallMidpoints
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import StreamError
from enf2enf_server.wire.stream import points_of


def mesh_options(header: pb.MeshHeader) -> MeshOptions:
    """How the mesh that follows a header is read and encoded."""
    patches, length_unit = (tuple(header.walls), tuple(header.symmetry)), header.length_unit or "m"
    return MeshOptions(header.name, length_unit, *patches, header.model, header.version)


def encode_reply(shape: EncodedShape) -> pb.EncodeResponse:
    """The reply to an upload."""
    mesh, model = shape.mesh, shape.model
    lower, upper = mesh.geometry.reach
    return pb.EncodeResponse(
        handle=shape.handle,
        walls=[pb.Wall(nodes=len(run.sides)) for run in mesh.geometry.runs],
        wall_patches=shape.walls,
        patches=mesh.patches,
        lower=lower.tolist(),
        upper=upper.tolist(),
        reference_length=model.surrogate.normaliser.length,
        nodes=len(mesh.nodes),
        cells=mesh.cells,
        warnings=[*mesh.warnings, *warnings_of(mesh.geometry, model.surrogate.config.panels, mesh.outside)],
        cached=shape.cached,
        parse_seconds=shape.parse_seconds,
        encode_seconds=shape.encode_seconds,
        model=model.name,
        version=model.version,
        extrapolating=shape.encoding.extrapolating,
        symmetry=shape.symmetry,
    )


def resolve(
    shape: EncodedShape, query: pb.Query, conditioned: Callable[[EncodedShape, Conditions], ConditionedShape]
) -> list[ResolvedQuery]:
    """A query of a shape in the library's types, one for each set of conditions.

    Raises:
        ConditionError: unknown, missing or bad conditions.
        QueryError: no target, or one that is not of the model's dimension.
    """
    target = _target(query, shape.model.surrogate.schema.dim)
    sets = [query.conditions, *(further.conditions for further in query.further)]
    return from_tables(sets, lambda one: ResolvedQuery(conditioned(shape, _conditions(one)), target))


def _conditions(given: Mapping[str, pb.Condition]) -> Conditions:
    """Conditions as the library takes them; it checks them itself."""
    numbers = {name: list(condition.values) for name, condition in given.items()}
    return {name: values[0] if len(values) == 1 else np.array(values) for name, values in numbers.items()}


def _target(query: pb.Query, dim: int) -> Target:
    match query.WhichOneof("target"):
        case "explicit_points":
            points = query.explicit_points
            if points.count < 0 or points.dim != dim:
                expected = f"a number of points of {dim} coordinates"
                raise QueryError("explicit_points", expected, f"{points.count} of {points.dim}")
            return ExplicitPoints(points.count)
        case "mesh_nodes":
            return MeshNodes(query.mesh_nodes.with_points)
        case "wall":
            return WallMidpoints(query.wall.with_sides)
        case "grid":
            grid = Grid(tuple(query.grid.lower), tuple(query.grid.upper), tuple(query.grid.resolution))
            if len(grid.lower) != dim:
                raise QueryError("grid", f"bounds and resolution with {dim} entries", str(len(grid.lower)))
            return grid
    raise QueryError("target", "explicit_points, mesh_nodes, grid or wall", "none")


def sample_points(query: ResolvedQuery, data: bytes) -> Float[np.ndarray, "points dim"]:
    """All points of a query, from the bytes that came with it where it announces some.

    Raises:
        StreamError: another number of points than announced, or bytes that are none.
        QueryError: a coordinate that is not finite.
    """
    if isinstance(query.target, ExplicitPoints):
        return points_of(data, query.target.count, query.surrogate.schema.dim)
    if data:
        raise StreamError("points", "none, for the target is not explicit_points", f"{len(data)} bytes")
    return next(query.known_points())


def field_chunk(query: ResolvedQuery, chunk: FieldChunk) -> pb.FieldChunk:
    """Consecutive values of a query, and of their points what the target asks for."""
    field, target = chunk.field, query.target
    made = pb.FieldChunk(
        first=chunk.first,
        count=len(field.points),
        fields=[
            pb.FieldValues(name=name, values=_packed(values, "<f4"), components=math.prod(values.shape[1:]))
            for name, values in field.values.items()
        ],
    )
    if (isinstance(target, MeshNodes) and target.with_points) or (
        isinstance(target, WallMidpoints) and target.with_sides
    ):
        made.points = _packed(field.points, "<f8")
    if isinstance(target, WallMidpoints) and target.with_sides:
        part, sides = slice(chunk.first, chunk.first + len(field.points)), query.conditioned.shape.sides
        made.normals, made.lengths = _packed(sides.normals[part], "<f8"), _packed(sides.lengths[part], "<f8")
        made.walls = _packed(sides.walls[part], "<i4")
    return made


def _packed(values: np.ndarray, kind: str) -> bytes:
    return np.ascontiguousarray(values, kind).tobytes()


def summary(answered: Summary) -> pb.Summary:
    """The end of an answer."""
    return pb.Summary(
        points=answered.points,
        outside=answered.outside,
        extrapolating=answered.extrapolating,
        decode_seconds=answered.decode_seconds,
        model=answered.model.name,
        version=answered.model.version,
        integrals=[pb.Integral(name=name, value=value) for name, value in answered.integrals.items()],
    )


def description(model: Model, config: ServerConfig) -> pb.DescribeResponse:
    """The reply to Describe."""
    surrogate = model.surrogate
    card, schema = surrogate.card, surrogate.schema
    ranges = [(card["condition_low"][part], card["condition_high"][part]) for part in schema.condition_columns.slices]
    return pb.DescribeResponse(
        name=model.name,
        version=model.version,
        digest=surrogate.version,
        preset=str(card.get("preset", "")),
        licence=str(card.get("licence", "")),
        dim=schema.dim,
        conditions=[quantity_message(q, low, high) for q, (low, high) in zip(schema.conditions, ranges, strict=True)],
        fields=[quantity_message(quantity) for quantity in schema.fields],
        reference_length=card["reference_length"],
        metrics=_numbers(card.get("metrics", {})),
        card_json=json.dumps(card, sort_keys=True),
        formats=sorted(FORMATS),
        limits=pb.Limits(
            mesh_bytes=config.mesh_bytes,
            mesh_nodes=config.mesh_nodes,
            points=config.points,
            message_bytes=config.message_bytes,
            concurrent_requests=config.concurrent_requests,
            cached_shapes=config.cached_shapes,
            mesh_cells=config.mesh_cells,
            cached_bytes=config.cached_bytes,
        ),
        chunk_points=surrogate.chunk_points,
        server_version=metadata.version("enf2enf"),
        outer_is_far=model.surrogate.schema.outer_is_far,
        open_walls=model.surrogate.schema.open_walls,
    )


def quantity_message(quantity: Quantity, low: Sequence[float] = (), high: Sequence[float] = ()) -> pb.Quantity:
    """A quantity as a message, a condition with its training range per component."""
    return pb.Quantity(
        name=quantity.name,
        kind=f"KIND_{quantity.kind.upper()}",
        unit=quantity.unit,
        trained_lower=low,
        trained_upper=high,
        scales_with=dict(quantity.scales_with),
        on=f"ON_{quantity.on.upper()}",
        relative_to=quantity.relative_to,
        transform="" if quantity.transform == "identity" else quantity.transform,
    )


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    numeric = {name: value for name, value in metrics.items() if isinstance(value, (int, float))}
    return {name: float(value) for name, value in numeric.items() if math.isfinite(value)}
