"""Whether closed curves cross or touch, and where: in n log n of their sides, whatever they look like."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float

_WORK = 1 << 24  # pairs of sides that may be near each other up to which all of them are looked at: 0.1 s
_ROUNDING = 4e-16  # of the products of an orientation's determinant (Shewchuk 1997, bound A)

Loop = Float[np.ndarray, "_ 2"]


@dataclasses.dataclass(frozen=True, eq=False)
class Crossing:
    """Two sides that meet and are not neighbours.

    Args:
        loops: the numbers of their loops, the smaller first.
        place: where they meet.
    """

    loops: tuple[int, int]
    place: Float[np.ndarray, "2"]


def crossing(loops: Sequence[Loop]) -> Crossing | None:
    """Two sides of closed curves that cross or touch and are not neighbours, or None; exactly.

    Shapely compares every monotone run of sides with all others whose boxes overlap, which is fast unless the curves
    turn back and forth at every vertex, as a star does. Those, and what crosses, are left to a sweep.
    """
    import shapely

    rings = shapely.multilinestrings([shapely.LinearRing(loop) for loop in loops])
    if _runs(loops) * sum(map(len, loops)) <= _WORK and shapely.is_simple(rings):
        return None
    pair = _Sweep(loops).meeting()
    return None if pair is None else _described(loops, pair)


def _runs(loops: Sequence[Loop]) -> int:
    """How often the direction of travel goes from one quadrant to another."""
    heading = [np.roll(loop, -1, axis=0) >= loop for loop in loops]
    return sum(int((quadrant != np.roll(quadrant, 1, axis=0)).any(axis=1).sum()) for quadrant in heading)


def _described(loops: Sequence[Loop], pair: tuple[int, int]) -> Crossing:
    import shapely

    ends = np.cumsum([len(loop) for loop in loops])
    owners, sides = np.searchsorted(ends, pair, side="right").tolist(), []
    for owner, side in zip(owners, pair, strict=True):
        first = side - (ends[owner] - len(loops[owner]))
        sides.append(shapely.linestrings(np.take(loops[owner], [first, first + 1], axis=0, mode="wrap")))
    place = shapely.get_coordinates(shapely.shortest_line(*sides))[0]
    return Crossing((min(owners), max(owners)), place)


class _Sweep:
    """A line that goes over the sides of closed curves, vertex by vertex in the order of (x, y) (Shamos & Hoey 1976).

    Sides are numbered through all loops; side k starts at vertex k. What the line meets is kept from below to above.
    Until two sides meet their order cannot change, and sides that meet are neighbours before.
    """

    def __init__(self, loops: Sequence[Loop]):
        points = np.concatenate(loops)
        index = np.arange(len(points))
        parts = np.split(index, np.cumsum([len(loop) for loop in loops])[:-1])
        after = np.concatenate([np.roll(part, -1) for part in parts])
        self._order = np.lexsort((points[:, 1], points[:, 0]))
        rank = np.empty_like(index)
        rank[self._order] = index
        turned = rank[after] < rank
        self._points = points
        self._doubt = float(2 * _ROUNDING * np.ptp(points, axis=0).prod())  # of a turn whose sign may be rounding
        self._right = np.where(turned, index, after).tolist()  # the end that the line comes to last
        left = points[np.where(turned, after, index)]
        along = np.where(turned[:, None], points, points[after]) - left
        self._lines = list(map(tuple, np.concatenate([left, along], axis=1).tolist()))
        self._before = np.concatenate([np.roll(part, 1) for part in parts]).tolist()
        self._rank, self._places = rank.tolist(), list(map(tuple, points.tolist()))

    def meeting(self) -> tuple[int, int] | None:
        """Two sides that meet other than as neighbours do, or None."""
        ordered = self._points[self._order]
        if len(same := np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))):
            first, second = self._order[same[0] : same[0] + 2].tolist()
            return first, second
        met: list[int] = []
        for vertex in self._order.tolist():
            sides = vertex, self._before[vertex]
            at, touched = self._position(met, vertex, sides)
            if touched is not None:
                return touched, vertex
            begun = [side for side in sides if self._right[side] != vertex]
            if len(begun) == 2 and (turn := self._turn(begun[0], self._right[begun[1]])) <= 0:
                if turn == 0:
                    return sides
                begun.reverse()
            met[at : at + 2 - len(begun)] = begun
            for first in {at - 1, at - 1 + len(begun)}:
                if 0 <= first < len(met) - 1 and self._meet(*met[first : first + 2]):
                    return met[first], met[first + 1]
        return None

    def _position(self, met: list[int], vertex: int, own: tuple[int, int]) -> tuple[int, int | None]:
        """How many sides are below a vertex, and another's side that it lies on, if there is one."""
        px, py = self._places[vertex]
        lines, doubt, low, high = self._lines, self._doubt, 0, len(met)
        while low < high:
            middle = (low + high) // 2
            side = met[middle]
            if side in own:
                high = middle
                continue
            x, y, along, up = lines[side]
            turn = along * (py - y) - up * (px - x)
            if -doubt <= turn <= doubt and not (turn := self._turn(side, vertex)):
                return middle, side
            if turn > 0:
                low = middle + 1
            else:
                high = middle
        return low, None

    def _meet(self, below: int, above: int) -> bool:
        """Whether two sides whose order is known before leave it until one of them ends."""
        one, other = self._right[below], self._right[above]
        if one == other:
            return False
        if self._rank[one] < self._rank[other]:
            return self._turn(above, one) >= 0
        return self._turn(below, other) <= 0

    def _turn(self, side: int, vertex: int) -> float:
        """Positive where a vertex is above a side, zero where it is on it."""
        x, y, along, up = self._lines[side]
        px, py = self._places[vertex]
        one, other = along * (py - y), up * (px - x)
        turn = one - other
        if abs(turn) > _ROUNDING * (abs(one) + abs(other)):
            return turn
        return self._exact(side, vertex)

    def _exact(self, side: int, vertex: int) -> float:
        left = [Fraction(value) for value in self._lines[side][:2]]
        right = [Fraction(value) for value in self._places[self._right[side]]]
        point = [Fraction(value) for value in self._places[vertex]]
        one, other = (right[0] - left[0]) * (point[1] - left[1]), (right[1] - left[1]) * (point[0] - left[0])
        return float((one > other) - (one < other))
