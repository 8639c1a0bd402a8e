"""A query of a shape, checked and understood."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.cache import Shape
from enf2enf_server.compute.device import Done
from enf2enf_server.compute.work import Task
from enf2enf_server.wire import convert
from enf2enf_server.wire.errors import LimitError

Points = Float[np.ndarray, "points dim"]


class Asked:
    """What is asked of a shape.

    Args:
        shape: the shape.
        query: the message.

    Raises:
        ConditionError: unknown, missing or bad conditions.
        QueryError: no target, or one that is not of the model's dimension.
    """

    def __init__(self, shape: Shape, query: pb.Query):
        self.surrogate, self._shape, self._query = shape.model.surrogate, shape, query
        self._conditions = convert.conditions(query)
        row = self.surrogate.normaliser.condition_row(self._conditions)
        self._extrapolating = self.surrogate.normaliser.extrapolating(row)
        self._key = (shape.understood.handle, row.tobytes())
        self._target, dim = query.WhichOneof("target"), self.surrogate.schema.dim
        if self._target is None:
            raise QueryError("target", "explicit_points, mesh_nodes or grid", "none")
        if self.explicit and (query.explicit_points.count < 0 or query.explicit_points.dim != dim):
            got = f"{query.explicit_points.count} of {query.explicit_points.dim}"
            raise QueryError("explicit_points", f"a number of points of {dim} coordinates", got)
        self._grid = convert.grid(query.grid, dim) if self._target == "grid" else None

    @property
    def explicit(self) -> bool:
        """Whether the points come from the client."""
        return self._target == "explicit_points"

    def admit(self, most: int) -> None:
        """Raises `LimitError` where more than so many points are asked for."""
        if self.explicit:
            count = self._query.explicit_points.count
        else:
            count = len(self._shape.nodes) if self._grid is None else self._grid.count
        if count > most:
            raise LimitError("query", f"at most {most} points", f"{count} points")

    def blocks(self) -> Iterator[Points]:
        """The points that the server knows, as many at a time as the model computes at once."""
        nodes, size = self._shape.nodes, self.surrogate.chunk_points
        if self._grid is not None:
            return self._grid.chunks(size)
        return (nodes[first : first + size] for first in range(0, len(nodes), size))

    def task(self, points: Points) -> Task:
        """What the device is asked."""
        return Task(self._key, self._shape, self._conditions, points)

    def chunk(self, done: Done, first: int) -> pb.FieldChunk:
        """The values at consecutive points, the first one at index `first` of the query."""
        field = self.surrogate.field(done.item.points, done.value)
        return convert.chunk(field, first, self._target == "mesh_nodes" and self._query.mesh_nodes.with_points)

    def summary(self, points: int, outside: int, seconds: float) -> pb.Summary:
        """What is to be known once all values are sent."""
        model, version = self._shape.model.name, self._shape.model.version
        return pb.Summary(
            points=points,
            outside=outside,
            extrapolating=self._extrapolating,
            decode_seconds=seconds,
            model=model,
            version=version,
        )
