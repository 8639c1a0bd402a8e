"""Which nodes, faces and cells of a C-grid belong together, in OpenFOAM's order; the same for every section."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float, Int

from enf2enf.problems.aerofoil.cgrid import Size

Faces = Int[np.ndarray, "faces 4"]


@dataclasses.dataclass(frozen=True, eq=False)
class Patch:
    """Faces of the boundary.

    Args:
        name: as the fields know it.
        kind: of OpenFOAM's patches.
        owners: the cell that each face is of.
        faces: their points, whose normals are outward.
    """

    name: str
    kind: str
    owners: Int[np.ndarray, " faces"]
    faces: Faces


@dataclasses.dataclass(frozen=True, eq=False)
class Topology:
    """A slab of one cell: its points are the nodes of the plane, then the same again above them.

    Args:
        size: of the grid.
        first: for every point the row-major index of its grid node (of the first of two on the cut).
        cells: their corners, counter-clockwise; cell (row, layer) has the number row * layers + layer.
        faces: between two cells, in OpenFOAM's upper-triangular order.
        owners, neighbours: the cells that a face is between; its normal is from the first to the second.
        patches: of the boundary; the wall first, its faces in the order of the rows.
    """

    size: Size
    first: Int[np.ndarray, " points"]
    cells: Int[np.ndarray, "cells 4"]
    faces: Faces
    owners: Int[np.ndarray, " faces"]
    neighbours: Int[np.ndarray, " faces"]
    patches: tuple[Patch, ...]

    def points(self, nodes: Float[np.ndarray, "rows layers 2"]) -> Float[np.ndarray, "points 2"]:
        """The nodes of a grid, those on the cut behind the trailing edge once."""
        return nodes.reshape(-1, 2)[self.first]

    @property
    def on_wall(self) -> slice:
        """The cells on the wall, in the order of its faces."""
        size = self.size
        return slice(size.wake * size.layers, (size.around - size.wake) * size.layers, size.layers)

    def wall(self, nodes: Float[np.ndarray, "rows layers 2"]) -> Float[np.ndarray, "nodes 2"]:
        """Nodes of the wall, from the trailing edge around to it again."""
        return nodes[self.size.wake : self.size.around - self.size.wake + 1, 0]

    def measure(
        self, nodes: Float[np.ndarray, "rows layers 2"]
    ) -> tuple[Float[np.ndarray, "cells 2"], Float[np.ndarray, " cells"]]:
        """Centroids and areas of the cells; an area that is not above 0 is of a cell that is folded."""
        corners = self.points(nodes)[self.cells]
        own = corners - corners[:, :1]
        ahead = np.roll(own, -1, axis=1)
        cross = own[..., 0] * ahead[..., 1] - ahead[..., 0] * own[..., 1]
        area = 0.5 * cross.sum(axis=1)
        return corners[:, 0] + ((own + ahead) * cross[..., None]).sum(axis=1) / (6 * area[:, None]), area


@functools.lru_cache(maxsize=2)
def topology(size: Size) -> Topology:
    """The topology that all grids of this size share."""
    rows, layers, wake = size.around, size.layers, size.wake
    number, first = _numbered(size)
    row, layer = np.meshgrid(np.arange(rows), np.arange(layers), indexing="ij")
    cell, count = row * layers + layer, len(first)
    behind = np.arange(wake)
    inner = [
        (cell[:-1], cell[1:], number[1:-1, :-1], number[1:-1, 1:]),
        (cell[:, :-1], cell[:, 1:], number[1:, 1:-1], number[:-1, 1:-1]),
        (cell[behind, 0], cell[rows - 1 - behind, 0], number[behind, 0], number[behind + 1, 0]),  # across the cut
    ]
    owners, neighbours, start, end = (
        np.concatenate([part.ravel() for part in parts]) for parts in zip(*inner, strict=True)
    )
    order = np.lexsort((neighbours, owners))
    along = np.arange(wake, rows - wake)
    cells = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(-1, 4)
    far = [
        (cell[0], number[0, 1:], number[0, :-1]),
        (cell[:, -1], number[1:, -1], number[:-1, -1]),
        (cell[-1], number[-1, :-1], number[-1, 1:]),
    ]
    far_owners, far_start, far_end = (np.concatenate(parts) for parts in zip(*far, strict=True))
    both = np.tile(np.arange(rows * layers), 2)
    patches = (
        Patch("aerofoil", "wall", cell[along, 0], _upright(number[along, 0], number[along + 1, 0], count)),
        Patch("freestream", "patch", far_owners, _upright(far_start, far_end, count)),
        Patch("frontAndBack", "empty", both, np.concatenate([cells[:, ::-1], cells + count])),
    )
    faces = _upright(start, end, count)[order]
    return Topology(size, first, cells, faces, owners[order], neighbours[order], patches)


def _numbered(size: Size) -> tuple[Int[np.ndarray, "rows layers"], Int[np.ndarray, " points"]]:
    """For every grid node the index of its point; for every point the row-major index of its (first) grid node."""
    shape = (size.around + 1, size.layers + 1)
    node = np.arange(shape[0] * shape[1]).reshape(shape)
    node[-size.wake - 1 :, 0] = node[size.wake :: -1, 0]
    first, number = np.unique(node, return_inverse=True)
    return number.reshape(shape), first


def _upright(start: Int[np.ndarray, " faces"], end: Int[np.ndarray, " faces"], count: int) -> Faces:
    """Faces above sides of the plane; their normals are to the right of the way from `start` to `end`."""
    return np.stack([start, end, end + count, start + count], axis=-1)
