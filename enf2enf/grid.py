"""A regular grid of query points."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.plain import shown


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
        object.__setattr__(self, "lower", tuple(float(x) for x in self.lower))
        object.__setattr__(self, "upper", tuple(float(x) for x in self.upper))
        object.__setattr__(self, "resolution", tuple(int(n) for n in self.resolution))
        if not all(math.isfinite(x) for x in (*self.lower, *self.upper)):
            raise QueryError("grid", "finite bounds", f"{self.lower} to {self.upper}")
        if min(self.resolution) < 1:
            raise QueryError("grid resolution", "at least one point along each axis", str(self.resolution))
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
            QueryError: more than memory holds.
        """
        try:
            return self._at(np.arange(self.count))
        except (MemoryError, ValueError):  # ValueError: more than an array can have
            raise QueryError("grid", "points that memory holds", f"{self.count:,}") from None

    def chunks(self, size: int) -> Iterator[Float[np.ndarray, "points dim"]]:
        """The points in order, `size` at a time, without ever holding all of them."""
        for first in range(0, self.count, size):
            yield self._at(np.arange(first, min(first + size, self.count)))

    def _at(self, index: np.ndarray) -> np.ndarray:
        axes = zip(np.unravel_index(index, self.resolution), self.lower, self.upper, self.resolution, strict=True)
        return np.stack([low + (high - low) * i / max(n - 1, 1) for i, low, high, n in axes], axis=1)
