"""Which curves of a mesh bound the domain, and which of them are walls."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.boundary import Part
from enf2enf.geometry.plane.polygon import Polygon, area, areas, box
from enf2enf.mesh import topology

_OVERLAP = 1e-6  # of the area: cells that fill the outline fill it to rounding


def of_mesh(mesh: topology.PlaneMesh, walls: Sequence[str]) -> tuple[Polygon, ...]:
    """The boundaries of a plane mesh, or of bare curves where there are line cells only.

    Raises:
        GeometryError: not a plane mesh, an unknown patch, curves that do not close, cells that overlap, no walls.
    """
    _check_plane(mesh)
    surface = [block for block in mesh.cells if topology.is_surface(block.kind)]
    pieces = topology.boundary_edges(surface) if surface else _pieces(mesh)
    chained = topology.chain(pieces, mesh.points)
    patches = _patch_of_sides(pieces, mesh)
    named_loops = [(nodes, _parts(nodes, patches)) for nodes in chained]
    curves = [Polygon(mesh.points[n], parts, f"curve {number}") for number, (n, parts) in enumerate(named_loops)]
    if surface:
        _check_filled(surface, mesh.points, curves)
    named = _named(chained, pieces, mesh, walls) if walls else None
    return classify(curves, named, bounded=bool(surface))


def classify(curves: Sequence[Polygon], named: Sequence[bool] | None, bounded: bool) -> tuple[Polygon, ...]:
    """Tells walls from the outer boundary: the one curve around all the others.

    Args:
        curves: closed curves.
        named: which of them are walls; None for all but the outer one.
        bounded: whether there must be an outer boundary, as around cells.

    Returns:
        The walls with their bodies on the left, then the outer boundary if it is no wall.
    """
    if len(curves) == 1 and not bounded:
        return (curves[0],)
    boundary = _around_all(curves)
    if bounded and boundary is None:
        raise GeometryError("mesh", "one connected domain", f"{len(curves)} loops, none around all the others")
    inner = [number for number in range(len(curves)) if number != boundary]
    if named is None:
        chosen = inner
    else:
        chosen = [number for number, is_wall in enumerate(named) if is_wall]
        if bounded and (rest := sorted(set(inner) - set(chosen))):
            where = place(box([curves[rest[0]].vertices]).mean(axis=0))
            raise GeometryError("walls", "every inner loop among the named patches", f"an unnamed one about {where}")
    if not chosen:
        raise GeometryError("mesh", "walls: inner loops or named patches", "none")
    walls = tuple(curves[number].reversed() if number == boundary else curves[number] for number in chosen)
    return walls if boundary is None or boundary in chosen else (*walls, curves[boundary].as_role("other"))


def _around_all(curves: Sequence[Polygon]) -> int | None:
    """The curve that goes around all the others, if one does."""
    import shapely

    origin = box([curve.vertices for curve in curves]).mean(axis=0)
    shapes = [shapely.polygons(curve.vertices - origin) for curve in curves]
    largest = int(np.argmax(shapely.area(shapes)))
    others = [shape for number, shape in enumerate(shapes) if number != largest]
    return largest if bool(np.all(shapely.contains(shapes[largest], others))) else None


def _check_plane(mesh: topology.PlaneMesh) -> None:
    known = [block for block in mesh.cells if topology.is_surface(block.kind) or topology.is_curve(block.kind)]
    if strange := [block.kind for block in mesh.cells if block not in known and block.kind != "vertex"]:
        raise GeometryError("mesh", "a plane mesh of triangles or quadrilaterals", f"{strange[0]} cells")
    if mesh.points.shape[1] != 2:
        low, high = mesh.points[:, 2].min(), mesh.points[:, 2].max()
        raise GeometryError("mesh", "a plane mesh, flat in z", f"z from {low:.6g} to {high:.6g}")
    if not known:
        raise GeometryError("mesh", "cells or closed curves", "vertices only")


def _pieces(mesh: topology.PlaneMesh) -> Int[np.ndarray, "edges 3"]:
    """Edges of bare curves, each once: files repeat a line that belongs to two groups."""
    every = np.concatenate([topology.edges(block) for block in mesh.cells if topology.is_curve(block.kind)])
    _, first = np.unique(np.sort(every[:, ::2], axis=1), axis=0, return_index=True)
    return every[np.sort(first)]


def _patch_of_sides(pieces: Int[np.ndarray, "edges 3"], mesh: topology.PlaneMesh) -> dict[tuple[int, int], str]:
    """Nodes of a side of the boundary, the smaller first -> the first patch in the alphabet that has it.

    An edge with a mid-side node is two sides.
    """
    named: dict[tuple[int, ...], str] = {}
    for name in sorted(mesh.patches, reverse=True):
        named |= dict.fromkeys(map(tuple, np.sort(mesh.patches[name][:, :2], axis=1).tolist()), name)
    found = {}
    for first, middle, last in pieces.tolist() if named else ():
        name = named.get((min(first, last), max(first, last)), "")
        for a, b in ((first, last),) if middle < 0 else ((first, middle), (middle, last)):
            found[min(a, b), max(a, b)] = name
    return found


def _parts(nodes: Int[np.ndarray, " nodes"], patches: dict[tuple[int, int], str]) -> tuple[Part, ...]:
    """Runs of the sides of a loop that have one patch."""
    if not patches:
        return (Part(),)
    sides = np.sort(np.stack([nodes, np.roll(nodes, -1)], axis=1), axis=1).tolist()
    names = [patches[a, b] for a, b in sides]
    return tuple(Part(name, "wall", k) for k, name in enumerate(names) if not k or name != names[k - 1])


def _check_filled(surface: Sequence[topology.Cells], points: np.ndarray, curves: Sequence[Polygon]) -> None:
    """Cells that overlap, or are folded over, have more area together than their outline encloses."""
    origin = box([curve.vertices for curve in curves]).mean(axis=0)
    enclosed = sorted(abs(area(curve.vertices - origin)) for curve in curves)
    free = enclosed[-1] - sum(enclosed[:-1])
    filled = sum(float(abs(areas((points - origin)[topology.rings(block)])).sum()) for block in surface)
    # Several components leave less free than filled too; they are told apart where the loops are sorted.
    connected = len(curves) == 1 or _around_all(curves) is not None
    if connected and abs(filled - free) > _OVERLAP * filled:
        both = f"{filled:.6g} square metres of cells in {free:.6g}"
        raise GeometryError("cells", "cells side by side that fill their outline", f"{both}, overlapping")


def _named(
    chained: Sequence[np.ndarray], pieces: np.ndarray, mesh: topology.PlaneMesh, walls: Sequence[str]
) -> list[bool]:
    """Which loops are made of the edges of the patches called `walls`."""
    for name in walls:
        if name not in mesh.patches:
            raise GeometryError("walls", f"patches among {sorted(mesh.patches)}", repr(name))
    members = np.concatenate([mesh.patches[name][:, :2] for name in walls])
    keys = {tuple(edge) for edge in np.sort(members, axis=1).tolist()}
    in_patch = np.array([tuple(edge) in keys for edge in np.sort(pieces[:, ::2], axis=1).tolist()])
    named = []
    for nodes in chained:
        share = in_patch[np.isin(pieces[:, 0], nodes)]
        if share.any() and not share.all():
            what = f"{', '.join(walls)} on {share.sum()} of {len(share)} edges of a loop"
            raise GeometryError("walls", "patches that cover whole closed loops", what)
        named.append(bool(share.all()))
    return named
