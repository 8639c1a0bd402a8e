"""Half a domain, or a quarter of it, mirrored across the planes of symmetry at which its mesh ends."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Self

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import GeometryError, place
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import CellBlock, Mesh

_OFF = 1e-6  # of the extent: nodes no farther from a plane are on it
_SAME = 1e-9  # of the extent: rounding; a wall that leaves the plane in a cusp is closer to it than `_OFF`


def unfolded(mesh: Mesh, patches: Sequence[str], walls: Sequence[str] = ()) -> Mesh:
    """The whole domain, of which a plane mesh is one half or quarter; the mesh itself if no patches are named.

    Nodes in the patches are shared by both halves, so that the patches are gone; all other patches have both halves.
    The given nodes come first, in their order. Values at nodes and cells are left out: the mirrored ones are unknown.

    Args:
        mesh: cells that fill an area, or bare curves, which the lines of the patches close.
        patches: straight parts of the boundary with all of the mesh on one side, in one plane or in two perpendicular
            ones. Together they must hold every boundary edge in these planes.
        walls: patches that are walls, which no plane of symmetry is.

    Raises:
        GeometryError: patches of another kind.
    """
    if not patches:
        return mesh
    if mesh.dim != 2:
        raise GeometryError("symmetry", "a plane mesh", "one in space")
    _check_no_walls(mesh, dict.fromkeys(patches), dict.fromkeys(walls))
    for group in _by_plane(mesh, patches):
        mesh = _doubled(mesh, group)
    return mesh


def mirrors(mesh: Mesh, patches: Sequence[str]) -> tuple[Float[np.ndarray, "2 2"], ...]:
    """The axes of the mirror image in every plane of patches of a mesh that can be `unfolded`."""
    return tuple(_Plane.of(mesh, group).axes for group in _by_plane(mesh, patches))


@dataclasses.dataclass(frozen=True, eq=False)
class _Plane:
    """A plane of symmetry, in the plane of the mesh a line.

    Args:
        origin: a point of it.
        normal: of length 1.
        slack: distance up to which nodes are on it.
    """

    origin: Float[np.ndarray, "2"]
    normal: Float[np.ndarray, "2"]
    slack: float

    @classmethod
    def of(cls, mesh: Mesh, names: Sequence[str]) -> Self:
        """The one through two ends of patches. Raises `GeometryError`: they are not straight, or have no length."""
        points = mesh.points[np.unique(_edges(mesh, names))]
        slack = _OFF * float(np.ptp(mesh.points, axis=0).max())
        if len(points):
            start = _farthest(points, points[0])
            along = _farthest(points, start) - start
        if not len(points) or np.hypot(*along) <= slack:
            raise GeometryError("symmetry", "patches with edges that have a length", f"{_named(names)} without")
        plane = cls(start, np.array([-along[1], along[0]]) / np.hypot(*along), slack)
        plane.check_holds(points, names)
        return plane

    @property
    def axes(self) -> Float[np.ndarray, "2 2"]:
        """Those of the mirror image."""
        return np.eye(2) - 2 * np.outer(self.normal, self.normal)

    def distance(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " points"]:
        """How far points are from it, negative on one side."""
        return (points - self.origin) @ self.normal

    def mirrored(self, points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        """The images of points."""
        return points - 2 * self.distance(points)[:, None] * self.normal

    def holds(self, points: Float[np.ndarray, "points 2"]) -> bool:
        """Whether points are on it."""
        return bool((abs(self.distance(points)) <= self.slack).all())

    def check_holds(self, points: Float[np.ndarray, "points 2"], names: Sequence[str]) -> None:
        """Raises `GeometryError` where nodes of patches are not on it."""
        if not self.holds(points):
            off = abs(self.distance(points))
            what = f"{_named(names)}, {off.max():.6g} off it at {place(points[np.argmax(off)])}"
            raise GeometryError("symmetry", "patches on a straight line", what)


def _check_no_walls(mesh: Mesh, patches: Collection[str], walls: Collection[str]) -> None:
    for name in patches:
        if name not in mesh.patches:
            raise GeometryError("symmetry", f"patches among {sorted(mesh.patches)}", repr(name))
    ours = _keys(mesh, _edges(mesh, patches))
    for name in (name for name in walls if name in mesh.patches):
        if name in patches or np.isin(_keys(mesh, _edges(mesh, [name])), ours).any():
            raise GeometryError("symmetry", "patches that are no walls", f"edges of the wall {name!r}")


def _by_plane(mesh: Mesh, patches: Sequence[str]) -> list[list[str]]:
    """The patches of every plane. Raises `GeometryError`: planes that are not perpendicular to each other."""
    found: list[tuple[_Plane, list[str]]] = []
    for name in dict.fromkeys(patches):
        plane, points = _Plane.of(mesh, [name]), mesh.points[np.unique(_edges(mesh, [name]))]
        for other, group in found:
            if other.holds(points):
                group.append(name)
                break
            if not plane.holds(other.mirrored(points)):
                cosine = min(1.0, abs(plane.normal @ other.normal))
                what = f"{_named([group[0], name])} at {np.rad2deg(np.arccos(cosine)):.3g} degrees"
                raise GeometryError("symmetry", "planes perpendicular to each other", what)
        else:
            found.append((plane, [name]))
    return [group for _, group in found]


def _doubled(mesh: Mesh, names: Sequence[str]) -> Mesh:
    """A mesh and its image in the plane of these patches."""
    plane, pieces = _Plane.of(mesh, names), _pieces(mesh)
    in_patch = np.isin(_keys(mesh, pieces[:, ::2]), _keys(mesh, _edges(mesh, names)))
    _check_boundary(mesh, names, pieces[in_patch])
    on_plane = np.unique(pieces[in_patch])
    on_plane = on_plane[on_plane >= 0]
    plane.check_holds(mesh.points[on_plane], names)
    _check_one_side(mesh, names, plane)
    _check_all_of_it(mesh, names, plane, pieces[~in_patch])
    image, count = np.arange(len(mesh.points)), len(mesh.points)
    moved = np.delete(image, on_plane)
    image[moved] = np.arange(count, count + len(moved))
    kept, patches = _without(mesh, names), {name: mesh.patches[name] for name in mesh.patches if name not in names}
    return Mesh(
        np.concatenate([mesh.points, plane.mirrored(mesh.points[moved])]),
        tuple(CellBlock(block.kind, np.concatenate([block.nodes, image[_turned(block)]])) for block in kept),
        {name: np.concatenate([facets, image[facets][:, ::-1]]) for name, facets in patches.items()},
        warnings=mesh.warnings,
    )


def _pieces(mesh: Mesh) -> Int[np.ndarray, "edges 3"]:
    """Edges (first, middle, last) at the boundary of the cells that fill an area, or else those of bare curves."""
    surface = [block for block in mesh.cells if topology.is_surface(block.kind)]
    if surface:
        return topology.boundary_edges(surface)
    curves = [topology.edges(block) for block in mesh.cells if topology.is_curve(block.kind)]
    return np.concatenate([np.zeros((0, 3), int), *curves])


def _check_boundary(mesh: Mesh, names: Sequence[str], found: Int[np.ndarray, "edges 3"]) -> None:
    inside = ~np.isin(_keys(mesh, _edges(mesh, names)), _keys(mesh, found[:, ::2]))
    if inside.any():
        what = f"{_named(names)} with {inside.sum()} edges that are not on it"
        raise GeometryError("symmetry", "patches on the boundary of the cells", what)


def _check_one_side(mesh: Mesh, names: Sequence[str], plane: _Plane) -> None:
    used = np.zeros(len(mesh.points), bool)
    for block in mesh.cells:
        used[block.nodes] = True
    distance = np.where(used, plane.distance(mesh.points), 0.0)
    beyond = [end for end in (distance.argmin(), distance.argmax()) if abs(distance[end]) > plane.slack]
    if len(beyond) != 1:
        where = " and ".join(place(mesh.points[end]) for end in sorted(beyond))
        what = f"nodes on both, {where}" if beyond else "nodes on none"
        raise GeometryError("symmetry", f"all of the mesh on one side of {_named(names)}", what)


def _check_all_of_it(mesh: Mesh, names: Sequence[str], plane: _Plane, others: Int[np.ndarray, "edges 3"]) -> None:
    """Refuses other edges of the boundary in the plane, which would be a wall of no thickness."""
    off = abs(plane.distance(mesh.points))[others[:, ::2]].max(axis=1)
    found = others[off <= _SAME / _OFF * plane.slack]
    if len(found):
        wanted = f"all edges of the boundary in the plane of {_named(names)} among its patches"
        where = place(mesh.points[found[0, 0]])
        raise GeometryError("symmetry", wanted, f"{len(found)} that are not, the first at {where}")


def _without(mesh: Mesh, names: Sequence[str]) -> list[CellBlock]:
    """The cells without the lines of patches."""
    gone, kept = _keys(mesh, _edges(mesh, names)), []
    for block in mesh.cells:
        if topology.is_curve(block.kind):
            stays = ~np.isin(_keys(mesh, topology.edges(block)[:, ::2]), gone)
            block = CellBlock(block.kind, block.nodes[stays])
        if len(block.nodes):
            kept.append(block)
    return kept


def _turned(block: CellBlock) -> Int[np.ndarray, "cells corners"]:
    """The nodes of cells that go round the other way: a mirror turns them, and this turns them back."""
    order = np.arange(block.nodes.shape[1])
    if topology.is_surface(block.kind):
        ring = topology.rings(CellBlock(block.kind, order[None]))[0]
        order[ring] = np.roll(ring[::-1], 1)
    elif topology.is_curve(block.kind):
        order[:2] = 1, 0
    return block.nodes[:, order]


def _edges(mesh: Mesh, names: Collection[str]) -> Int[np.ndarray, "edges 2"]:
    return np.concatenate([mesh.patches[name][:, :2] for name in names])


def _keys(mesh: Mesh, ends: Int[np.ndarray, "edges 2"]) -> Int[np.ndarray, " edges"]:
    return topology.keys(ends, len(mesh.points))


def _farthest(points: Float[np.ndarray, "points 2"], point: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2"]:
    return points[np.argmax(np.linalg.norm(points - point, axis=1))]


def _named(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names))
