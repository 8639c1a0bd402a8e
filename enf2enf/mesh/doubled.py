"""Nodes that coincide though neighbouring cells should share one: told, and joined."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.errors import GeometryError, MeshError, place
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import CellBlock, Mesh

_NOTHING = 1e-12  # of the extent: an edge of no length


def check_shared(pieces: Int[np.ndarray, "edges 3"], points: Float[np.ndarray, "points 2"], share: float) -> None:
    """Refuses boundary edges that coincide: neighbouring cells there have duplicate nodes instead of shared ones.

    Args:
        pieces: (first, middle, last) of the edges that belong to one cell.
        points: the nodes.
        share: distance, as a share of the extent, at which nodes still coincide; at least 1e-9.

    Raises:
        GeometryError: there are some.
    """
    nodes, ends = np.unique(pieces[:, ::2], return_inverse=True)
    if not len(nodes):
        return
    local = points[nodes] - points[nodes].min(axis=0)
    x, y = np.round(local / (share * float(local.max()) or 1.0)).astype(np.int64).T
    _, same = np.unique(x * (int(y.max()) + 1) + y, return_inverse=True)
    found = same[ends.reshape(-1)].reshape(-1, 2)
    first, count = topology.once(found)
    twice = first[(count > 1) & (found[first, 0] != found[first, 1])]
    if len(twice):
        where = place(points[pieces[twice[0], 0]])
        raise GeometryError(
            "cells",
            "neighbours that share their nodes (reading with merge=TOLERANCE or predict --merge TOLERANCE joins them)",
            f"{len(twice)} edges that lie on others between different nodes, the first at {where}",
        )


def merged(mesh: Mesh, tolerance: float) -> Mesh:
    """The mesh with nodes at most `tolerance` apart joined into one, with the values of the first of them.

    Line cells and patch edges whose two ends become one node are left out.

    Args:
        mesh: the mesh.
        tolerance: in the unit of its coordinates.

    Raises:
        MeshError: no tolerance, or one that would join nodes along an edge of a cell.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    shortest = min(_lengths(mesh), default=np.inf)
    if not 0 < tolerance < shortest:
        raise MeshError("merge", f"a tolerance above 0 and below the shortest edge, {shortest:.6g}", f"{tolerance:.6g}")
    used = np.unique(np.concatenate([block.nodes.ravel() for block in mesh.cells]))
    pairs = used[KDTree(mesh.points[used]).query_pairs(tolerance, output_type="ndarray")]
    count = len(mesh.points)
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = connected_components(links, directed=False)
    _, first, rank = np.unique(group, return_index=True, return_inverse=True)
    kept = np.sort(first)
    place_of = np.searchsorted(kept, first[rank])  # of every node, the place of the first one of its group
    cells = [CellBlock(block.kind, place_of[block.nodes]) for block in mesh.cells]
    stays = [_differ(block.nodes[:, :2]) | (not topology.is_curve(block.kind)) for block in cells]
    patches = {name: place_of[facets] for name, facets in mesh.patches.items()}
    return dataclasses.replace(
        mesh,
        points=mesh.points[kept],
        cells=tuple(CellBlock(block.kind, block.nodes[own]) for block, own in zip(cells, stays, strict=True)),
        patches={name: facets[_differ(facets)] for name, facets in patches.items()},
        point_data={name: values[kept] for name, values in mesh.point_data.items()},
        cell_data={name: values[np.concatenate(stays)] for name, values in mesh.cell_data.items()},
    )


def _differ(nodes: Int[np.ndarray, "rows nodes"]) -> Bool[np.ndarray, " rows"]:
    """Which rows hold more than one node."""
    return (nodes != nodes[:, :1]).any(axis=1)


def _lengths(mesh: Mesh) -> Iterator[float]:
    """The shortest edge of every kind of cells; those of no length do not count."""
    nothing = _NOTHING * float(np.ptp(mesh.points, axis=0).max())
    for block in mesh.cells:
        if topology.is_surface(block.kind) or topology.is_curve(block.kind):
            ends = topology.edges(block)[:, ::2]
            lengths = np.linalg.norm(mesh.points[ends[:, 0]] - mesh.points[ends[:, 1]], axis=1)
            if (real := lengths > nothing).any():
                yield float(lengths[real].min())
