"""Where a polygon that stands for a smooth curve has corners, and where it is straight."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.geometry.plane.polygon import angles

_SHARP = np.deg2rad(50)  # turns from which on a vertex is a corner: a heptagon has them, an octagon is a coarse circle
_SLIGHT = np.deg2rad(16.6)  # and up to which none is: between those of regular polygons of 21 and 22 sides
_ALONE = 3  # times the turns beside it, from which on one in between is a corner too,
_UNEVEN = 2  # or times as long as the other one that a side beside it is: a coarse arc is cut evenly
_LEVEL = 1e-3  # rad: what turns less is straight, coordinates in single precision and noise included
_LONG = 5.5  # times as long as a side beside it: a side of a circle is not, and stands for nothing but itself

Loop = Float[np.ndarray, "_ 2"]


@dataclasses.dataclass(frozen=True, eq=False)
class Corners:
    """What the vertices and sides of a polygon are.

    Args:
        sharp: vertices that are corners.
        ends: vertices at which the curve begins anew: corners, and the ends of straight sides.
    """

    sharp: Bool[np.ndarray, " vertices"]
    ends: Bool[np.ndarray, " vertices"]

    @classmethod
    def of(cls, loop: Loop, on_wall: Bool[np.ndarray, " sides"] | None = None, halved: bool = False) -> "Corners":
        """The corners of a polygon without mid-side nodes; all ends of walls are corners, if only some sides are walls.

        A vertex is a corner if it turns by 50 degrees or more. One that turns by more than 16.6 degrees is, too, where
        it turns by more than three times as much as each of its neighbours, and as those next to them if they turn the
        other way, as on both sides of a bend; where one of its sides is more than twice as long as the other; and at
        the end of a straight side. A side is straight at a vertex that turns by less than 1e-3 rad, like the one before
        or after it or between two that turn the same way, and where it is more than 5.5 times as long as one beside it.

        Args:
            loop: the polygon.
            on_wall: which of its sides are walls; None: all.
            halved: whether mid-side nodes were removed. A vertex without a turn then had one on both sides, without a
                turn too: it is on a straight line if a vertex next to it turns by more than 16.6 degrees.
        """
        turn, ahead = turns(loop), np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1)
        size, before = np.abs(turn), np.roll(ahead, 1)
        straight = _straight(turn, ahead, halved)
        ends = straight | np.roll(straight, 1)
        beside = [np.roll(size, step) for step in (1, -1)]
        against = [-np.sign(turn) * np.roll(turn, step) for step in (2, -2)]
        alone = size > _ALONE * np.max(beside + against, axis=0)
        uneven = np.maximum(before, ahead) > _UNEVEN * np.minimum(before, ahead)
        sharp = (size >= _SHARP) | ((size > _SLIGHT) & (alone | uneven | ends))
        if on_wall is not None:
            sharp |= wall_ends(on_wall)
        return cls(sharp, sharp | ends)


def turns(loop: Loop) -> Float[np.ndarray, " vertices"]:
    """By how much the direction turns to the left at every vertex, rad."""
    ahead = np.roll(loop, -1, axis=0) - loop
    return angles(np.roll(ahead, 1, axis=0), ahead)


def wall_ends(on_wall: Bool[np.ndarray, " sides"]) -> Bool[np.ndarray, " vertices"]:
    """The vertices between a side that is a wall and one that is none."""
    return on_wall != np.roll(on_wall, 1)


def reduced(
    loop: Loop, on_wall: Bool[np.ndarray, " sides"] | None = None
) -> tuple[Bool[np.ndarray, " vertices"], Corners]:
    """A mask of the vertices that are no straight mid-side nodes, and the `Corners` of the polygon of these."""
    kept = ~_midside(loop, on_wall)
    return kept, Corners.of(loop[kept], None if on_wall is None else on_wall[kept], halved=not kept.all())


def _midside(loop: Loop, on_wall: Bool[np.ndarray, " sides"] | None = None) -> Bool[np.ndarray, " vertices"]:
    """Straight mid-side nodes of a quadratic mesh: every second vertex, if none of them turns and others do."""
    level = np.abs(turns(loop)) < _LEVEL
    if on_wall is not None:
        level &= ~wall_ends(on_wall)
    for first in (0, 1):
        if len(loop) % 2 == 0 and level[first::2].all() and not level[1 - first :: 2].all():
            return np.arange(len(loop)) % 2 == first
    return np.zeros(len(loop), dtype=bool)


def _straight(
    turn: Float[np.ndarray, " vertices"], length: Float[np.ndarray, " vertices"], halved: bool
) -> Bool[np.ndarray, " vertices"]:
    """Whether the side from each vertex to the next is straight."""
    level = np.abs(turn) < _LEVEL
    # A level vertex between turns to either side is where a curve changes from one to the other.
    beside = np.abs([np.roll(turn, 1), np.roll(turn, -1)])
    is_bend = (np.roll(turn, 1) * np.roll(turn, -1) > 0) | (halved & (beside.max(axis=0) > _SLIGHT))
    within = level & (np.roll(level, 1) | np.roll(level, -1) | is_bend)
    long = length > _LONG * np.minimum(np.roll(length, 1), np.roll(length, -1))
    return within | np.roll(within, -1) | long
