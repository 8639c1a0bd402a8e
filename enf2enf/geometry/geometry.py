"""The boundary of a domain, and where a point lies against it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.errors import GeometryError
from enf2enf.geometry.bare import curves_of
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.lazy import lazy
from enf2enf.geometry.plane import segments
from enf2enf.geometry.plane.apart import check_bodies, check_curves
from enf2enf.geometry.plane.curve import Curve, centroid_of
from enf2enf.geometry.plane.enclosing import enclosing_radius
from enf2enf.geometry.plane.outline import Outline, closed
from enf2enf.geometry.plane.panels import PanelPlan, Placed, wall_curves
from enf2enf.geometry.plane.polygon import Loop, Polygon, area, box, normals
from enf2enf.geometry.plane.runs import Run, runs_of
from enf2enf.mesh import Mesh
from enf2enf.mesh.topology import PlaneMesh
from enf2enf.plain import shown

_ROUNDED = 1e-9  # of the extent: coordinates that are computed
_ENCLOSING = 1 - 1e-9  # of the outer area: no body inside it has as much


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Geometry:
    """Closed boundaries of a plane domain, in metres.

    Args:
        boundaries: in any order. The body is on the *left* of every wall: a wall that encloses the domain is clockwise,
            all other boundaries are counter-clockwise. At most one goes around the domain: a clockwise wall, or the
            only boundary that is not a wall; a domain without end has none. One of role `far` only limits where the
            domain is known, and may be placed anywhere; bounds and extent are then those of the walls. A boundary
            with some parts that are walls has the direction of a wall and counts as one.
        apart: True if it is known that no boundaries meet and no body is inside another: it is not checked then.

    Raises:
        GeometryError: no walls; more than one boundary around the domain; bodies that overlap or leave it.
    """

    boundaries: tuple[Polygon, ...]
    apart: dataclasses.InitVar[bool] = False

    def __post_init__(self, apart: bool):
        if not any(boundary.role == "wall" for boundary in self.boundaries):
            raise GeometryError("geometry", "walls: inner loops or named patches", "none")
        if (count := sum(self._is_around)) > 1:
            raise GeometryError("geometry", "one boundary around the domain at the most", str(count))
        if not apart:
            self._check_apart()

    @classmethod
    def of(cls, walls: Sequence[Loop], outer: Loop | None = None, outer_is_far: bool = False) -> "Geometry":
        """The geometry of loops in any direction, not repeated at the end.

        Args:
            walls: one a wall. One with the area of `outer` is a wall that encloses the domain.
            outer: around the whole domain; None for a domain without end.
            outer_is_far: whether the domain goes on beyond `outer`; no effect if a wall encloses the domain.

        Raises:
            GeometryError: as for the class itself, and as `Polygon` does.
        """
        if not isinstance(outer_is_far, bool | np.bool_):
            raise GeometryError("outer_is_far", "true or false", shown(outer_is_far))
        role = "far" if outer_is_far else "other"
        around = None if outer is None else Polygon(outer, name="outer boundary").as_role(role)
        boundaries = [Polygon(wall, name=f"wall {number}") for number, wall in enumerate(walls)]
        if around is None:
            return cls(tuple(boundaries))
        origin = around.vertices.mean(axis=0)
        whole = _ENCLOSING * area(around.vertices - origin)
        encloses = [area(boundary.vertices - origin) >= whole for boundary in boundaries]
        turned = [b.reversed() if is_outer else b for b, is_outer in zip(boundaries, encloses, strict=True)]
        return cls(tuple(turned) if any(encloses) else (*turned, around))

    @classmethod
    def from_mesh(cls, mesh: PlaneMesh, walls: Sequence[str] = (), outer_is_far: bool = False) -> "Geometry":
        """The geometry of a plane mesh, or of bare curves where the mesh has line cells only.

        Args:
            mesh: nodes, cells and named patches. Mid-side nodes of quadratic cells stay: they carry the curvature.
            walls: patches that are walls; empty for all inner loops (of bare curves: all but one around the others).
            outer_is_far: whether the domain goes on beyond the outer boundary; not where it is a wall.

        Raises:
            GeometryError: not a plane mesh, an unknown patch, no walls, cells that overlap, or loops as above.
        """
        return cls.from_outline(Outline.of(mesh), walls, outer_is_far)

    @classmethod
    def from_outline(cls, outline: Outline, walls: Sequence[str] = (), outer_is_far: bool = False) -> "Geometry":
        """The same of the curves of a mesh. Raises `GeometryError` as `from_mesh` does."""
        return cls(outline.boundaries(walls, outer_is_far), apart=True)

    @classmethod
    def from_curves(cls, curves: Sequence[Loop]) -> "Geometry":
        """The geometry of closed curves: all are walls, save one that goes around all the others.

        Raises:
            GeometryError: as for the class itself.
        """
        return cls(closed(curves), apart=True)

    def to_mesh(self) -> Mesh:
        """Its boundaries as line cells, those of the walls in a patch `walls`.

        Raises:
            GeometryError: a wall that encloses the domain alone: as a curve it would be a body.
        """
        if len(self.boundaries) == 1 and self._is_around[0] and not self.has_parts:
            raise GeometryError("geometry", "a body, or a boundary around others", "a wall around an empty domain")
        return curves_of(self.boundaries)

    def __repr__(self) -> str:
        size = " x ".join(f"{side:.6g}" for side in np.ptp(self.reach, axis=0))
        return f"Geometry({len(self.runs)} wall{'s' * (len(self.runs) != 1)}, {size} m)"

    @lazy
    def walls(self) -> tuple[Loop, ...]:
        """The vertices of every boundary with a wall; which of its sides are walls is in `runs`."""
        return tuple(boundary.vertices for boundary in self._walled)

    @lazy
    def runs(self) -> tuple[Run, ...]:
        """Every wall: a whole boundary, or sides of one that follow each other."""
        return tuple(run for loop, wall in enumerate(self._walled) for run in runs_of(loop, wall.on_wall))

    @property
    def has_parts(self) -> bool:
        """Whether some walls are no whole boundaries."""
        return any(boundary.is_mixed for boundary in self.boundaries)

    @lazy
    def outer(self) -> Loop | None:
        """The vertices of the boundary around the domain, counter-clockwise, or None for a domain without end."""
        for boundary, is_around in zip(self.boundaries, self._is_around, strict=True):
            if is_around:
                return boundary.reversed().vertices if boundary.role == "wall" else boundary.vertices
        return None

    @property
    def ends(self) -> bool:
        """Whether the domain ends at a boundary around it, which is not far."""
        return self.outer is not None and all(boundary.role != "far" for boundary in self.boundaries)

    @lazy
    def bounds(self) -> Float[np.ndarray, "2 dim"]:
        """Lowest and highest coordinates of the outer boundary, or of the walls where that is far or there is none."""
        return box([self.outer] if self.outer is not None and self.ends else self.walls)

    @lazy
    def reach(self) -> Float[np.ndarray, "2 dim"]:
        """Lowest and highest coordinates of all boundaries: a far one included."""
        return box(self.walls if self.outer is None else [self.outer])

    @lazy
    def extent(self) -> float:
        """Longest side of `bounds` in metres; of a domain without end, the diameter of the circle around its walls."""
        if self.ends:
            return float(np.ptp(self.bounds, axis=0).max())
        return 2 * enclosing_radius(np.concatenate(self._local))

    @lazy
    def centroid(self) -> Float[np.ndarray, " dim"]:
        """Centre of the smooth curves of the walls, weighted by length."""
        return self._origin + centroid_of(self._curves)

    @lazy
    def normals(self) -> tuple[Loop, ...]:
        """Unit normals at the vertices of every wall, out of the body into the domain."""
        return tuple(normals(wall) for wall in self._local)

    def panels(self, count: int, frame: Frame | None = None) -> Float[np.ndarray, "{count} 2 2"]:
        """All walls as `count` segments (start, end), the body on the left of each, see `PanelPlan.cut`.

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
        return self.cut(count, frame).ends

    def cut(self, count: int, frame: Frame, turning: float = 0.0) -> Placed:
        """The panels in a frame, their normals, and which are walls; `turning`: see `Curve.cut`. Raises as `panels`."""
        placed = self.plan(count).cut(frame.axes, turning)
        ends = (placed.ends + frame.turned(self._origin - frame.origin)) / frame.length
        return dataclasses.replace(placed, ends=ends)

    def plan(self, count: int) -> PanelPlan:
        """How the walls are cut into `count` panels in any frame; about the centre of `bounds`.

        Raises:
            GeometryError: fewer than three panels a wall.
        """
        return PanelPlan(count, self._curves)

    def remember(self, plan: PanelPlan) -> None:
        """Take over the smooth curves from an earlier plan of this geometry, to save computing them again."""
        self.__dict__["_curves"] = plan.curves

    def signed_distance(self, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, " points"]:
        """Distance to the nearest wall in metres, positive in the domain and on its open sides, negative in a body."""
        local = np.asarray(points, dtype=float) - self._origin
        out = self._in_body(local)
        if self.has_parts:
            out &= self._open_segments.distance(local) > _ROUNDED * self.extent
        return np.where(out, -1.0, 1.0) * self._wall_segments.distance(local)

    def contains(self, points: Float[np.ndarray, "points dim"]) -> Bool[np.ndarray, " points"]:
        """Whether points are in the closed domain.

        A polygon stands for a smooth curve, see `smoothed`: a point beyond the boundary still counts as on it if its
        distance to the nearest side is at most 1.5 times the largest between the curve and that side or the two beside
        it. Points that are not finite are outside.
        """
        finite = np.all(np.isfinite(points), axis=1)
        local = np.where(finite[:, None], points, 0.0) - self._origin
        beyond = self._in_body(local)
        inside = finite & (~beyond | self._segments.touches(local, where=beyond))
        if self.outer is not None:
            out = ~segments.contains(self._outer_polygon, local)
            inside &= ~out | self._outer_segments.touches(local, where=out)
        return inside

    @lazy
    def _walled(self) -> tuple[Polygon, ...]:
        """The boundaries with walls."""
        return tuple(boundary for boundary in self.boundaries if boundary.role == "wall")

    @lazy
    def _is_around(self) -> list[bool]:
        """For every boundary, whether it is around the domain."""
        return [b.role != "wall" or area(b.vertices - b.vertices.mean(axis=0)) < 0 for b in self.boundaries]

    @lazy
    def _origin(self) -> np.ndarray:
        """Centre of the bounds: differences of coordinates keep their digits however far away the body is."""
        return self.bounds.mean(axis=0)

    @lazy
    def _curves(self) -> tuple[Curve, ...]:
        """The smooth curves of the walls."""
        around = [boundary.vertices - self._origin for boundary in self.boundaries if boundary.role == "other"]
        return wall_curves(self._local, around, [wall.on_wall if wall.is_mixed else None for wall in self._walled])

    @lazy
    def _local(self) -> list[np.ndarray]:
        return [wall - self._origin for wall in self.walls]

    @lazy
    def _segments(self) -> segments.Segments:
        return segments.Segments(self._local)

    @lazy
    def _wall_segments(self) -> segments.Segments:
        return segments.Segments([self._local[run.loop] for run in self.runs], [run.sides for run in self.runs])

    @lazy
    def _open_segments(self) -> segments.Segments:
        """The sides that are no walls, of boundaries that have some."""
        open_ = [run for loop, wall in enumerate(self._walled) if wall.is_mixed for run in runs_of(loop, ~wall.on_wall)]
        return segments.Segments([self._local[run.loop] for run in open_], [run.sides for run in open_])

    @lazy
    def _outer_segments(self) -> segments.Segments:
        return segments.Segments([self.outer - self._origin])

    @lazy
    def _outer_polygon(self) -> Any:
        return segments.prepared([self.outer - self._origin])

    @lazy
    def _bodies(self) -> list[tuple[Any, bool]]:
        """Pairs (polygons, whether bodies are inside them): the inner walls, and the wall around the domain, if any."""
        inner = [wall for wall in self._local if area(wall) > 0]
        around = [wall for wall in self._local if area(wall) <= 0]
        return [(segments.prepared(walls), walls is inner) for walls in (inner, around) if walls]

    def _in_body(self, local: np.ndarray) -> np.ndarray:
        sides = [segments.contains(polygon, local) == inner for polygon, inner in self._bodies]
        return np.logical_or.reduce(sides)

    def _check_apart(self) -> None:
        names = {id(wall): f"wall {number}" for number, wall in enumerate(self._walled)}
        check_curves(self.boundaries, [names.get(id(boundary), "the outer boundary") for boundary in self.boundaries])
        around = [boundary for boundary, is_around in zip(self.boundaries, self._is_around, strict=True) if is_around]
        check_bodies([wall for wall in self._walled if wall not in around], around[0] if around else None)
