"""Plain numbers of a geometry's walls, by which a shape unlike those that were learnt from is told."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.curve import Curve
from enf2enf.geometry.plane.moments import extent
from enf2enf.geometry.plane.polygon import Loop, angles, area, box, cross
from enf2enf.geometry.plane.smooth import with_corners

_CORNER = np.deg2rad(12)  # turn of a smooth curve's polygon: that of an octagon turns by 45 / 8 degrees at a vertex
_ARM = 2.499e-4  # of a perimeter: arcs are measured over no less, lest rounded coordinates are curved; no even share
_PIECE = 64  # sides of a curve that are compared with others at once


def descriptors(geometry: Geometry, length: float) -> dict[str, float]:
    """Numbers of walls, the same wherever they are, however they are turned and in a mirror.

    They are of second order in the sides' length, those of polygons but for the curvature. What walls bound is their
    bodies, or the domain itself where a wall goes around it.

    `bodies`: number of walls. `extent`: largest distance of two points. `area`, `perimeter`: of what they bound.
    `gap`: smallest distance of two boundaries, the outer one being none where it is far; NaN for a single one.
    `curvature`: largest of the smooth curves, corners aside; 0 of straight sides.
    `hollow`: the total turning of a wall's curve towards the domain, corners aside, in degrees: the largest of all
    walls; 0 of a convex body. Turns to and fro within a hundredth of a curve's length do not count.
    `corners`: of the wall that has most, see `Corners.of`; a blunt trailing edge has two, a coarse nose some more.
    `open`: length of the sides that close boundaries and are no walls; absent where walls are whole boundaries.

    Args:
        geometry: whose walls they are.
        length: the reference length (m), the unit of all.
    """
    near = [boundary.vertices for boundary in geometry.boundaries if boundary.role != "far"]
    bounds = box(geometry.walls)
    origin, size = bounds.mean(axis=0), float(np.ptp(bounds, axis=0).max())  # about and by which all is computed
    walls, unit = [(wall - origin) / size for wall in geometry.walls], size / length
    curves = [Curve(*with_corners(wall)) for wall in walls]
    numbers = {
        "bodies": float(len(geometry.runs)),
        "extent": unit * extent(walls),
        "area": unit**2 * abs(float(sum(map(area, walls)))),
        "perimeter": unit * sum(float(_lengths(wall).sum()) for wall in walls),
        "gap": unit * _gap([(curve - origin) / size for curve in near]),
        "curvature": max(_curvature(curve.points) for curve in curves) / unit,
        "hollow": float(np.rad2deg(max(curve.hollow for curve in curves))),
        "corners": float(max(len(curve.corners) for curve in curves)),
    }
    ends = [float(_lengths(b.vertices)[~b.on_wall].sum()) for b in geometry.boundaries if b.is_mixed]
    return numbers | ({"open": sum(ends) / length} if ends else {})


def _lengths(loop: Loop) -> Float[np.ndarray, " _"]:
    return np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1)


def _gap(curves: Sequence[Loop]) -> float:
    """The smallest distance of two curves, which are cut up so that only near pieces are compared.

    Curves with a 0 and a 1 in a binary digit of their numbers are compared, digit by digit: any two differ in one.
    """
    import shapely

    closed = [np.append(curve, curve[:1], axis=0) for curve in curves]
    cut = [[points[first : first + _PIECE + 1] for first in range(0, len(points) - 1, _PIECE)] for points in closed]
    pieces = np.array([shapely.linestrings(piece) for own in cut for piece in own])
    number, gap = np.repeat(np.arange(len(curves)), [len(own) for own in cut]), None
    for digit in range((len(curves) - 1).bit_length()):
        half = number >> digit & 1 == 1
        tree = shapely.STRtree(pieces[half])
        found = tree.query_nearest(pieces[~half], max_distance=gap, return_distance=True, all_matches=False)[1]
        gap = float(found.min()) if len(found) else gap
    return float("nan") if gap is None else gap


def _curvature(curve: Loop) -> float:
    """The largest curvature of a closed polygon that stands for a curve, but for arcs with a corner in them.

    That of the circle through a vertex and the next ones on both sides that are at least an `_ARM` away along it.
    """
    count, side = len(curve), np.roll(curve, -1, axis=0) - curve
    lengths, last = np.linalg.norm(side, axis=1), np.roll(side, 1, axis=0)
    at = np.append(0.0, np.cumsum(np.tile(lengths, 3)))  # of the vertices of three rounds
    here, arm = at[count : 2 * count], _ARM * lengths.sum()
    ahead, back = np.searchsorted(at, here + arm), np.searchsorted(at, here - arm, side="right") - 1
    one, other = curve - curve[back % count], curve[ahead % count] - curve
    chords = [np.linalg.norm(chord, axis=1) for chord in (one, other, one + other)]
    found = 2 * np.abs(cross(one, other)) / np.prod(chords, axis=0)
    corner = np.abs(angles(last, side)) > _CORNER
    corners = np.cumsum(np.tile(corner, 3))  # up to a vertex
    return float(found[corners[ahead - 1] == corners[back]].max(initial=0.0))
