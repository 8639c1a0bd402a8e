"""The smallest circle around points."""

import numpy as np
from jaxtyping import Float

_FEW = 500  # points whose circle is found at once: that takes a time with the square of those on their convex hull
_DIRECTIONS = 64
_WITHIN = 1e-12  # of the radius: points as little outside are in the circle


def enclosing_radius(points: Float[np.ndarray, "points 2"]) -> float:
    """The radius of the smallest circle around points.

    Of many it is that of the few outermost ones, to which the farthest of those left outside is added until none is
    (an active-set method: every circle is larger than the one before, and the last one is that of all).
    """
    import shapely

    hull = shapely.get_coordinates(shapely.convex_hull(shapely.MultiPoint(points)))
    if len(hull) <= _FEW:
        return float(shapely.minimum_bounding_radius(shapely.MultiPoint(points)))
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    chosen = np.unique(np.argmax(np.stack([np.cos(angles), np.sin(angles)], axis=1) @ hull.T, axis=1))
    while True:
        own = shapely.MultiPoint(hull[chosen])
        radius = float(shapely.minimum_bounding_radius(own))
        centre = shapely.get_coordinates(shapely.centroid(shapely.minimum_bounding_circle(own)))[0]
        away = np.hypot(*(hull - centre).T)
        farthest = int(np.argmax(away))
        if away[farthest] <= radius * (1 + _WITHIN) or farthest in chosen:
            return radius
        chosen = np.append(chosen, farthest)
