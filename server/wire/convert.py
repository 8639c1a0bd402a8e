"""Between messages and the library's types."""

import json
import math
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.io.formats import FORMATS
from enf2enf.schema import Quantity
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.models import Model
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.parsing.parsed import Parsed

_KINDS = {"scalar": pb.Quantity.KIND_SCALAR, "vector": pb.Quantity.KIND_VECTOR}


def understood(
    handle: str, model: Model, parsed: Parsed, walls: Sequence[str], seconds: tuple[float, float]
) -> pb.EncodeResponse:
    """The reply to an upload; `seconds` are those of reading and of encoding."""
    lower, upper = parsed.geometry.bounds
    warning = f"nodes: expected all of them in the domain, got {parsed.outside} outside, where the fields are NaN"
    return pb.EncodeResponse(
        handle=handle,
        walls=[pb.Wall(nodes=len(wall)) for wall in parsed.geometry.walls],
        wall_patches=walls,
        patches=parsed.patches,
        lower=lower.tolist(),
        upper=upper.tolist(),
        reference_length=model.surrogate.normaliser.length,
        nodes=len(parsed.nodes),
        cells=parsed.cells,
        warnings=[warning] if parsed.outside else [],
        parse_seconds=seconds[0],
        encode_seconds=seconds[1],
        model=model.name,
        version=model.version,
    )


def conditions(query: pb.Query) -> dict[str, float | np.ndarray]:
    """Conditions as the library takes them; it checks them itself."""
    numbers = {name: list(condition.values) for name, condition in query.conditions.items()}
    return {name: values[0] if len(values) == 1 else np.array(values) for name, values in numbers.items()}


def grid(message: pb.RegularGrid, dim: int) -> Grid:
    """The grid that was asked for. Raises `QueryError` if it is none in `dim` dimensions."""
    asked = Grid(tuple(message.lower), tuple(message.upper), tuple(message.resolution))
    if len(asked.lower) != dim:
        raise QueryError("grid", f"bounds and resolution with {dim} entries", str(len(asked.lower)))
    return asked


def chunk(field: Field, first: int, with_points: bool) -> pb.FieldChunk:
    """Consecutive values of a query, the first one at index `first`."""
    return pb.FieldChunk(
        first=first,
        count=len(field.points),
        fields=[
            pb.FieldValues(name=name, values=np.ascontiguousarray(values, "<f4").tobytes())
            for name, values in field.values.items()
        ],
        points=np.ascontiguousarray(field.points, "<f8").tobytes() if with_points else b"",
    )


def outside(values: Float[np.ndarray, "points components"]) -> int:
    """How many points have no field."""
    return int(np.isnan(values[:, 0]).sum())


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
        conditions=[_quantity(q, low, high) for q, (low, high) in zip(schema.conditions, ranges, strict=True)],
        fields=[_quantity(quantity) for quantity in schema.fields],
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
    )


def _quantity(quantity: Quantity, low: Sequence[float] = (), high: Sequence[float] = ()) -> pb.Quantity:
    kind = _KINDS[quantity.kind]
    return pb.Quantity(name=quantity.name, kind=kind, unit=quantity.unit, trained_lower=low, trained_upper=high)


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    numeric = {name: value for name, value in metrics.items() if isinstance(value, (int, float))}
    return {name: float(value) for name, value in numeric.items() if math.isfinite(value)}
