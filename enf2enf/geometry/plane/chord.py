"""The chord of walls: from the leading to the trailing edge."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.plane.polygon import Loop, area

_AS_LONG = 1 - 1e-3  # of the longest: as on a circle, whose chord is the one along the inflow


def chord(walls: Sequence[Loop], along: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2 2"]:
    """The leading and the trailing edge: the two points of all walls that are farthest from each other.

    Of pairs that are as far apart the one along the inflow counts. It moves, turns and mirrors with walls and inflow.

    Args:
        walls: their vertices, in metres.
        along: unit vector of the inflow; the trailing edge is downstream.
    """
    pairs = antipodes(walls)
    ways = pairs[:, 1] - pairs[:, 0]
    lengths = np.linalg.norm(ways, axis=1)
    down = np.abs(ways @ along) / np.maximum(lengths, np.finfo(float).tiny)
    chosen = int(np.argmax(np.where(lengths >= _AS_LONG * lengths.max(), down, -1.0)))
    found = pairs[chosen]
    return found if ways[chosen] @ along >= 0 else found[::-1]


def antipodes(walls: Sequence[Loop]) -> Float[np.ndarray, "pairs 2 2"]:
    """Pairs of vertices of the convex hull that have parallel tangents: the farthest two are among them."""
    import shapely

    hull = shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(np.concatenate(walls))))[:-1]
    hull = hull if area(hull) > 0 else hull[::-1]
    ahead = np.roll(hull, -1, axis=0)
    side = ahead - hull
    heading = np.unwrap(np.arctan2(side[:, 1], side[:, 0]))
    opposite = hull[np.searchsorted(np.append(heading, heading + 2 * np.pi), heading + np.pi) % len(hull)]
    return np.concatenate([np.stack([hull, opposite], axis=1), np.stack([ahead, opposite], axis=1)])
