"""Which curves of a mesh bound the domain, and which of them are walls."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import numpy as np
from jaxtyping import Int

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.boundary import Part
from enf2enf.geometry.lazy import lazy
from enf2enf.geometry.plane.apart import check_bodies, check_curves
from enf2enf.geometry.plane.polygon import Loop, Polygon, area, areas, box
from enf2enf.mesh import topology
from enf2enf.mesh.doubled import check_shared

IS_HALF = "is it half a domain, with a patch of symmetry?"
"""What a refusal of walls that do not close asks."""
_OVERLAP = 1e-6  # of the area: cells that fill the outline fill it to rounding
_AT_ONCE = 65_536  # cells whose areas are computed at once
_SAME, _NEARLY_SAME = 1e-9, 1e-6  # of the extent, apart


@dataclasses.dataclass(frozen=True, eq=False)
class Outline:
    """The curves of a plane mesh that bound its cells, or its bare curves where there are line cells only.

    Args:
        mesh: the mesh.
        surface: its cells that fill an area.
        pieces: edges (first, middle, last) of the curves, in the order of the cells.
    """

    mesh: topology.PlaneMesh
    surface: Sequence[topology.Cells]
    pieces: Int[np.ndarray, "pieces 3"]

    @classmethod
    def of(cls, mesh: topology.PlaneMesh) -> Self:
        """The outline of a mesh. Raises `GeometryError`: not a plane mesh, an edge of three cells."""
        _check_plane(mesh)
        surface = [block for block in mesh.cells if topology.is_surface(block.kind)]
        pieces = topology.boundary_edges(surface) if surface else _pieces(mesh)
        if surface:
            check_shared(pieces, mesh.points, _SAME)
        return cls(mesh, surface, pieces)

    @property
    def sides(self) -> int:
        """Number of sides of all curves together: two of an edge with a mid-side node."""
        return len(self.pieces) + int((self.pieces[:, 1] >= 0).sum())

    @lazy
    def loops(self) -> list[Int[np.ndarray, " nodes"]]:
        """The nodes around every curve. Raises `GeometryError`: curves that do not close, or touch."""
        with self._doubled_first():
            return topology.chain(self.pieces, self.mesh.points)

    def boundaries(self, walls: Sequence[str], outer_is_far: bool = False) -> tuple[Polygon, ...]:
        """The boundaries of the domain, apart from each other.

        Args:
            walls: patches that are walls; empty for all inner loops. They may be parts of loops.
            outer_is_far: whether the domain goes on beyond the outer boundary, of which no part is a wall then.

        Raises:
            GeometryError: an unknown patch, curves that meet or bound nothing, cells that overlap, no walls.
        """
        with self._doubled_first():
            curves = self._curves(walls)
            named = [curve.role == "wall" for curve in curves] if walls else None
            found = classify(curves, named, bounded=bool(self.surface))
        if outer_is_far and any(boundary.is_mixed for boundary in found):
            got = f"parts of a boundary; {IS_HALF}"
            raise GeometryError("walls", "whole closed loops where the outer boundary is far", got)
        return tuple(b.as_role("far") if outer_is_far and b.role == "other" else b for b in found)

    def _curves(self, walls: Sequence[str]) -> list[Polygon]:
        loops = self.loops
        points, patches = self.mesh.points, _PatchOfSides(self, walls)
        curves = [
            Polygon(points[nodes], patches.parts(nodes), f"curve {number}", simple=True)
            for number, nodes in enumerate(loops)
        ]
        check_curves(curves, [f"curve {number}" for number in range(len(curves))])
        if self.surface:
            _check_filled(self.surface, points, curves)
        return curves

    @contextlib.contextmanager
    def _doubled_first(self) -> Iterator[None]:
        """If the block fails, refuses nodes that nearly coincide, if there are any: they are the likely cause."""
        try:
            yield
        except GeometryError:
            if self.surface:
                check_shared(self.pieces, self.mesh.points, _NEARLY_SAME)
            raise


def closed(curves: Sequence[Loop]) -> tuple[Polygon, ...]:
    """Boundaries that are closed curves: all are walls, save one that goes around all the others.

    Raises:
        GeometryError: none, or curves that meet or bound nothing.
    """
    if not len(curves):
        raise GeometryError("curves", "at least one closed curve", "none")
    names = [f"curve {number}" for number in range(len(curves))]
    polygons = [Polygon(curve, name=name, simple=True) for name, curve in zip(names, curves, strict=True)]
    check_curves(polygons, names)
    return classify(polygons, None, bounded=False)


def classify(curves: Sequence[Polygon], named: Sequence[bool] | None, bounded: bool) -> tuple[Polygon, ...]:
    """Tells walls from the outer boundary: the one curve around all the others.

    Args:
        curves: closed curves that do not meet.
        named: which of them have walls; None for all but the outer one.
        bounded: whether there must be an outer boundary, as around cells.

    Returns:
        The walls with their bodies on the left, then the outer boundary if it is no wall.

    Raises:
        GeometryError: several domains, no walls, an inner loop that is none, a body inside another.
    """
    if len(curves) == 1 and not bounded and not curves[0].is_mixed:  # a part of what bounds a body is no wall
        return (curves[0],)
    boundary = _around_all(curves)
    if bounded and boundary is None:
        raise GeometryError("mesh", "one connected domain", f"{len(curves)} loops, none around all the others")
    inner = [number for number in range(len(curves)) if number != boundary]
    if named is None:
        chosen = inner
    else:
        chosen = [number for number, is_wall in enumerate(named) if is_wall]
        if rest := sorted(set(inner) - set(chosen)):
            where = place(box([curves[rest[0]].vertices]).mean(axis=0))
            raise GeometryError("walls", "every inner loop among the named patches", f"an unnamed one about {where}")
    if not chosen:
        raise GeometryError("mesh", "walls: inner loops or named patches", f"none; {IS_HALF}")
    outer = None if boundary is None else curves[boundary]
    check_bodies([curves[number] for number in chosen if number != boundary], outer)
    walls = tuple(curves[number].reversed() if number == boundary else curves[number] for number in chosen)
    return walls if boundary is None or boundary in chosen else (*walls, curves[boundary].as_role("other"))


def _around_all(curves: Sequence[Polygon]) -> int | None:
    """The curve that goes around all the others, if one does."""
    import shapely

    origin = box([curve.vertices for curve in curves]).mean(axis=0)
    largest = int(np.argmax([area(curve.vertices - origin) for curve in curves]))
    others = [curve.vertices[0] - origin for number, curve in enumerate(curves) if number != largest]
    around = shapely.polygons(curves[largest].vertices - origin)
    shapely.prepare(around)
    return largest if bool(shapely.contains_xy(around, np.reshape(others, (-1, 2))).all()) else None


def _check_plane(mesh: topology.PlaneMesh) -> None:
    kinds = {block.kind for block in mesh.cells}
    known = {kind for kind in kinds if topology.is_surface(kind) or topology.is_curve(kind)}
    if strange := sorted(kinds - known - {"vertex"}):
        is_slab = strange[0].startswith(("hexahedron", "wedge"))
        what = f"{strange[0]} cells" + _in_one_layer(mesh.points) * is_slab
        raise GeometryError("mesh", "a plane mesh of triangles or quadrilaterals", what)
    if mesh.points.shape[1] != 2:
        low, high = mesh.points[:, 2].min(), mesh.points[:, 2].max()
        raise GeometryError("mesh", "a plane mesh, flat in z", f"z from {low:.6g} to {high:.6g}")
    if not known:
        raise GeometryError("mesh", "cells or closed curves", "vertices only")


def _in_one_layer(points: np.ndarray) -> str:
    """Words about nodes on two planes only, as of a slab of one cell across."""
    for axis, values in enumerate(points.T[:3]):
        low, high = float(values.min()), float(values.max())
        if low < high and (np.minimum(values - low, high - values) <= _NEARLY_SAME * (high - low)).all():
            at = "xyz"[axis]
            return f" in one layer from {at} = {low:.6g} to {high:.6g}: keep the faces on one side of it, or a slice"
    return ""


def _pieces(mesh: topology.PlaneMesh) -> Int[np.ndarray, "edges 3"]:
    """Edges of bare curves, each once: files repeat a line that belongs to two groups."""
    every = np.concatenate([topology.edges(block) for block in mesh.cells if topology.is_curve(block.kind)])
    return every[np.sort(topology.once(every[:, ::2])[0])]


class _PatchOfSides:
    """The patch of each side of the boundary: of several that have its edge, a wall first, then the first by name.

    Args:
        outline: whose sides.
        walls: patches that are walls; empty: all sides are.

    Raises:
        GeometryError: walls that are no patches, or not on the boundary.
    """

    def __init__(self, outline: Outline, walls: Sequence[str]):
        mesh = outline.mesh
        _check_walls(outline, walls)
        chosen = sorted(set(walls))
        self._names, self._count = ["", *chosen, *sorted(set(mesh.patches) - set(walls))], len(mesh.points)
        self._walls = range(1, 1 + len(chosen)) if chosen else range(len(self._names))
        first, middle, last = outline.pieces.T
        patch = self._of_edges(first, last, mesh.patches)
        # An edge with a mid-side node is two sides.
        halves = np.concatenate([np.where(middle < 0, last, middle), middle]), np.tile(patch, 2)
        keys = topology.keys(np.stack([np.concatenate([first, last]), halves[0]], axis=1), self._count)
        keys, where = np.unique(keys, return_index=True)
        self._keys, self._patch = keys, halves[1][where]

    def _of_edges(self, first: np.ndarray, last: np.ndarray, patches: Mapping[str, np.ndarray]) -> np.ndarray:
        """For every edge the number of its patch among the names."""
        found = [np.zeros((0, 2), np.int64), *(patches[name][:, :2] for name in self._names[1:])]
        keys, where = np.unique(topology.keys(np.concatenate(found), self._count), return_index=True)
        number = np.repeat(np.arange(len(found)), [len(edges) for edges in found])[where]
        return _looked_up(topology.keys(np.stack([first, last], axis=1), self._count), keys, number)

    def parts(self, nodes: Int[np.ndarray, " nodes"]) -> tuple[Part, ...]:
        """Runs of the sides of a loop that have one patch, walls or others."""
        sides = topology.keys(np.stack([nodes, np.roll(nodes, -1)], axis=1), self._count)
        patch = _looked_up(sides, self._keys, self._patch)
        firsts = np.flatnonzero(np.diff(patch, prepend=-1))
        found = [(first, int(patch[first])) for first in firsts.tolist()]
        return tuple(Part(self._names[n], "wall" if n in self._walls else "other", first) for first, n in found)


def _looked_up(keys: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values of keys among those known, which are sorted; 0 for others."""
    if not len(known):
        return np.zeros(len(keys), np.int64)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[at] == keys, values[at], 0)


def _check_filled(surface: Sequence[topology.Cells], points: np.ndarray, curves: Sequence[Polygon]) -> None:
    """Cells that overlap, or are folded over, have more area together than their outline encloses."""
    origin = box([curve.vertices for curve in curves]).mean(axis=0)
    enclosed = sorted(abs(area(curve.vertices - origin)) for curve in curves)
    free = enclosed[-1] - sum(enclosed[:-1])
    filled = sum(_filled(topology.rings(block), points - origin) for block in surface)
    # Several components leave less free than filled too; they are told apart where the loops are sorted.
    connected = len(curves) == 1 or _around_all(curves) is not None
    if connected and abs(filled - free) > _OVERLAP * filled:
        both = f"{filled:.6g} square metres of cells in {free:.6g}"
        raise GeometryError("cells", "cells side by side that fill their outline", f"{both}, overlapping")


def _filled(rings: Int[np.ndarray, "cells ring"], points: np.ndarray) -> float:
    parts = (rings[first : first + _AT_ONCE] for first in range(0, len(rings), _AT_ONCE))
    return sum(float(abs(areas(points[part])).sum()) for part in parts)


def _check_walls(outline: Outline, walls: Sequence[str]) -> None:
    """Refuse names of no patches, and patches with edges inside the domain."""
    patches, count = outline.mesh.patches, len(outline.mesh.points)
    for name in walls:
        if name not in patches:
            raise GeometryError("walls", f"patches among {sorted(patches)}, of lines", repr(name))
    members = topology.keys(np.concatenate([np.zeros((0, 2), int), *(patches[name][:, :2] for name in walls)]), count)
    if inside := int((~np.isin(members, topology.keys(outline.pieces[:, ::2], count))).sum()):
        what = f"{', '.join(walls)} with {inside} edges that are not on it"
        raise GeometryError("walls", "patches on the boundary of the cells", what)
