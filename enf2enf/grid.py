"""A regular grid of query points."""

import dataclasses
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.plain import shown

_MOST = 10**15  # points along an axis, and of a grid: more than any memory holds


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
        lower, upper, counts = map(_numbers, (self.lower, self.upper, self.resolution))
        if not all(map(math.isfinite, (*lower, *upper, *map(operator.sub, upper, lower)))):
            raise QueryError("grid", "finite bounds and sides", f"{shown(self.lower)} to {shown(self.upper)}")
        if not all(count % 1 == 0 and 1 <= count <= _MOST for count in counts):
            wanted = f"whole numbers, at least one point along each axis and at most {_MOST:,}"
            raise QueryError("grid resolution", wanted, shown(self.resolution))
        for key, found in (("lower", lower), ("upper", upper), ("resolution", tuple(map(int, counts)))):
            object.__setattr__(self, key, found)
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


def _numbers(given: Any) -> tuple[float, ...]:
    """As float64; NaN for what is no number."""
    return tuple(map(_number, given))


def _number(given: Any) -> float:
    try:
        return math.nan if isinstance(given, str | bytes | bool | np.bool_) else float(given)
    except (TypeError, ValueError, OverflowError):
        return math.nan
