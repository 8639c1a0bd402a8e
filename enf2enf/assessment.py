"""What a model has seen in training, and what it has not: so that whoever asks beyond it is told."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self

from enf2enf.errors import CheckpointError
from enf2enf.plain import is_line, is_number, shown

Interval = tuple[float, float]

_NEAR = 0.05  # of the range of what was seen,
_ALIKE = 0.01  # of its largest magnitude,
_ROUNDED = 1e-6  # of numbers of order 1: how far outside a number is still familiar, the most of the three
_HUNDREDS = 200  # numbers: where one of so many was apart from the others is no range


@dataclasses.dataclass(frozen=True)
class Ranges:
    """Where the numbers that describe the training shapes were.

    A range has holes where none was for more than a tenth of it, as between aerofoils and circles. Each of its parts is
    widened by 5 % of its own range or 1 % of its largest magnitude, whichever is more. Of fewer than 20 numbers, the
    shares of the range are a number's share instead of 5 %. Where one number of 200 was, or fewer, between such holes,
    is no part: a shape unlike hundreds of others is hardly learnt.

    Args:
        intervals: of every number by its name: where it is familiar, in growing order.

    Raises:
        CheckpointError: what are no such intervals.
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
        """The ranges of what describes each shape; what is not finite was not seen."""
        seen: dict[str, list[float]] = {}
        for row in rows:
            for name, value in row.items():
                if math.isfinite(value):
                    seen.setdefault(name, []).append(float(value))
        return cls({name: _familiar(sorted(values)) for name, values in seen.items()})

    def unfamiliar(
        self, values: Mapping[str, float], turns: Mapping[str, float] = MappingProxyType({})
    ) -> tuple[str, ...]:
        """Names of the numbers outside, and of those never seen; NaN stands for none.

        Args:
            values: the numbers by their names.
            turns: of those that are angles, after how much they are the same.
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
    """The intervals around sorted numbers, apart from each other where there is a hole; not those around very few."""
    hole = 2 * _near(values)
    begins = [0, *(k for k in range(1, len(values)) if values[k] - values[k - 1] > hole), len(values)]
    parts = [values[first:last] for first, last in itertools.pairwise(begins)]
    return tuple(
        (part[0] - _near(part), part[-1] + _near(part)) for part in parts if _HUNDREDS * len(part) > len(values)
    )


def _near(values: list[float]) -> float:
    """How far from sorted numbers another one is still like them."""
    low, high = values[0], values[-1]
    return max(max(_NEAR, 1 / len(values)) * (high - low), _ALIKE * max(abs(low), abs(high)), _ROUNDED)
