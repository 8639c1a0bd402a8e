"""Triangles between points that came without any, around one star-shaped void in the unit cell."""

import heapq

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import DatasetError

CENTRE = np.array([0.5, 0.5])
_CLOSED = 1e-3  # largest gap between first and last radius; successive radii differ by ten times as much
_FLAT = 1e-9  # area of a triangle between points of one straight side, which rounding has put off the line
_INSIDE = 0.05  # deepest a point may lie inside the radii, which are inexact: about one point spacing
_OFF = 0.025  # largest median distance between the radii and the points around the void


def triangulate(
    name: str, points: Float[np.ndarray, "points 2"], radii: Float[np.ndarray, " radii"]
) -> Int[np.ndarray, "triangles 3"]:
    """Delaunay triangles of the points, less those of the void; counter-clockwise.

    The radii only say on which side of the wall a triangle is; the wall itself runs through the points. A spline
    through the radii would cut off points wherever a rough wall leaves it, and an alpha shape needs a radius that
    suits wide and narrow parts alike. Here the void is grown from its centre, the deepest triangle first, and a
    triangle is taken only if that neither pinches the void nor leaves a point without triangles: whatever the
    radii say, the void stays a disk, and the wall one simple closed curve.

    Args:
        name: of the case, for errors.
        points: in the unit cell, none of them in the void, some of them on its wall.
        radii: the wall as seen from the centre, at equal angles from 0 to 2 pi, of which the last repeats the first.

    Raises:
        DatasetError: points that coincide, lie in the void or do not follow its wall.
    """
    from scipy.spatial import Delaunay

    if abs(radii[0] - radii[-1]) > _CLOSED:
        raise DatasetError(f"rr of {name}", "a last radius like the first", f"{radii[0]:.4f} and {radii[-1]:.4f}")
    depth_of_points = _depth(points, radii)
    if len(inside := np.flatnonzero(depth_of_points > _INSIDE)):
        raise DatasetError(f"XY of {name}", "no points in the void of rr", f"point {inside[0]} in it")
    mesh = Delaunay(points)
    triangles = _counter_clockwise(points, mesh.simplices)
    depth = _depth(points[triangles].mean(axis=1), radii)
    void = _grown(mesh.simplices, mesh.neighbors, depth, int(mesh.find_simplex(CENTRE)))
    _check_wall(name, triangles, void, depth_of_points)
    kept = triangles[~void & ~_flat_on_a_side(points, triangles)]
    if len(idle := np.setdiff1d(np.arange(len(points)), kept)):
        raise DatasetError(f"XY of {name}", "every point in a triangle", f"point {idle[0]} in none; is it there twice?")
    return kept


def _depth(points: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """How far inside the wall, along the ray from the centre; negative in the domain."""
    away = points - CENTRE
    turn = np.arctan2(away[:, 1], away[:, 0]) % (2 * np.pi)
    wall = np.interp(turn, np.linspace(0, 2 * np.pi, len(radii)), radii)
    return wall - np.hypot(*away.T)


def _counter_clockwise(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    clockwise = _area(points, triangles) < 0
    return np.where(clockwise[:, None], triangles[:, ::-1], triangles)


def _area(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    first, second = ((points[triangles[:, k]] - points[triangles[:, 0]]).T for k in (1, 2))
    return (first[0] * second[1] - first[1] * second[0]) / 2


def _flat_on_a_side(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    corners = points[triangles]
    on_one_side = np.ptp(corners, axis=1).min(axis=1) < 1e-5
    return on_one_side & (np.abs(_area(points, triangles)) < _FLAT)


def _grown(triangles: np.ndarray, neighbours: np.ndarray, depth: np.ndarray, seed: int) -> np.ndarray:
    """The void as a mask over the triangles. `neighbours[t, k]` is across the edge opposite of corner k."""
    void, on_wall = np.zeros(len(triangles), bool), set(map(int, triangles[seed]))
    void[seed] = True
    front = [(-depth[t], int(t)) for t in neighbours[seed] if t >= 0]
    heapq.heapify(front)
    while front:
        level, candidate = heapq.heappop(front)
        touching = [k for k, t in enumerate(neighbours[candidate]) if t >= 0 and void[t]]
        if void[candidate] or level >= 0 or (neighbours[candidate] < 0).any() or len(touching) != 1:
            continue
        beyond = int(triangles[candidate, touching[0]])
        if beyond in on_wall:
            continue
        void[candidate] = True
        on_wall.add(beyond)
        for t in neighbours[candidate]:
            if not void[t]:
                heapq.heappush(front, (-depth[t], int(t)))
    return void


def _check_wall(name: str, triangles: np.ndarray, void: np.ndarray, depth: np.ndarray) -> None:
    off = float(np.median(np.abs(depth[np.unique(triangles[void])])))
    if off > _OFF:
        raise DatasetError(
            f"rr of {name}", f"radii that follow the points around the void within {_OFF}",
            f"{off:.3f} between them; are they another case's?",
        )  # fmt: skip
