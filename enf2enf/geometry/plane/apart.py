"""Curves that neither meet nor lie in each other's bodies: what makes them the boundary of a domain."""

from collections.abc import Sequence

import numpy as np

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.plane.crossing import crossing
from enf2enf.geometry.plane.polygon import Polygon, box

_EXPECTED = "bodies apart, inside the outer boundary"


def check_curves(curves: Sequence[Polygon], names: Sequence[str]) -> None:
    """Refuses curves that cross or touch themselves or each other.

    Raises:
        GeometryError: as it says, and where.
    """
    origin = box([curve.vertices for curve in curves]).mean(axis=0)
    if (found := crossing([curve.vertices - origin for curve in curves])) is None:
        return
    one, other = (names[number] for number in found.loops)
    where = place(found.place + origin)
    if one == other:
        raise GeometryError(one, "a curve that does not cross or touch itself", f"a self-intersection at {where}")
    raise GeometryError("walls", _EXPECTED, f"{one} and {other} overlapping at {where}")


def check_bodies(walls: Sequence[Polygon], outer: Polygon | None) -> None:
    """Refuses bodies inside other bodies, or outside the outer boundary.

    Args:
        walls: around a body each; they do not meet each other or the outer boundary.
        outer: around the domain; None for a domain without end.

    Raises:
        GeometryError: as it says, and where.
    """
    import shapely

    if not walls:
        return
    origin = box([wall.vertices for wall in walls]).mean(axis=0)
    starts = np.stack([wall.vertices[0] for wall in walls]) - origin
    bodies = shapely.STRtree([shapely.polygons(wall.vertices - origin) for wall in walls])
    inner, around = bodies.query(shapely.points(starts), predicate="within").tolist()
    if inner:
        first, last = sorted((inner[0], around[0]))
        raise GeometryError("walls", _EXPECTED, f"walls {first} and {last} overlapping at {_at(walls[inner[0]])}")
    if outer is not None:
        inside = shapely.contains_xy(shapely.polygons(outer.vertices - origin), starts)
        if len(out := np.flatnonzero(~inside)):
            raise GeometryError("walls", _EXPECTED, f"wall {out[0]} outside at {_at(walls[out[0]])}")


def _at(wall: Polygon) -> str:
    return place(wall.vertices[0])
