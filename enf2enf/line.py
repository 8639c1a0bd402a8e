"""Query points along a line."""

import dataclasses
from collections.abc import Sequence
from typing import Any

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
        for key in ("start", "end"):
            object.__setattr__(self, key, corner("line", getattr(self, key)))
        if len(self.start) != len(self.end):
            raise QueryError("line", "start and end of one dimension", f"{len(self.start)} and {len(self.end)}")
        check_count("line", self.count)

    @property
    def points(self) -> Float[np.ndarray, "points dim"]:
        """All points in order."""
        share = np.arange(self.count)[:, None] / max(self.count - 1, 1)
        return (1 - share) * np.array(self.start) + share * np.array(self.end)


def corner(name: str, given: Any) -> tuple[float, ...]:
    """Coordinates in metres. Raises `QueryError` where they are not two or three finite numbers."""
    try:
        found = np.asarray(given)
    except ValueError:
        found = np.empty(0)
    if found.dtype.kind not in "fiu" or found.shape not in ((2,), (3,)) or not np.isfinite(found).all():
        raise QueryError(name, "points of 2 or 3 finite coordinates", shown(given))
    return tuple(found.astype(np.float64).tolist())


def check_count(name: str, count: int) -> None:
    """Raises `QueryError` where it is no number of points."""
    if not is_whole(int(count) if isinstance(count, np.integer) else count, 1, _MOST):
        raise QueryError(f"count of the {name}", f"a whole number of points from 1 to {_MOST:,}", shown(count))
