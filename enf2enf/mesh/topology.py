"""Boundary loops of plane meshes and of bare curves: which edges bound, chained in which order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.errors import GeometryError, place

# Nodes of a cell in order around it; of a quadratic one with the mid-side nodes, which carry its curvature.
_RINGS = {
    "triangle": slice(3),
    "quad": slice(4),
    "triangle6": (0, 3, 1, 4, 2, 5),
    "triangle7": (0, 3, 1, 4, 2, 5),
    "quad8": (0, 4, 1, 5, 2, 6, 3, 7),
    "quad9": (0, 4, 1, 5, 2, 6, 3, 7),
}
_LINES = {"line": (0, -1, 1), "line3": (0, 2, 1)}


@runtime_checkable
class Cells(Protocol):
    """A block of cells: meshio's name of the kind, and rows of node indices."""

    @property
    def kind(self) -> str:
        """Its name."""
        ...

    @property
    def nodes(self) -> np.ndarray:
        """One row of node indices a cell."""
        ...


@runtime_checkable
class PlaneMesh(Protocol):
    """What of a mesh bounds a domain."""

    @property
    def points(self) -> np.ndarray:
        """Coordinates of the nodes."""
        ...

    @property
    def cells(self) -> Sequence[Cells]:
        """Blocks of cells."""
        ...

    @property
    def patches(self) -> Mapping[str, np.ndarray]:
        """name -> boundary edges as rows of node indices."""
        ...


def is_surface(kind: str) -> bool:
    """Whether cells of this kind fill an area."""
    return kind in _RINGS or kind.startswith("polygon")


def is_curve(kind: str) -> bool:
    """Whether cells of this kind are pieces of a curve."""
    return kind in _LINES


def rings(block: Cells) -> Int[np.ndarray, "cells ring"]:
    """Node indices around every cell of a surface block, mid-side nodes included."""
    return block.nodes[:, _RINGS[block.kind]] if block.kind in _RINGS else block.nodes


def edges(block: Cells) -> Int[np.ndarray, "edges 3"]:
    """Edges of a surface block, or the pieces of a curve block: (first, middle, last), middle -1 for a straight one."""
    if block.kind in _LINES:
        first, middle, last = _LINES[block.kind]
        straight = np.full(len(block.nodes), -1)
        return np.stack(
            [block.nodes[:, first], straight if middle < 0 else block.nodes[:, middle], block.nodes[:, last]], 1
        )
    sides = _sides_at(block, np.arange(_corners(block).size))
    return sides[sides[:, 0] != sides[:, 2]]  # a quad collapsed to a triangle has an edge of no length


def boundary_edges(blocks: Iterable[Cells]) -> Int[np.ndarray, "edges 3"]:
    """Edges that belong to exactly one surface cell.

    Raises:
        GeometryError: an edge that three or more cells share.
    """
    surface = [block for block in blocks if is_surface(block.kind)]
    nodes = 1 + max((int(block.nodes.max(initial=0)) for block in surface), default=0)
    every = [_side_keys(block, nodes) for block in surface]  # in a third of the memory that edges take

    def sides(wanted: Int[np.ndarray, " keys"]) -> Int[np.ndarray, "edges 3"]:
        chosen = (np.flatnonzero(among(own, wanted)) for own in every)
        found = [_sides_at(block, numbers) for block, numbers in zip(surface, chosen, strict=True)]
        return np.concatenate([np.zeros((0, 3), dtype=int), *found])

    single, crowded = _counted(every)
    if len(crowded):
        shared = sides(crowded[:1])
        where = f"{len(shared)} cells at edge {shared[0, 0]}-{shared[0, 2]}"
        raise GeometryError("mesh", "edges of one or two cells", where)
    return sides(single)


def _side_keys(block: Cells, nodes: int) -> Int[np.ndarray, " sides"]:
    """The keys of all sides of the cells of a block, cell by cell; -1 for a side of no length."""
    corners = _corners(block).astype(np.int64, copy=False)
    ahead = np.roll(corners, -1, axis=1)
    found = np.minimum(corners, ahead)
    found *= nodes
    found += np.maximum(corners, ahead)
    found[corners == ahead] = -1
    return found.ravel()


def _counted(every: Sequence[Int[np.ndarray, " _"]]) -> tuple[Int[np.ndarray, " single"], Int[np.ndarray, " crowded"]]:
    """Of the keys of sides those that come once, and those that come more than twice, sorted."""
    ordered = np.concatenate([np.zeros(0, np.int64), *every])
    ordered.sort()
    ordered = ordered[np.searchsorted(ordered, 0) :]
    again = ordered[1:] == ordered[:-1]
    single = np.ones(len(ordered), bool)
    single[1:] &= ~again
    single[:-1] &= ~again
    return ordered[single], ordered[2:][again[1:] & again[:-1]]


def _corners(block: Cells) -> Int[np.ndarray, "cells corners"]:
    return rings(block)[:, :: 1 if _is_straight(block) else 2]


def _sides_at(block: Cells, numbers: Int[np.ndarray, " sides"]) -> Int[np.ndarray, "sides 3"]:
    """Sides of a surface block, as edges; they are numbered cell by cell."""
    corners = _corners(block)
    cell, side = np.divmod(numbers, corners.shape[1])
    middle = -1 if _is_straight(block) else rings(block)[:, 1::2][cell, side]
    found = np.empty((len(numbers), 3), corners.dtype)
    found[:, 0], found[:, 1], found[:, 2] = corners[cell, side], middle, corners[cell, (side + 1) % corners.shape[1]]
    return found


def _is_straight(block: Cells) -> bool:
    return block.kind in ("triangle", "quad") or block.kind.startswith("polygon")


def among(keys: Int[np.ndarray, " keys"], known: Int[np.ndarray, " known"]) -> Bool[np.ndarray, " keys"]:
    """Which keys are among `known`, which must be sorted."""
    return np.append(known, -1)[np.searchsorted(known, keys)] == keys if len(known) else np.zeros(len(keys), bool)


def once(ends: Int[np.ndarray, "edges 2"]) -> tuple[Int[np.ndarray, " different"], Int[np.ndarray, " different"]]:
    """First index and count of every distinct edge, in either direction; ordered by lower node, then the other."""
    _, first, count = np.unique(keys(ends, int(ends.max(initial=0)) + 1), return_index=True, return_counts=True)
    return first, count


def keys(ends: Int[np.ndarray, "edges 2"], nodes: int) -> Int[np.ndarray, " edges"]:
    """A number for every edge between some of so many nodes, the same in both directions."""
    low, high = np.minimum(ends[:, 0], ends[:, 1]), np.maximum(ends[:, 0], ends[:, 1])
    return low.astype(np.int64) * nodes + high


def chain(pieces: Int[np.ndarray, "edges 3"], points: Float[np.ndarray, "points dim"]) -> list[np.ndarray]:
    """Chains edges, in whatever order and direction, into closed loops of node indices, not repeated at the end.

    Raises:
        GeometryError: an end left open, or a node where loops touch.
    """
    nodes, ends = np.unique(pieces[:, ::2].ravel(), return_inverse=True)
    _check_closed(nodes, ends, points)
    ways = np.argsort(ends, kind="stable")  # the two ends of pieces at every node, in the order of the pieces
    ahead, middle = ends[ways ^ 1], np.repeat(pieces[:, 1], 2)[ways]
    seen = bytearray(len(nodes))
    loops = [_loop(start, ahead.data, seen) for start in range(len(nodes)) if not seen[start]]
    return [_with_middles(nodes[ends[ways[loop]]], middle[loop]) for loop in loops]


def _check_closed(nodes: np.ndarray, ends: np.ndarray, points: np.ndarray) -> None:
    ways = np.bincount(ends)
    if len(bad := np.flatnonzero(ways[ends] != 2)):
        node, count = nodes[ends[bad[0]]], ways[ends[bad[0]]]
        what = "an unclosed curve that ends" if count == 1 else f"curves that touch, {count} edges"
        where = f"at node {node}, {place(points[node])}"
        raise GeometryError("boundary", "closed loops, two edges at every node", f"{what} {where}")


def _loop(start: int, ahead: memoryview, seen: bytearray) -> list[int]:
    """The ways taken around the loop of a node; node k has the ways 2 k (taken unless it leads back) and 2 k + 1.

    Args:
        start: the node.
        ahead: for every way, the node that it leads to.
        seen: for every node, whether it is in a loop already; updated.
    """
    taken, node, previous = [], start, -1
    while not seen[node]:
        seen[node] = True
        way = 2 * node + (ahead[2 * node] == previous)
        taken.append(way)
        previous, node = node, ahead[way]
    return taken


def _with_middles(corners: Int[np.ndarray, " corners"], middles: Int[np.ndarray, " corners"]) -> np.ndarray:
    """The nodes around a loop: after each corner the node between it and the next, where there is one."""
    around = np.stack([corners, middles], axis=1).ravel()
    return around[around >= 0]
