"""Plain numbers of a geometry's walls, by which a shape unlike those that were learnt from is told."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.chord import antipodes
from enf2enf.geometry.plane.polygon import Loop, area, box
from enf2enf.geometry.plane.smooth import with_corners

_ALIKE = 0.05  # skewness of the area along it up to which both ends of a long axis are alike: of a NACA 0012 it is 0.3
_STRAIGHT = 0.01  # rise of a mean line over its length up to which it arches to neither side
_OBLONG = 2.0  # ratio of the principal second moments from which on a shape has a long axis
_CORNER = np.deg2rad(12)  # turn of a smooth curve's polygon: that of an octagon turns by 45 / 8 degrees at a vertex
_ARM = 2.499e-4  # of a perimeter: arcs are measured over no less, lest rounded coordinates are curved; no even share
_EVEN_ARC = 15 / 4 / np.sqrt(12)  # an even parabolic arc: its rise over its length, by its third moment
_PIECE = 64  # sides of a curve that are compared with others at once


def descriptors(geometry: Geometry, length: float) -> dict[str, float]:
    """Numbers of all walls together, the same wherever they are, however they are turned and in a mirror.

    They are of second order in the sides' length, those of polygons but for the curvature. What walls bound is their
    bodies, or the domain itself where a wall goes around it.

    `bodies`: number of walls. `extent`: largest distance of two points. `area`, `perimeter`: of what they bound.
    `chord`: extent of the largest body, the one that extends farthest.
    `thickness`: width of the ellipse with the same second moments as that body. Unlike that of an inscribed circle it
    is a closed form, right to rounding and as smooth as the shape is, and costs nothing.
    `gap`: smallest distance of two boundaries, the outer one being none where it is far; NaN for a single one.
    `curvature`: largest of the smooth curves, corners aside; 0 of straight sides.
    `corners`: of the wall that has most, see `Corners.of`; a blunt trailing edge has two, a coarse nose some more.
    `open`: length of the sides that close boundaries and are no walls; absent where walls are whole boundaries.

    Args:
        geometry: whose walls they are.
        length: the reference length (m), the unit of all.
    """
    near = [boundary.vertices for boundary in geometry.boundaries if boundary.role != "far"]
    origin, size = _place(geometry.walls)
    walls, unit = [(wall - origin) / size for wall in geometry.walls], size / length
    curves, corners, _ = zip(*map(with_corners, walls), strict=True)
    largest, scale = _largest(geometry)
    numbers = {
        "bodies": float(len(geometry.runs)),
        "extent": unit * _extent(walls),
        "chord": scale / length * _extent(largest),
        "area": unit**2 * abs(float(sum(map(area, walls)))),
        "perimeter": unit * sum(float(_lengths(wall).sum()) for wall in walls),
        "thickness": scale / length * 4 * float(np.sqrt(max(np.linalg.eigvalsh(_second(geometry))[0], 0.0))),
        "gap": unit * _gap([(curve - origin) / size for curve in near]),
        "curvature": max(map(_curvature, curves)) / unit,
        "corners": float(max(map(len, corners))),
    }
    ends = [float(_lengths(b.vertices)[~b.on_wall].sum()) for b in geometry.boundaries if b.is_mixed]
    return numbers | ({"open": sum(ends) / length} if ends else {})


def incidence(geometry: Geometry, axes: Float[np.ndarray, "2 2"]) -> float:
    """Angle from the first of orthonormal axes (one a row) to the long axis of the largest body, in degrees.

    In (-90, 90], positive towards the second axis; NaN where one principal second moment is not twice the other.
    """
    second = _second(geometry)
    least, most = np.linalg.eigvalsh(second)
    if most < _OBLONG * least:
        return float("nan")
    (xx, xy), (_, yy) = axes @ second @ axes.T
    angle = float(np.rad2deg(np.arctan2(2 * xy, xx - yy))) / 2
    return angle if angle > -90 else 90.0


def heading(geometry: Geometry, axes: Float[np.ndarray, "2 2"]) -> float:
    """Angle from the first of orthonormal axes to the way that the thin end of the largest body points, in degrees.

    Along the long axis, as `incidence`, but in (-180, 180]: towards the side on which the area reaches farther, by its
    third moment. NaN without a long axis, and where both ends are alike.
    """
    angle = np.deg2rad(incidence(geometry, np.eye(2)))
    if np.isnan(angle):
        return float("nan")
    along = np.array([np.cos(angle), np.sin(angle)])
    skewness = _third(geometry, along, along, along)
    if abs(skewness) < _ALIKE:
        return float("nan")
    return _angle(np.sign(skewness) * along, axes)


def arch(geometry: Geometry, axes: Float[np.ndarray, "2 2"]) -> float:
    """Angle from the first of orthonormal axes to the side to which the largest body arches, in degrees.

    Across the long axis, in (-180, 180], towards the convex side of the mean line: of an aerofoil, the one to which it
    is cambered. NaN without a long axis, and where the mean line rises by less than 1 % of its length.
    """
    angle = np.deg2rad(incidence(geometry, np.eye(2)))
    if np.isnan(angle):
        return float("nan")
    along, across = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    rise = -_EVEN_ARC * _third(geometry, along, along, across)
    if abs(rise) < _STRAIGHT:
        return float("nan")
    return _angle(np.sign(rise) * across, axes)


def lobes(geometry: Geometry, axes: Float[np.ndarray, "2 2"], count: int) -> float:
    """Angle from the first of orthonormal axes to one of so many lobes of the largest body, in degrees.

    At most 180 / count to either side: that of the harmonic moment of that order, the integral of (x + i y)^count over
    the area, over count; of a square it is to one of its corners. NaN where the moment is less than 5 % of that of all
    area at the radius of gyration.
    """
    start, end, double, content = _about_centre(geometry)
    a, b = (points @ axes.T @ (1, 1j) for points in (start, end))
    powers = sum(a**power * b ** (count - power) for power in range(count + 1))
    moment = double @ powers / ((count + 1) * (count + 2) * content)
    radius = np.sqrt(double @ (abs(a) ** 2 + (a * b.conj()).real + abs(b) ** 2) / (12 * content))
    if abs(moment) < _ALIKE * radius**count:
        return float("nan")
    return float(np.rad2deg(np.angle(moment))) / count


def _angle(direction: Float[np.ndarray, "2"], axes: Float[np.ndarray, "2 2"]) -> float:
    """From the first of orthonormal axes to a direction, in degrees in (-180, 180]."""
    x, y = axes @ direction
    return float(np.rad2deg(np.arctan2(y, x))) if y or x > 0 else 180.0


def _third(geometry: Geometry, *directions: Float[np.ndarray, "2"]) -> float:
    """The third central moment of the area of the largest body, along three directions of which the first two agree.

    Over the second one along the first direction, to the 3/2.
    """
    start, end, double, content = _about_centre(geometry)
    (a, _, c), (d, _, f) = ([points @ way for way in directions] for points in (start, end))
    square = double @ (a * a + a * d + d * d) / 12 / content
    third = double @ (3 * a * a * c + a * a * f + 2 * a * d * c + 2 * a * d * f + d * d * c + 3 * d * d * f) / 60
    return float(third / content / square**1.5)


def _second(geometry: Geometry) -> Float[np.ndarray, "2 2"]:
    """Mean squares of the distances of the area of the largest body from its centroid, in sizes of its walls."""
    start, end, double, content = _about_centre(geometry)
    corners = np.stack([start, end, start + end])
    return np.einsum("s,csi,csj->ij", double, corners, corners) / (24 * content)


def _about_centre(geometry: Geometry) -> tuple[Loop, Loop, Float[np.ndarray, " sides"], float]:
    """First and last points of all sides of the largest body about its centroid, twice the areas to it, and the area.

    In sizes of its walls.
    """
    walls, _ = _largest(geometry)
    start, end = np.concatenate(walls), np.concatenate([np.roll(wall, -1, axis=0) for wall in walls])
    double = _cross(start, end)
    content = float(double.sum()) / 2
    centre = double @ (start + end) / 6 / content
    start, end = start - centre, end - centre
    return start, end, _cross(start, end), content


def _largest(geometry: Geometry) -> tuple[list[Loop], float]:
    """The wall of the body that extends farthest, about its centre and in its size, and that size in metres.

    All walls where one goes around the domain, which they bound together.
    """
    walls = geometry.walls
    if len(walls) > 1 and not any(area(wall - wall[0]) < 0 for wall in walls):
        walls = [max(walls, key=lambda wall: _extent([wall - wall[0]]))]
    origin, size = _place(walls)
    return [(wall - origin) / size for wall in walls], size


def _extent(walls: Sequence[Loop]) -> float:
    return float(np.linalg.norm(np.diff(antipodes(walls), axis=1), axis=2).max())


def _place(walls: Sequence[Loop]) -> tuple[Float[np.ndarray, "2"], float]:
    """Centre and size of walls, about and by which all is computed."""
    bounds = box(walls)
    return bounds.mean(axis=0), float(np.ptp(bounds, axis=0).max())


def _lengths(loop: Loop) -> Float[np.ndarray, " _"]:
    return np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1)


def _gap(curves: Sequence[Loop]) -> float:
    """The smallest distance of two curves, which are cut up so that only near pieces are compared.

    Each two are in different halves once, of those that the digits of their numbers make.
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
    found = 2 * np.abs(_cross(one, other)) / np.prod(chords, axis=0)
    corner = np.abs(np.arctan2(_cross(last, side), (last * side).sum(axis=1))) > _CORNER
    corners = np.cumsum(np.tile(corner, 3))  # up to a vertex
    return float(found[corners[ahead - 1] == corners[back]].max(initial=0.0))


def _cross(a: Loop, b: Loop) -> Float[np.ndarray, " _"]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
