"""A query of a shape, checked: which points, under which conditions."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from enf2enf.grid import Grid
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.conditioned_shape import ConditionedShape
from enf2enf_server.ops.errors import LimitError

Points = Float[np.ndarray, "points dim"]


@dataclasses.dataclass(frozen=True)
class ExplicitPoints:
    """Points that the client sends.

    Args:
        count: how many.
    """

    count: int


@dataclasses.dataclass(frozen=True)
class MeshNodes:
    """The nodes of the uploaded mesh, in the file's order.

    Args:
        with_points: whether the answer repeats their coordinates.
    """

    with_points: bool


Target = ExplicitPoints | MeshNodes | Grid


@dataclasses.dataclass(frozen=True)
class ResolvedQuery:
    """A query that can be answered.

    Args:
        conditioned: the shape under the conditions.
        target: the points at which fields are wanted.
    """

    conditioned: ConditionedShape
    target: Target

    @property
    def surrogate(self) -> Surrogate:
        """The surrogate that answers."""
        return self.conditioned.surrogate

    @property
    def count(self) -> int:
        """Number of points."""
        return len(self.conditioned.shape.nodes) if isinstance(self.target, MeshNodes) else self.target.count

    def admit(self, most: int) -> None:
        """Raises `LimitError` where the query has more points than `most`."""
        if self.count > most:
            raise LimitError("query", f"at most {most} points", f"{self.count} points")

    def known_points(self, size: int) -> Iterator[Points]:
        """The points of a grid or of mesh nodes, in the order of the answer, `size` at a time."""
        if isinstance(self.target, Grid):
            return self.target.chunks(size)
        nodes = self.conditioned.shape.nodes
        return (nodes[first : first + size] for first in range(0, len(nodes), size))
