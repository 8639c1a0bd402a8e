"""A regular grid of query points."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.plain import is_whole, shown

_MOST = 2**59  # points, of which an array can hold the numbers


@dataclasses.dataclass(frozen=True)
class Grid:
    """The points lower + (upper - lower) i / (n - 1), i = 0..n-1 along each axis (just `lower` where n = 1).

    Row-major: the last axis varies fastest, so that values of a scalar field fit `values.reshape(resolution)`.

    Args:
        lower: first point, in metres.
        upper: last point, in metres.
        resolution: number of points along each axis.

    Raises:
        QueryError: lengths that differ from each other or from 2 or 3, bounds that are not finite or not in
            order, fewer than one point along an axis.
    """

    lower: Sequence[float | int] | Float[np.ndarray, " dim"]
    upper: Sequence[float | int] | Float[np.ndarray, " dim"]
    resolution: Sequence[int]

    def __post_init__(self):
        wanted = "lower, upper and resolution with 2 or 3 entries each"
        try:
            lengths = {len(self.lower), len(self.upper), len(self.resolution)}
        except TypeError:
            raise QueryError("grid", wanted, shown((self.lower, self.upper, self.resolution))) from None
        if lengths not in ({2}, {3}):
            raise QueryError("grid", wanted, str(sorted(lengths)))
        corners = np.asarray([[*self.lower], [*self.upper]])
        if corners.dtype.kind not in "fiu" or corners.ndim != 2 or not np.isfinite(corners).all():
            raise QueryError("grid", "finite bounds", f"{shown(self.lower)} to {shown(self.upper)}")
        for key, corner in zip(("lower", "upper"), corners.astype(np.float64).tolist(), strict=True):
            object.__setattr__(self, key, tuple(corner))
        counts = tuple(int(count) if isinstance(count, np.integer) else count for count in self.resolution)
        if not all(is_whole(count, 1, _MOST) for count in counts):
            raise QueryError("grid resolution", "whole numbers, at least one point along each axis", shown(counts))
        object.__setattr__(self, "resolution", counts)
        for low, high, count in zip(self.lower, self.upper, self.resolution, strict=True):
            if high < low or (high == low and count > 1):
                raise QueryError("grid", "lower bounds below upper ones", f"{self.lower} to {self.upper}")

    @property
    def count(self) -> int:
        """Number of points."""
        return math.prod(self.resolution)

    @property
    def points(self) -> Float[np.ndarray, "points dim"]:
        """All points in order.

        Raises:
            MemoryError: more than memory holds.
        """
        if self.count > _MOST:
            raise MemoryError(f"expected at most {_MOST:,} points, got {self.count:,}")
        return self._at(np.arange(self.count))

    def chunks(self, size: int) -> Iterator[Float[np.ndarray, "points dim"]]:
        """The points in order, `size` at a time, without ever holding all of them."""
        for first in range(0, self.count, size):
            yield self._at(np.arange(first, min(first + size, self.count)))

    def _at(self, index: np.ndarray) -> np.ndarray:
        axes = zip(np.unravel_index(index, self.resolution), self.lower, self.upper, self.resolution, strict=True)
        return np.stack([low + (high - low) * i / max(n - 1, 1) for i, low, high, n in axes], axis=1)
