"""Many points, computed in chunks of neighbours and answered in the caller's order: in process and in a server."""

import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from jaxtyping import Float, Int, Shaped

from enf2enf.inference.tiling import tiled_order
from enf2enf.model.decoder import BLOCK

BLOCK_POINTS = 65_536
"""Points that are sorted at a time: in smaller blocks neighbours are too far apart, and larger ones gain nothing."""


@dataclasses.dataclass(frozen=True)
class PointBlock:
    """Consecutive points, and the order in which they are computed.

    Args:
        points: in the caller's order, in metres.
        order: index of the point that is computed first, second, ...; None for the caller's order.
        chunk: most points that are computed at once.
    """

    points: Float[np.ndarray, "points dim"]
    order: Int[np.ndarray, " points"] | None
    chunk: int

    @classmethod
    def of(cls, points: Float[np.ndarray, "points dim"], chunk: int, local: bool) -> "PointBlock":
        """A block of points, sorted where the model is `local`: where points close together are cheaper to decode."""
        return cls(points, tiled_order(points, BLOCK) if local else None, chunk)

    @property
    def chunk_count(self) -> int:
        """Number of chunks; one, which is empty, if there are no points."""
        return max(1, -(-len(self.points) // self.chunk))

    def chunks(self) -> Iterator[Float[np.ndarray, "_ dim"]]:
        """The points in the order in which they are computed, a chunk at a time."""
        for first in range(0, self.chunk_count * self.chunk, self.chunk):
            part = slice(first, first + self.chunk)
            yield self.points[part] if self.order is None else self.points[self.order[part]]

    def in_callers_order(self, values: Iterable[Shaped[np.ndarray, "_ components"]]) -> Shaped[np.ndarray, "points _"]:
        """One row for every point in the caller's order, from the values of the chunks."""
        computed = np.concatenate(list(values))
        if self.order is None:
            return computed
        ordered = np.empty_like(computed)
        ordered[self.order] = computed
        return ordered


def evaluate_blocks(
    blocks: Iterable[PointBlock],
    evaluate: Callable[[Iterator[Float[np.ndarray, "_ dim"]]], Iterator[Shaped[np.ndarray, "_ components"]]],
) -> Iterator[tuple[PointBlock, Shaped[np.ndarray, "points components"]]]:
    """Every block with its values in the caller's order.

    Args:
        blocks: taken only as fast as `evaluate` takes chunks.
        evaluate: maps chunks of points to their values, in order. It may take chunks ahead of the values it gives; so
            at most as many blocks are held as it has begun and not finished.
    """
    begun: deque[PointBlock] = deque()

    def chunks() -> Iterator[Float[np.ndarray, "_ dim"]]:
        for block in blocks:
            begun.append(block)
            yield from block.chunks()

    values = iter(evaluate(chunks()))
    for first in values:
        block = begun.popleft()
        yield block, block.in_callers_order(itertools.chain([first], itertools.islice(values, block.chunk_count - 1)))
