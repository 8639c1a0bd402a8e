"""The boundary of a domain: walls, the outer boundary, and where a point lies against them."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.errors import GeometryError
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane import outline
from enf2enf.geometry.plane import panels as panels
from enf2enf.geometry.plane import polygon as polygons
from enf2enf.mesh import topology

_ENCLOSING = 1 - 1e-9  # of the outer area: no body inside it has as much

Loop = Float[np.ndarray, "_ dim"]


@dataclasses.dataclass(frozen=True, eq=False)
class Geometry:
    """Closed curves that bound a plane domain, in metres.

    Args:
        walls: one polygon a wall, not repeated at the end. Kept so that the body is on the *left* of every
            segment: counter-clockwise around a body, clockwise for a wall that encloses the domain.
        outer: the polygon around the whole domain, counter-clockwise, or None for a domain without end.

    Raises:
        GeometryError: no walls; a loop with fewer than three points, coinciding points, no area, or that crosses
            itself; bodies that overlap or leave the outer boundary; three-dimensional points.
    """

    walls: tuple[Loop, ...]
    outer: Loop | None = None

    def __post_init__(self):
        if not self.walls:
            raise GeometryError("geometry", "walls: inner loops or named patches", "none")
        outer = None if self.outer is None else polygons.checked("outer boundary", self.outer)
        walls = [polygons.checked(f"wall {number}", wall) for number, wall in enumerate(self.walls)]
        if outer is not None:
            origin = outer.mean(axis=0)
            whole = _ENCLOSING * polygons.area(outer - origin)
            walls = [wall[::-1].copy() if polygons.area(wall - origin) >= whole else wall for wall in walls]
        object.__setattr__(self, "walls", tuple(walls))
        object.__setattr__(self, "outer", outer)
        self._check_apart()

    @classmethod
    def from_mesh(cls, mesh: topology.PlaneMesh, walls: Sequence[str] = ()) -> "Geometry":
        """The geometry of a plane mesh, or of bare curves where the mesh has line cells only.

        Args:
            mesh: nodes, cells and named patches. Mid-side nodes of quadratic cells stay: they carry the curvature.
            walls: patches that are walls; empty for all inner loops (of bare curves: all but one around the others).

        Raises:
            GeometryError: not a plane mesh, an unknown patch, no walls, cells that overlap, or loops as above.
        """
        curves, outer = outline.of_mesh(mesh, walls)
        return cls(tuple(curves), outer)

    @classmethod
    def from_curves(cls, curves: Sequence[Loop]) -> "Geometry":
        """The geometry of closed curves: all are walls, save one that goes around all the others.

        Raises:
            GeometryError: as for the class itself.
        """
        if not len(curves):
            raise GeometryError("curves", "at least one closed curve", "none")
        chosen, outer = outline.sort_out([np.asarray(curve, dtype=float) for curve in curves], None, bounded=False)
        return cls(tuple(chosen), outer)

    @property
    def bounds(self) -> Float[np.ndarray, "2 dim"]:
        """Lowest and highest coordinates of the outer boundary, or of the walls where there is none."""
        return polygons.box(self.walls if self.outer is None else [self.outer])

    @property
    def extent(self) -> float:
        """Longest side of `bounds`, in metres."""
        return float(np.ptp(self.bounds, axis=0).max())

    @functools.cached_property
    def normals(self) -> tuple[Loop, ...]:
        """Unit normals at the vertices of every wall, out of the body into the domain."""
        return tuple(polygons.normals(wall) for wall in self._local)

    def panels(self, count: int, frame: Frame | None = None) -> Float[np.ndarray, "{count} 2 2"]:
        """All walls as `count` segments (start, end) of equal arc length a wall, the body on the left of each.

        They follow the smooth curves that the polygons stand for, see `smoothed`; distances and normals are about the
        polygons. They do not depend on where a loop starts, which way it was stored or in which order the loops came.

        Args:
            count: how many.
            frame: whose local coordinates they are in; None for metres.

        Raises:
            GeometryError: fewer than three segments a wall.
        """
        if frame is None:
            return self.panels(count, Frame(self._origin, np.eye(len(self._origin)), 1.0)) + self._origin
        walls = [frame.turned(wall)[:: frame.handedness] for wall in self._local]
        return (panels.resample(walls, count) + frame.turned(self._origin - frame.origin)) / frame.length

    def signed_distance(self, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, " points"]:
        """Distance to the nearest wall in metres, positive in the domain and negative inside a body."""
        local = np.asarray(points, dtype=float) - self._origin
        return np.where(self._in_body(local), -1.0, 1.0) * self._segments.distance(local)

    def contains(self, points: Float[np.ndarray, "points dim"]) -> Bool[np.ndarray, " points"]:
        """Whether points are in the closed domain.

        A polygon stands for a smooth curve, see `smoothed`: a point beyond the boundary is on it if it is not farther
        from the nearest side than one and a half times as far as the curve is there or beside it. Points that are not
        finite are outside.
        """
        finite = np.isfinite(points).all(axis=1)
        local = np.where(finite[:, None], points, 0.0) - self._origin
        beyond = self._in_body(local)
        inside = finite & (~beyond | self._segments.touches(local, where=beyond))
        if self.outer is not None:
            out = ~polygons.within(self._outer_polygon, local)
            inside &= ~out | self._outer_segments.touches(local, where=out)
        return inside

    @functools.cached_property
    def _origin(self) -> np.ndarray:
        """Centre of the bounds: differences of coordinates keep their digits however far away the body is."""
        return self.bounds.mean(axis=0)

    @functools.cached_property
    def _local(self) -> list[np.ndarray]:
        return [wall - self._origin for wall in self.walls]

    @functools.cached_property
    def _segments(self) -> polygons.Segments:
        return polygons.Segments(self._local)

    @functools.cached_property
    def _outer_segments(self) -> polygons.Segments:
        return polygons.Segments([self.outer - self._origin])

    @functools.cached_property
    def _outer_polygon(self) -> Any:
        return polygons.prepared(self.outer - self._origin)

    @functools.cached_property
    def _bodies(self) -> list[tuple[Any, bool]]:
        """Every wall's polygon, and whether its body is inside it."""
        return [(polygons.prepared(wall), polygons.area(wall) > 0) for wall in self._local]

    def _in_body(self, local: np.ndarray) -> np.ndarray:
        sides = [polygons.within(polygon, local) == inner for polygon, inner in self._bodies]
        return np.logical_or.reduce(sides)

    def _check_apart(self) -> None:
        import shapely

        solid = [(number, polygon) for number, (polygon, inner) in enumerate(self._bodies) if inner]
        for position, (number, polygon) in enumerate(solid):
            later = solid[position + 1 :]
            if len(hit := np.flatnonzero(shapely.intersects(polygon, [other for _, other in later]))):
                raise GeometryError("walls", "bodies apart", f"walls {number} and {later[hit[0]][0]} overlapping")
            if self.outer is not None and not shapely.contains_properly(self._outer_polygon, polygon):
                raise GeometryError(f"wall {number}", "a body inside the outer boundary", "one that crosses it")
