"""The stored mesh: an unstructured triangulation that only carries samples, fine at the void and even in the bulk."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import Delaunay, KDTree

from enf2enf.errors import MeshError
from enf2enf.geometry.plane.polygon import cross
from enf2enf.problems.elasticity.void import Void

CORNER = 0.03
"""Radius (m) around the two clamped corners, where the stress is singular, that is cut off by a chamfer."""
GROWTH = 0.3
"""Growth of the node spacing per distance from the void."""
SMOOTHING = 12
ATTEMPTS = 8


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Nodes and triangles around a void; the first `wall` nodes go around the void, the next `outer` around the cell.

    Args:
        points: node coordinates, m.
        triangles: corner nodes, counter-clockwise.
        wall: number of nodes on the void.
        outer: number of nodes on the outer boundary.
    """

    points: Float[np.ndarray, "points 2"]
    triangles: Int[np.ndarray, "cells 3"]
    wall: int
    outer: int


def make_cloud(void: Void, rng: np.random.Generator, nodes: int = 1000, wall: tuple[int, int] = (112, 128)) -> Cloud:
    """A mesh of exactly `nodes` nodes, of which a number in the range `wall` is evenly spaced along the void.

    Raises:
        MeshError: no attempt gave a valid triangulation (with the default sizes none was seen to need a second).
    """
    for _ in range(ATTEMPTS):
        hole = void.wall(void.evenly(int(rng.integers(wall[0], wall[1] + 1)), rng.random()))
        near = np.linalg.norm(np.roll(hole, -1, axis=0) - hole, axis=1).mean()
        samples = in_domain(void, rng.random((40 * nodes, 2)))
        distance = KDTree(hole).query(samples)[0]
        bulk = _bulk_spacing(distance, near, len(samples) / (40 * nodes), nodes - len(hole) / 2)
        rim = _outer_nodes(bulk)
        spacing = np.minimum(bulk, near + GROWTH * distance)
        fixed = np.concatenate([hole, rim])
        inner = _spread(samples, spacing, fixed, nodes - len(fixed), rng)
        cloud = _triangulate(void, np.concatenate([fixed, inner]), len(hole), len(rim))
        if cloud is not None:
            return cloud
    raise MeshError("stored mesh", f"a valid triangulation in {ATTEMPTS} attempts", "none")


def in_domain(void: Void, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "m 2"]:
    """Those of these points of the unit cell that are outside the void and away from the clamped corners."""
    clamp = np.minimum(np.hypot(points[:, 0], points[:, 1]), np.hypot(points[:, 0] - 1, points[:, 1]))
    return points[~void.contains(points) & (clamp >= CORNER)]


def _bulk_spacing(distance: np.ndarray, near: float, area: float, nodes: float) -> float:
    """The spacing far from the void with which about `nodes` nodes fill this area (equilateral triangles)."""
    low, high = near, 0.1
    for _ in range(40):
        middle = (low + high) / 2
        spacing = np.minimum(middle, near + GROWTH * distance)
        if area * (2 / np.sqrt(3) / spacing**2).mean() > nodes:
            low = middle
        else:
            high = middle
    return high


def _outer_nodes(spacing: float) -> np.ndarray:
    c = CORNER
    polygon = np.array([[c, 0], [1 - c, 0], [1, c], [1, 1], [0, 1], [0, c]])
    sides = []
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        chamfer = 0 not in (end - start)
        pieces = 1 if chamfer else round(np.abs(end - start).sum() / spacing)
        sides.append(start + np.arange(pieces)[:, None] / pieces * (end - start))
    return np.concatenate(sides)


def _spread(samples: np.ndarray, spacing: np.ndarray, fixed: np.ndarray, count: int, rng: np.random.Generator):
    """`count` inner nodes at the density of `spacing`: a centroidal Voronoi tessellation of the samples.

    In the plane the density of its generators is the square root of that of its samples (Gersho), hence the power.
    """
    weight = spacing**-4
    chosen = rng.choice(len(samples), count, replace=False, p=spacing**-2 / (spacing**-2).sum())
    inner = samples[chosen]
    for _ in range(SMOOTHING):
        cell = np.asarray(KDTree(np.concatenate([fixed, inner])).query(samples)[1]) - len(fixed)
        mine = cell >= 0
        mass = np.bincount(cell[mine], weight[mine], count)
        moment = [np.bincount(cell[mine], weight[mine] * samples[mine, k], count) for k in range(2)]
        inner = np.where(mass[:, None] > 0, np.stack(moment, axis=1) / np.maximum(mass, 1e-300)[:, None], inner)
    return inner


def _triangulate(void: Void, points: np.ndarray, wall: int, outer: int) -> Cloud | None:
    """Smooths the inner nodes over the Delaunay triangulation and returns it, or None where it is not a mesh."""
    fixed = wall + outer
    for _ in range(SMOOTHING):
        triangles = _outside(void, points, wall)
        corners = points[triangles]
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        # Equal say for every triangle keeps the grading; the area as weight would even it out.
        area = np.sqrt(np.abs(cross(a, b)))
        mass = np.bincount(triangles.ravel(), np.repeat(area, 3), len(points))
        middle = corners.mean(axis=1) * area[:, None]
        moved = np.stack([np.bincount(triangles.ravel(), np.repeat(middle[:, k], 3), len(points)) for k in range(2)], 1)
        points = np.concatenate([points[:fixed], moved[fixed:] / np.maximum(mass[fixed:, None], 1e-300)])
    triangles = _outside(void, points, wall)
    return Cloud(points, triangles, wall, outer) if _is_mesh(points, triangles, wall, outer) else None


def _outside(void: Void, points: np.ndarray, wall: int) -> np.ndarray:
    """Delaunay triangles, counter-clockwise, without those that fill the void."""
    triangles = Delaunay(points).simplices
    middle = points[triangles].mean(axis=1)
    filling = (triangles < wall).all(axis=1) & void.contains(middle)
    triangles = triangles[~filling]
    a, b = points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]]
    clockwise = cross(a, b) < 0
    triangles[clockwise] = triangles[clockwise][:, [0, 2, 1]]
    return triangles


def _is_mesh(points: np.ndarray, triangles: np.ndarray, wall: int, outer: int) -> bool:
    """Whether every node is used and the boundary edges are exactly the two loops."""
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    loops = [(first + np.arange(n), first + (np.arange(n) + 1) % n) for first, n in ((0, wall), (wall, outer))]
    expected = np.sort(np.concatenate([np.stack(loop, axis=1) for loop in loops]), axis=1)
    boundary = unique[count == 1]
    return (
        len(np.unique(triangles)) == len(points)
        and count.max() == 2
        and np.array_equal(boundary, expected[np.lexsort(expected.T[::-1])])
    )
