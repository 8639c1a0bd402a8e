"""The smooth curve that a wall's polygon stands for: how finely a mesh is cut must not decide what shape it has."""

import numpy as np
from jaxtyping import Bool, Float

_SHARP = np.deg2rad(50)  # turns from which on a vertex is a corner: a heptagon has them, an octagon is a coarse circle
_ALONE = 3  # times the turns beside it, from which on a smaller turn is a corner too
_SLIGHT = np.deg2rad(16.6)  # unless it is no larger than this; between those of regular polygons of 21 and 22 sides
_LEVEL = np.deg2rad(1)  # or if the polygon is straight on one side of it, to this
_STRAIGHT = 1e-6  # rad, rounding included; coordinates that came in single precision
_ROUNDED = 2e-4  # may turn as far, where that is
_NEXT_TO_NOTHING = 0.02  # of the turns beside it
_FARTHEST = 0.1  # that a curve leaves a side, in lengths of the shortest of it and its neighbours,
_FARTHEST_OF_ALL = 0.003  # and of the perimeter: large straight sides stand for nothing but themselves;
_LONG = 6  # times as long as the shortest, from which on less and less
_UNEVEN = 10  # times the angle at its other end that a side may leave its chord by: an arc has no straight end
_PIECES = 8  # segments a side, which leave a 64th of the sides' own sag
_ENOUGH = 4096  # segments in all: of a polygon with as many sides they are the sides

Loop = Float[np.ndarray, "_ 2"]


def smoothed(loop: Loop) -> Loop:
    """A closed polygon with every side replaced by up to eight along a curve through its vertices.

    Side by side, a cubic over the chord that meets it at the angles of the circles through three vertices each; the
    middle of a circle's side comes to lie on the circle. At a corner a side is a symmetric arc instead, straight
    between two corners. No side leaves its chord by more than a tenth of the shortest of it and its neighbours and
    0.3 % of the perimeter, and one that goes on straight at an end hardly leaves it, so that straight sides next to a
    fillet stay straight. Straight mid-side nodes of a quadratic mesh do not count as vertices.

    The result moves, turns and mirrors with the polygon, and does not depend on where it starts or which way it goes.
    """
    loop = loop[~_midside(loop)]
    side = np.roll(loop, -1, axis=0) - loop
    leave = _leave(loop)
    f = np.arange(leave.shape[1]) / leave.shape[1]
    normal = np.stack([-side[:, 1], side[:, 0]], axis=1)
    curve = loop[:, None] + f[:, None] * side[:, None] + leave[:, :, None] * normal[:, None]
    return curve.reshape(-1, 2)


def sag(loop: Loop) -> Float[np.ndarray, " _"]:
    """How far that curve leaves every side of the polygon, from each vertex to the next."""
    kept = ~_midside(loop)
    vertices = loop[kept]
    length = np.linalg.norm(np.roll(vertices, -1, axis=0) - vertices, axis=1)
    return (length * np.abs(_leave(vertices)).max(axis=1))[np.cumsum(kept) - 1]


def _leave(loop: Loop) -> Float[np.ndarray, "_ pieces"]:
    """How far to the left of every side the curve is, in lengths of the side, at equal steps along it."""
    side = np.roll(loop, -1, axis=0) - loop
    before, after = np.roll(side, 1, axis=0), np.roll(side, -1, axis=0)
    # The angle between a chord and the circle at one end is the one between the chords at the other.
    start, end = -_angle(before, before + side), _angle(side + after, after)
    begins, ends = (corners := _corners(_angle(before, side))), np.roll(corners, -1)
    start, end = np.where(begins, -end, start), np.where(ends, -start, end)
    start[begins & ends] = end[begins & ends] = 0
    start, end = _limited(start, _UNEVEN * np.abs(end)), _limited(end, _UNEVEN * np.abs(start))
    pieces = min(_PIECES, -(-_ENOUGH // len(loop)))
    f = np.arange(pieces) / pieces
    leave = np.outer(np.tan(start / 2), 2 * f * (1 - f) ** 2) - np.outer(np.tan(end / 2), 2 * f**2 * (1 - f))
    length = np.linalg.norm(side, axis=1)
    shortest = np.minimum(length, np.minimum(np.roll(length, 1), np.roll(length, -1)))
    most = np.minimum(_FARTHEST * shortest, _FARTHEST_OF_ALL * length.sum()) / length
    most *= np.minimum(1, _LONG * shortest / length) ** 2
    return leave * (most / np.maximum(np.abs(leave).max(axis=1), most))[:, None]


def _angle(a: Loop, b: Loop) -> Float[np.ndarray, " _"]:
    """By how much directions turn from a to b, rad."""
    return np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(axis=1))


def _limited(angle: Float[np.ndarray, " _"], most: Float[np.ndarray, " _"]) -> Float[np.ndarray, " _"]:
    return np.clip(angle, -most, most)


def _midside(loop: Loop) -> Bool[np.ndarray, " _"]:
    """Vertices at which next to nothing turns, between two at which something does."""
    side = np.roll(loop, -1, axis=0) - loop
    size = np.abs(_angle(np.roll(side, 1, axis=0), side))
    beside = np.minimum(np.roll(size, 1), np.roll(size, -1))
    straight = size < np.maximum(_STRAIGHT, np.minimum(_ROUNDED, _NEXT_TO_NOTHING * beside))
    return straight & ~np.roll(straight, 1) & ~np.roll(straight, -1)


def _corners(turn: Float[np.ndarray, " sides"]) -> Bool[np.ndarray, " sides"]:
    """Where the polygon turns sharply, or far more than at both neighbours, or turns at the end of a straight line."""
    size = np.abs(turn)
    one, other = np.roll(size, 1), np.roll(size, -1)
    alone = (size > _ALONE * np.maximum(one, other)) | (np.minimum(one, other) < _LEVEL)
    return (size >= _SHARP) | ((size > _SLIGHT) & alone)
