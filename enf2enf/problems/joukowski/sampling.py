"""Where the flow of a case is known: half of the points close to walls, half all over the box, and some on walls."""

import numpy as np
from jaxtyping import Bool, Complex, Float
from scipy.spatial import KDTree

from enf2enf.problems.joukowski.body import Body, points_of
from enf2enf.problems.joukowski.flow import AbstractFlow
from enf2enf.problems.joukowski.section import Points

BOX = (-2.0 - 1.5j, 3.0 + 1.5j)
"""Lowest and highest coordinates, in metres along and to the left of the inflow, of a case."""
DISTANCES = (1e-3, 0.3)
"""Range (m) of the wall distances of the first half, log-uniform."""
NEAR, SPREAD, ON_WALLS = 4000, 4000, 384
_SIDES = 2048  # of a wall as a polygon, which gives distances to a relative error of 1e-3
_NEARER = 1 - 2e-3


def sample(flow: AbstractFlow, rng: np.random.Generator) -> Float[np.ndarray, "points 2"]:
    """`NEAR` points of log-uniform wall distance, then `SPREAD` that are uniform over the box outside the bodies."""
    return points_of(np.concatenate([_near(flow.bodies, rng), _spread(flow, rng)]))


def sample_walls(bodies: tuple[Body, ...], rng: np.random.Generator) -> Float[np.ndarray, "points 2"]:
    """`ON_WALLS` points on the walls of all bodies together, evenly by arc length from a random one on."""
    angle, start, points = 2 * np.pi * np.arange(_SIDES + 1) / _SIDES, 0.0, []
    ends = [np.cumsum([0, *abs(np.diff(body.wall_at(angle)))]) for body in bodies]
    at = (np.arange(ON_WALLS) + rng.random()) / ON_WALLS * sum(length[-1] for length in ends)
    for body, length in zip(bodies, ends, strict=True):
        own = at[(at >= start) & (at < start + length[-1])] - start
        points.append(body.wall_at(np.interp(own, length, angle)))
        start += length[-1]
    return points_of(np.concatenate(points))


def _near(bodies: tuple[Body, ...], rng: np.random.Generator) -> Points:
    """`NEAR` points, shared out to the bodies by wall length; a point that is nearer to another wall is drawn again."""
    walls = [body.wall(_SIDES) for body in bodies]
    ends = np.cumsum([0, *(abs(np.roll(wall, -1) - wall).sum() for wall in walls)])
    counts = np.diff(np.rint(NEAR * ends / ends[-1])).astype(int).tolist()
    tree, found = KDTree(points_of(np.concatenate(walls))), []
    for wall, count in zip(walls, counts, strict=True):
        own = np.zeros(0, complex)
        while len(own) < count:
            points, distance = _along_normals(wall, count, rng)
            nearest, _ = tree.query(points_of(points))
            own = np.append(own, points[(nearest >= _NEARER * distance) & _outside(bodies, points)])
        found.append(own[:count])
    return np.concatenate(found)


def _along_normals(
    wall: Complex[np.ndarray, " sides"], count: int, rng: np.random.Generator
) -> tuple[Complex[np.ndarray, " {count}"], Float[np.ndarray, " {count}"]]:
    """Points and their distances from a wall, along its normals, which fan out at the trailing edge."""
    nearest, farthest = np.log(DISTANCES)
    distance = np.exp(rng.uniform(nearest, farthest, count))
    side = np.roll(wall, -1) - wall
    along, ends = side / abs(side), np.cumsum(abs(side))
    fan = np.angle(along[0] / along[-1])
    at = rng.random(count) * (ends[-1] + fan * distance)
    number = np.minimum(np.searchsorted(ends, at), _SIDES - 1)
    foot = np.roll(wall, -1)[number] + np.minimum(at - ends[number], 0) * along[number]
    beyond = np.maximum(at - ends[-1], 0)  # on the arc about the trailing edge
    return foot - 1j * distance * along[number] * np.exp(1j * beyond / distance), distance


def _spread(flow: AbstractFlow, rng: np.random.Generator) -> Points:
    low, high = BOX
    drawn = rng.uniform(low.real, high.real, 2 * SPREAD) + 1j * rng.uniform(low.imag, high.imag, 2 * SPREAD)
    points = drawn * np.exp(1j * flow.direction)
    return points[_outside(flow.bodies, points)][:SPREAD]


def _outside(bodies: tuple[Body, ...], points: Points) -> Bool[np.ndarray, "*points"]:
    return np.logical_and.reduce([body.excludes(points) for body in bodies])
