"""A query of a shape, checked: which points, under which conditions."""

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float

from enf2enf.grid import Grid
from enf2enf.inference.blocks import BLOCK_POINTS, PointBlock
from enf2enf.schema import On
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


@dataclasses.dataclass(frozen=True)
class WallMidpoints:
    """The midpoints of all sides of all walls.

    Args:
        with_sides: whether the answer tells of the sides.
    """

    with_sides: bool


Target = ExplicitPoints | MeshNodes | WallMidpoints | Grid


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
        if isinstance(self.target, MeshNodes):
            return len(self.conditioned.shape.nodes)
        return self.conditioned.shape.wall_sides if isinstance(self.target, WallMidpoints) else self.target.count

    @property
    def on(self) -> On:
        """Whether its points are of the domain or of its walls."""
        return "wall" if isinstance(self.target, WallMidpoints) else "domain"

    def admit(self, most: int) -> None:
        """Raises `LimitError` where the query has more points than `most`."""
        if self.count > most:
            raise LimitError("query", f"at most {most} points", f"{self.count} points")

    @property
    def is_sorted(self) -> bool:
        """Whether points are computed in another order than the caller's: where that is cheaper, and not one chunk."""
        return self.count > self.surrogate.chunk_points and self.conditioned.shape.model.is_local

    @property
    def block_points(self) -> int:
        """Points of a block, whose values are known together: whole chunks."""
        chunk = self.surrogate.chunk_points
        return chunk * max(1, BLOCK_POINTS // chunk) if self.is_sorted else chunk

    def blocks(self, points: Iterable[Points]) -> Iterator[PointBlock]:
        """The blocks of its points, which come `block_points` at a time."""
        chunk, is_sorted = self.surrogate.chunk_points, self.is_sorted
        return (PointBlock.of(part, chunk, is_sorted) for part in points)

    def known_points(self) -> Iterator[Points]:
        """The points of a grid, of mesh nodes or of walls, in the order of the answer, `block_points` at a time."""
        size = self.block_points
        if isinstance(self.target, Grid):
            return self.target.chunks(size)
        nodes = self.conditioned.shape.nodes if self.on == "domain" else self.conditioned.shape.sides.midpoints
        return (nodes[first : first + size] for first in range(0, len(nodes), size))
