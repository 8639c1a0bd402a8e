"""Query points along a line."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.plain import is_whole, shown

_MOST = 10**9


@dataclasses.dataclass(frozen=True)
class Line:
    """Points at equal distances from one point to another, both included.

    Args:
        start, end: in metres.
        count: number of points; of one, just `start`.

    Raises:
        QueryError: points of different or wrong dimensions, or that are not finite; fewer than one point.
    """

    start: Sequence[float | int] | Float[np.ndarray, " dim"]
    end: Sequence[float | int] | Float[np.ndarray, " dim"]
    count: int = 201

    def __post_init__(self):
        lengths = {len(self.start), len(self.end)}
        if lengths not in ({2}, {3}):
            raise QueryError("line", "start and end with 2 or 3 coordinates each", str(sorted(lengths)))
        for key in ("start", "end"):
            object.__setattr__(self, key, tuple(float(x) for x in getattr(self, key)))
        if not all(math.isfinite(x) for x in (*self.start, *self.end)):
            raise QueryError("line", "finite coordinates", f"{self.start} to {self.end}")
        check_count("line", self.count)

    @property
    def points(self) -> Float[np.ndarray, "points dim"]:
        """All points in order."""
        share = np.arange(self.count)[:, None] / max(self.count - 1, 1)
        return (1 - share) * np.array(self.start) + share * np.array(self.end)


def check_count(name: str, count: int) -> None:
    """Raises `QueryError` where it is no number of points."""
    if not is_whole(int(count) if isinstance(count, np.integer) else count, 1, _MOST):
        raise QueryError(f"count of the {name}", "a whole number of points, at least one", shown(count))
