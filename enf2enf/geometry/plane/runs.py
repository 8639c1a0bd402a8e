"""Walls as sides of boundaries that follow each other."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Int


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A wall: sides of a boundary, each from a vertex to the next.

    Args:
        loop: number of the boundary among those with walls.
        sides: numbers of its sides, in the order in which they follow each other; all of them, or fewer.
    """

    loop: int
    sides: Int[np.ndarray, " sides"]


def runs_of(loop: int, on_wall: Bool[np.ndarray, " sides"]) -> list[Run]:
    """The walls of a boundary: runs of wall sides, ordered by first side; the last may run past the boundary's end."""
    count = len(on_wall)
    if on_wall.all():
        return [Run(loop, np.arange(count))]
    firsts = np.flatnonzero(on_wall & ~np.roll(on_wall, 1))
    ends = np.flatnonzero(~on_wall & np.roll(on_wall, 1))
    return [Run(loop, np.arange(first, _after(first, ends, count)) % count) for first in firsts.tolist()]


def _after(first: int, ends: Int[np.ndarray, " ends"], count: int) -> int:
    """The first side after a run, counted on from its beginning over the end of the boundary."""
    return first + int(((ends - first) % count).min())
