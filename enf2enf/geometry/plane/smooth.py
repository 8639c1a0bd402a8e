"""The smooth curve that a wall's polygon stands for: how finely a mesh is cut must not decide what shape it has."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.geometry.plane.corners import reduced
from enf2enf.geometry.plane.polygon import cross

_FEWEST = 3  # sides between two ends that make an arc: two are those of a parallelogram
_FARTHEST = 0.1  # most that a curve leaves a side, over the shortest of it and the next ones: an octagon's circle fits
_PIECES = 8  # segments a side, which leave a 64th of the sides' own sag
_ENOUGH = 4096  # segments in all: of a polygon with as many sides they are the sides

Loop = Float[np.ndarray, "_ 2"]


def smoothed(loop: Loop) -> Loop:
    """A closed polygon with every side replaced by up to eight along a curve through its vertices.

    The curve is a cubic spline with two continuous derivatives, over its own length: periodic if the polygon has no
    corners, else one from each end of its smooth parts to the next (see `Corners.of`), not-a-knot at both.
    Straight sides and parts of one or two sides stay what they are. No side leaves its chord by more than a tenth of
    the shortest of it and its neighbours. Straight mid-side nodes of a quadratic mesh do not count as vertices.

    The result moves, turns and mirrors with the polygon, and does not depend on where it starts or which way it goes.
    """
    return with_corners(loop)[0]


def with_corners(
    loop: Loop, on_wall: Bool[np.ndarray, " sides"] | None = None
) -> tuple[Loop, Int[np.ndarray, " corners"], Bool[np.ndarray, " points"] | None]:
    """The curve of `smoothed`, the indices of its points that are corners, and which segments are walls (None: all)."""
    kept, corners = reduced(loop, on_wall)
    loop, on_wall = loop[kept], None if on_wall is None else on_wall[kept]
    side, leave = np.roll(loop, -1, axis=0) - loop, _leave(loop, corners.ends)
    pieces = leave.shape[1]
    curve = loop[:, None] + (np.arange(pieces) / pieces)[:, None] * side[:, None] + leave
    walled = None if on_wall is None else np.repeat(on_wall, pieces)
    return curve.reshape(-1, 2), pieces * np.flatnonzero(corners.sharp), walled


def sag(loop: Loop) -> Float[np.ndarray, " _"]:
    """The largest distance of the curve of `smoothed` from every side, which goes from a vertex to the next."""
    kept, corners = reduced(loop)
    vertices = loop[kept]
    side, leave = np.roll(vertices, -1, axis=0) - vertices, _leave(vertices, corners.ends)
    across = np.abs(cross(side[:, None], leave))
    return (across.max(axis=1) / np.linalg.norm(side, axis=1))[np.cumsum(kept) - 1]


def _leave(loop: Loop, ends: Bool[np.ndarray, " _"]) -> Float[np.ndarray, "_ pieces 2"]:
    """How far every side's curve is from its chord, at equal steps along both."""
    pieces = min(_PIECES, -(-_ENOUGH // len(loop)))
    leave = np.zeros((len(loop), pieces, 2))
    if pieces > 1:
        for nodes in _parts(ends):
            leave[nodes[:-1]] = _spline(loop[nodes], pieces, closed=nodes[0] == nodes[-1] and not ends[nodes[0]])
    length = np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1)
    most = _FARTHEST * np.minimum(length, np.minimum(np.roll(length, 1), np.roll(length, -1)))
    return leave * (most / np.maximum(np.linalg.norm(leave, axis=2).max(axis=1), most))[:, None, None]


def _parts(ends: Bool[np.ndarray, " _"]) -> Iterator[Int[np.ndarray, " nodes"]]:
    """The vertices of all parts that are not straight, both ends included."""
    firsts = np.flatnonzero(ends) if ends.any() else np.zeros(1, int)
    for first, sides in zip(firsts, np.diff(firsts, append=firsts[0] + len(ends)), strict=True):
        if sides >= _FEWEST:
            yield np.arange(first, first + sides + 1) % len(ends)


def _spline(points: Loop, pieces: int, closed: bool) -> Float[np.ndarray, "sides {pieces} 2"]:
    """How far the spline through points is from the chords between them.

    Its parameter is arc length, measured on a first spline whose parameter is the summed length of chords.
    """
    from scipy.interpolate import CubicSpline

    chords = np.diff(points, axis=0)
    steps, lengths = np.arange(pieces) / pieces, np.hypot(*chords.T)
    for _ in range(2):
        knots = np.concatenate([[0.0], np.cumsum(lengths)])
        spline = CubicSpline(knots, points, bc_type="periodic" if closed else "not-a-knot")
        curve = spline(knots[:-1, None] + steps * lengths[:, None])
        dense = np.concatenate([curve.reshape(-1, 2), points[-1:]])
        lengths = np.hypot(*np.diff(dense, axis=0).T).reshape(-1, pieces).sum(axis=1)
    leave = curve - points[:-1, None] - steps[:, None] * chords[:, None]
    leave[:, 0] = 0  # to the bit
    return leave
