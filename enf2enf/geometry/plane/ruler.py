"""A measure along a curve that adds its turning to its arc length, so that panels are shorter at bends."""

import dataclasses
from typing import Self

import numpy as np
from jaxtyping import Float

_SPREAD = 0.005  # of the length, to either side

Numbers = Float[np.ndarray, " _"]


@dataclasses.dataclass(frozen=True, eq=False)
class Ruler:
    """A reading that grows along a closed curve, linear between marks.

    Args:
        marks: how far along the curve, ascending, from 0 to its length.
        readings: at those, from 0 on.
    """

    marks: Numbers
    readings: Numbers

    @classmethod
    def of(cls, arc: Numbers, turns: Numbers, share: float) -> Self:
        """The reading s + share L T(s) / 2 pi at arc length s of a curve of length L, which has turned by T(s) so far.

        On a smooth convex curve, turning makes up share / (1 + share) of the whole reading. The turn of a vertex is
        spread evenly between the middles of its sides, then averaged over a hundredth of the length, so that turns to
        and fro within that do not count: those of noise, or of two points that nearly coincide.

        Args:
            arc: how far along the curve its vertices are, the first one again at the end.
            turns: of those, but for that last one: by how much the curve turns to the left, rad.
            share: how much a turn weighs beside the length, see `ModelConfig.turning`.
        """
        length, spread = arc[-1], _SPREAD * arc[-1]
        middles = (arc[1:] + arc[:-1]) / 2
        around, total = np.concatenate([middles - length, middles, middles + length]), np.cumsum(np.tile(turns, 3))
        steps, slopes = np.diff(around), np.diff(total) / np.diff(around)
        summed = np.append(0.0, np.cumsum(steps * (total[1:] + total[:-1]) / 2))  # the integral of T

        def integral(along: Numbers) -> Numbers:
            side = np.searchsorted(around, along) - 1
            far = along - around[side]
            return summed[side] + far * (total[side] + far * slopes[side] / 2)

        marks = np.unique(np.concatenate([arc, (arc + spread) % length, (arc - spread) % length]))
        turned = (integral(marks + spread) - integral(marks - spread)) / (2 * spread)
        either_way = np.append(0.0, np.cumsum(np.abs(np.diff(turned))))
        return cls(marks, marks + share * length / (2 * np.pi) * either_way)

    @property
    def length(self) -> float:
        """Of the whole curve, as it reads."""
        return float(self.readings[-1])

    def read(self, along: Numbers) -> Numbers:
        """The readings at these arc lengths."""
        return np.interp(along, self.marks, self.readings)

    def place(self, readings: Numbers) -> Numbers:
        """The arc lengths at these readings: the inverse of `read`."""
        return np.interp(readings, self.readings, self.marks)
