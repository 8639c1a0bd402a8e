"""The ranges of numbers that a model was trained on, to report questions outside them."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self

from enf2enf.errors import CheckpointError
from enf2enf.plain import is_line, is_number, shown

Interval = tuple[float, float]

_NEAR = 0.05  # of the range of numbers,
_ALIKE = 0.01  # of their largest magnitude,
_ROUNDED = 1e-6  # or absolute: the largest of the three is the margin within which a number is still familiar
_HUNDREDS = 200  # a part with one in so many numbers, or fewer, is dropped


@dataclasses.dataclass(frozen=True)
class Ranges:
    """Where the numbers that describe the training shapes were.

    The margin of n numbers is 5 % of their range (a share 1 / n of it if n < 20) or 1 % of their largest magnitude,
    whichever is more. The numbers are split at gaps of more than twice their margin, as between aerofoils and circles;
    each part is widened by its own margin. A part with one number in 200, or fewer, is dropped: a shape unlike hundreds
    of others is hardly learnt.

    Args:
        intervals: name -> (low, high) intervals in which the number is familiar, in ascending order.

    Raises:
        CheckpointError: invalid intervals.
    """

    intervals: Mapping[str, tuple[Interval, ...]]

    def __post_init__(self):
        for name, intervals in self.intervals.items():
            ends = [end for interval in intervals for end in interval]
            if not (is_line(name) and ends and all(map(is_number, ends)) and ends == sorted(ends)):
                raise CheckpointError(
                    "ranges", "intervals of finite numbers in growing order", shown({name: intervals})
                )

    @classmethod
    def fit(cls, rows: Iterable[Mapping[str, float]]) -> Self:
        """The ranges of the numbers in `rows`, one row a shape; numbers that are not finite are skipped."""
        seen: dict[str, list[float]] = {}
        for row in rows:
            for name, value in row.items():
                if math.isfinite(value):
                    seen.setdefault(name, []).append(float(value))
        return cls({name: _familiar(sorted(values)) for name, values in seen.items()})

    def unfamiliar(
        self, values: Mapping[str, float], turns: Mapping[str, float] = MappingProxyType({})
    ) -> tuple[str, ...]:
        """Names of the numbers that are outside their intervals or have none; NaN is never outside.

        Args:
            values: the numbers by their names.
            turns: the period of every number that is an angle; 0 for names that are missing.
        """
        return tuple(
            name for name, value in values.items()
            if not (math.isnan(value) or self._holds(name, value, turns.get(name, 0.0)))
        )  # fmt: skip

    def _holds(self, name: str, value: float, turn: float) -> bool:
        same = {value - turn, value, value + turn}
        return any(low <= each <= high for low, high in self.intervals.get(name, ()) for each in same)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON, exact in float64."""
        return {name: [list(interval) for interval in intervals] for name, intervals in self.intervals.items()}

    @classmethod
    def from_dict(cls, plain: Any) -> Self:
        """The inverse of `to_dict`. Raises `CheckpointError` on what is none."""
        try:
            intervals = {name: tuple((low, high) for low, high in pairs) for name, pairs in plain.items()}
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckpointError("ranges", "a table of intervals", shown(plain)) from error
        return cls(intervals)


def _familiar(values: list[float]) -> tuple[Interval, ...]:
    """The intervals of sorted numbers, as `Ranges` describes them."""
    hole = 2 * _near(values)
    begins = [0, *(k for k in range(1, len(values)) if values[k] - values[k - 1] > hole), len(values)]
    parts = [values[first:last] for first, last in itertools.pairwise(begins)]
    return tuple(
        (part[0] - _near(part), part[-1] + _near(part)) for part in parts if _HUNDREDS * len(part) > len(values)
    )


def _near(values: list[float]) -> float:
    """The margin of sorted numbers: how far outside them another number is still familiar."""
    low, high = values[0], values[-1]
    return max(max(_NEAR, 1 / len(values)) * (high - low), _ALIKE * max(abs(low), abs(high)), _ROUNDED)
