"""Which curves of a mesh bound the domain, and which of them are walls."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import GeometryError, place
from enf2enf.geometry.plane import polygon as polygons
from enf2enf.mesh import topology

_OVERLAP = 1e-6  # of the area: cells that fill the outline fill it to rounding

Curve = Float[np.ndarray, "_ 2"]


def of_mesh(mesh: topology.PlaneMesh, walls: Sequence[str]) -> tuple[list[Curve], Curve | None]:
    """Walls and outer boundary of a plane mesh, or of bare curves where there are line cells only.

    Raises:
        GeometryError: not a plane mesh, an unknown patch, curves that do not close, cells that overlap, no walls.
    """
    _check_plane(mesh)
    surface = [block for block in mesh.cells if topology.is_surface(block.kind)]
    pieces = topology.boundary_edges(surface) if surface else _pieces(mesh)
    chained = topology.chain(pieces, mesh.points)
    curves = [mesh.points[nodes] for nodes in chained]
    if surface:
        _check_filled(surface, mesh.points, curves)
    named = _named(chained, pieces, mesh, walls) if walls else None
    return sort_out(curves, named, bounded=bool(surface))


def sort_out(curves: Sequence[Curve], named: Sequence[bool] | None, bounded: bool) -> tuple[list[Curve], Curve | None]:
    """Tells walls from the outer boundary: the one curve around all the others.

    Args:
        curves: closed loops.
        named: which of them are walls; None for all but the outer one.
        bounded: whether there must be an outer boundary, as around cells.
    """
    checked = [polygons.checked(f"curve {number}", curve) for number, curve in enumerate(curves)]
    if len(curves) == 1 and not bounded:
        return [curves[0]], None
    boundary = _around_all(checked)
    if bounded and boundary is None:
        raise GeometryError("mesh", "one connected domain", f"{len(curves)} loops, none around all the others")
    inner = [number for number in range(len(curves)) if number != boundary]
    if named is None:
        chosen = inner
    else:
        chosen = [number for number, is_wall in enumerate(named) if is_wall]
        if bounded and (rest := sorted(set(inner) - set(chosen))):
            where = place(polygons.box([curves[rest[0]]]).mean(axis=0))
            raise GeometryError("walls", "every inner loop among the named patches", f"an unnamed one about {where}")
    if not chosen:
        raise GeometryError("mesh", "walls: inner loops or named patches", "none")
    return [curves[number] for number in chosen], None if boundary is None else curves[boundary]


def _around_all(curves: list[Curve]) -> int | None:
    """The curve that goes around all the others, if one does."""
    import shapely

    origin = polygons.box(curves).mean(axis=0)
    shapes = [shapely.polygons(curve - origin) for curve in curves]
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


def _check_filled(surface: Sequence[topology.Cells], points: np.ndarray, curves: Sequence[Curve]) -> None:
    """Cells that overlap, or are folded over, have more area together than their outline encloses."""
    origin = polygons.box(curves).mean(axis=0)
    enclosed = sorted(abs(polygons.area(curve - origin)) for curve in curves)
    free = enclosed[-1] - sum(enclosed[:-1])
    filled = sum(float(abs(polygons.areas((points - origin)[topology.rings(block)])).sum()) for block in surface)
    # Several components leave less free than filled too; they are told apart where the loops are sorted.
    connected = len(curves) == 1 or _around_all([polygons.checked("boundary", curve) for curve in curves]) is not None
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
