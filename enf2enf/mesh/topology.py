"""Boundary loops of plane meshes and of bare curves: which edges bound, chained in which order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import GeometryError, place

# Nodes of a cell in order around it; of a quadratic one with the mid-side nodes, which carry its curvature.
_RINGS = {
    "triangle": (0, 1, 2),
    "quad": (0, 1, 2, 3),
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
    ring = rings(block)
    if block.kind in ("triangle", "quad") or block.kind.startswith("polygon"):
        last = np.roll(ring, -1, axis=1)
        sides = np.stack([ring, np.full_like(ring, -1), last], axis=2)
    else:
        sides = np.stack([ring[:, ::2], ring[:, 1::2], np.roll(ring, -2, axis=1)[:, ::2]], axis=2)
    sides = sides.reshape(-1, 3)
    return sides[sides[:, 0] != sides[:, 2]]  # a quad collapsed to a triangle has an edge of no length


def boundary_edges(blocks: Iterable[Cells]) -> Int[np.ndarray, "edges 3"]:
    """Edges that belong to exactly one surface cell.

    Raises:
        GeometryError: an edge that three or more cells share.
    """
    sides = [edges(block) for block in blocks if is_surface(block.kind)]
    if not sides:
        return np.zeros((0, 3), dtype=int)
    every = np.concatenate(sides)
    _, first, count = np.unique(np.sort(every[:, ::2], axis=1), axis=0, return_index=True, return_counts=True)
    if len(crowded := np.flatnonzero(count > 2)):
        start, _, end = every[first[crowded[0]]]
        raise GeometryError("mesh", "edges of one or two cells", f"{count[crowded[0]]} cells at edge {start}-{end}")
    return every[np.sort(first[count == 1])]


def chain(pieces: Int[np.ndarray, "edges 3"], points: Float[np.ndarray, "points dim"]) -> list[np.ndarray]:
    """Chains edges, in whatever order and direction, into closed loops of node indices, not repeated at the end.

    Raises:
        GeometryError: an end left open, or a node where loops touch.
    """
    around: dict[int, list[tuple[int, int]]] = {}
    for first, middle, last in pieces.tolist():
        around.setdefault(first, []).append((middle, last))
        around.setdefault(last, []).append((middle, first))
    for node, ways in around.items():
        if len(ways) != 2:
            what = "an unclosed curve that ends" if len(ways) == 1 else f"curves that touch, {len(ways)} edges"
            where = f"at node {node}, {place(points[node])}"
            raise GeometryError("boundary", "closed loops, two edges at every node", f"{what} {where}")
    loops, left = [], set(around)
    while left:
        start = min(left)
        loop, node, previous = [], start, None
        while node in left:
            left.remove(node)
            loop.append(node)
            ahead = around[node][0] if around[node][0][1] != previous else around[node][1]
            middle, previous, node = ahead[0], node, ahead[1]
            if middle >= 0:
                loop.append(middle)
        loops.append(np.array(loop))
    return loops
