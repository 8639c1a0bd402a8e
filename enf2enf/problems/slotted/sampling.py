"""Where the flow of a case is known: close to the walls, in the slot between them, and all over the crop."""

from collections.abc import Callable

import numpy as np
import shapely
from jaxtyping import Bool, Float

CROP = ((-2.0, -1.5), (4.0, 1.5))
"""Lower and upper corner, in chords of the main element from its nose along its chord; the flow goes on beyond."""
CLOSEST, FARTHEST = 1e-3, 0.3
"""Range (chords) of the distances of points close to walls from one of these, log-uniform before those too near go."""
NEAR, SLOT, SPREAD = 4000, 1000, 3000
_SLOT = 2.0  # gaps: the distances of a point in the slot from both walls together, at the most

Points = Float[np.ndarray, "points 2"]
Walls = tuple[Float[np.ndarray, "_ 2"], ...]


def sample(walls: Walls, gap: float, rng: np.random.Generator) -> Float[np.ndarray, "points 2"]:
    """`NEAR` points close to walls, `SLOT` in the slot, `SPREAD` all over the crop; none nearer than `CLOSEST`.

    Args:
        walls: of the main element and of the flap, closed.
        gap: between them, chords.
        rng: what they are drawn with.
    """
    bodies = [shapely.Polygon(wall) for wall in walls]

    def distances(points: Points) -> Float[np.ndarray, "2 points"]:
        return np.stack([shapely.distance(body, shapely.points(points)) for body in bodies])

    def outside(points: Points) -> Bool[np.ndarray, " points"]:
        return distances(points).min(axis=0) >= CLOSEST

    def in_slot(points: Points) -> Bool[np.ndarray, " points"]:
        found = distances(points)
        return (found.min(axis=0) >= CLOSEST) & (found.sum(axis=0) <= _SLOT * gap)

    def near(count: int) -> Points:
        low, high = np.log((CLOSEST, FARTHEST)).tolist()
        return _around(walls, rng, np.exp(rng.uniform(low, high, count)))

    def in_crop(count: int) -> Points:
        return rng.uniform(*CROP, (count, 2))

    def about_flap(count: int) -> Points:
        return _around(walls[1:], rng, _SLOT * gap * np.sqrt(rng.random(count)))

    chosen = ((NEAR, near, outside), (SLOT, about_flap, in_slot), (SPREAD, in_crop, outside))
    return np.concatenate([_drawn(*each) for each in chosen])


def _drawn(count: int, draw: Callable[[int], Points], keep: Callable[[Points], Bool[np.ndarray, " points"]]) -> Points:
    """So many points that are kept."""
    found = np.zeros((0, 2))
    while len(found) < count:
        points = draw(2 * count)
        found = np.concatenate([found, points[keep(points)]])
    return found[:count]


def _around(walls: tuple[Points, ...], rng: np.random.Generator, distance: Float[np.ndarray, " points"]) -> Points:
    """At distances in any direction from random places of walls, all walls as long as they are."""
    sides = np.concatenate([np.diff(wall, axis=0) for wall in walls])
    starts = np.concatenate([wall[:-1] for wall in walls])
    lengths = np.hypot(*sides.T)
    number = rng.choice(len(sides), len(distance), p=lengths / lengths.sum())
    angle = rng.uniform(0, 2 * np.pi, len(distance))
    foot = starts[number] + rng.random(len(distance))[:, None] * sides[number]
    return foot + distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
