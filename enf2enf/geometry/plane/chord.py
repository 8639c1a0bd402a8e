"""The chord of walls: from the leading to the trailing edge."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.plane.polygon import Loop, area

_AS_LONG, _EQUAL = 1 - 1e-3, 1 - 1e-6  # of the longest: nearly, and but for how finely a wall is cut
_ONE_WAY = np.cos(0.2)  # if a pair nearly as long is over 0.2 rad from the longest, the inflow decides


def chord(walls: Sequence[Loop], along: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2 2"]:
    """The leading and the trailing edge: the two points of all walls that are farthest from each other.

    If pairs in clearly different directions are nearly as far apart (on a circle), the pair closest to the direction of
    the inflow is taken, or the mean of equally close ones (a square's diagonals). Else the inflow only decides which
    end leads, and equally distant pairs are averaged (the corners of a blunt edge). The chord moves, turns and mirrors
    with walls and inflow.

    Args:
        walls: their vertices, in metres.
        along: unit vector of the inflow; the trailing edge is downstream.
    """
    origin = walls[0][0]  # about which coordinates keep their digits however far away the walls are
    pairs = antipodes([wall - origin for wall in walls])
    ways = pairs[:, 1] - pairs[:, 0]
    lengths = np.linalg.norm(ways, axis=1)
    longest, nearly = ways[np.argmax(lengths)] / lengths.max(), lengths >= _AS_LONG * lengths.max()
    if (np.abs(ways[nearly] @ longest) >= _ONE_WAY * lengths[nearly]).all():
        way, equal = longest, lengths >= _EQUAL * lengths.max()
    else:
        down = np.where(nearly, np.abs(ways @ along) / np.maximum(lengths, np.finfo(float).tiny), -1.0)
        way, equal = along, down >= _EQUAL * down.max()
    back = (ways @ way < 0)[:, None, None]
    found = np.unique(np.where(back, pairs[:, ::-1], pairs)[equal], axis=0).mean(axis=0)
    return origin + (found if (found[1] - found[0]) @ along >= 0 else found[::-1])


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
