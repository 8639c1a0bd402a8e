"""The mesh itself: nodes, cells, named patches and nodal fields; validated when it is made."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import MeshError
from enf2enf.mesh.source import Source
from enf2enf.mesh.units import metres


@dataclasses.dataclass(frozen=True)
class CellBlock:
    """Cells of one kind.

    Args:
        kind: meshio's name of the kind, e.g. `triangle`, `quad`, `triangle6`, `line`.
        nodes: node indices of every cell, in meshio's (VTK's) local order.
    """

    kind: str
    nodes: Int[np.ndarray, "cells corners"]


@dataclasses.dataclass(frozen=True, repr=False)
class Mesh:
    """An unstructured mesh, in metres.

    Args:
        points: node coordinates. A mesh that is flat in z has two columns (a reader drops a constant z).
        cells: blocks of cells; lower-dimensional blocks (lines of a plane mesh) may be among them.
        patches: name -> boundary facets as rows of corner-node indices (2-D: edges, two nodes a row).
        point_data: name -> nodal values, `(points,)` or `(points, components)`.
        warnings: sentences about parts of its file that were left out or deserve a second look.
        cell_data: name -> values by cell, `(cells,)` or `(cells, components)`, block after block; NaN for none.
        source: the file that it was read from, unchanged; None if there is none.
        unit: length unit of its file, from which `points` were scaled to metres.
        unheld: ends of sentences about contents of its file that conversion to another format loses.

    Raises:
        MeshError: no nodes or cells, coordinates that are not finite, an index out of range, nodal data of
            another length.
    """

    points: Float[np.ndarray, "points dim"]
    cells: tuple[CellBlock, ...]
    patches: Mapping[str, Int[np.ndarray, "facets corners"]] = dataclasses.field(default_factory=dict)
    point_data: Mapping[str, Float[np.ndarray, "points ..."]] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    cell_data: Mapping[str, Float[np.ndarray, "cells ..."]] = dataclasses.field(default_factory=dict)
    source: Source | None = None
    unit: str = "m"
    unheld: tuple[str, ...] = ()

    def __post_init__(self):
        if self.points.ndim != 2 or self.points.shape[1] not in (2, 3) or len(self.points) == 0:
            raise MeshError("points", "an array (points, 2 or 3) of at least one node", str(self.points.shape))
        if len(bad := np.flatnonzero(~np.isfinite(self.points).all(axis=1))):
            raise MeshError("points", "finite coordinates", f"{self.points[bad[0]].tolist()} at node {bad[0]}")
        if not sum(block.nodes.size for block in self.cells):  # damaged files have cells of no nodes
            raise MeshError("cells", "at least one cell", "none")
        indexed = [(f"cells of kind {b.kind}", b.nodes) for b in self.cells]
        for name, nodes in indexed + [(f"patch {name!r}", facets) for name, facets in self.patches.items()]:
            self._check_indices(name, nodes)
        _check_real("points", self.points)
        _check_data("point", self.point_data, len(self.points), "node")
        _check_data("cell", self.cell_data, self.cell_count, "cell")

    def __repr__(self) -> str:
        kinds = ", ".join(f"{len(block.nodes)} {block.kind}" for block in self.cells)
        return (
            f"Mesh({len(self.points)} nodes, {kinds}, patches {sorted(self.patches)}, data {sorted(self.point_data)})"
        )

    def _check_indices(self, name: str, nodes: np.ndarray) -> None:
        if nodes.ndim != 2:
            raise MeshError(name, "one row of node indices per cell", f"an array of shape {nodes.shape}")
        if nodes.size and (nodes.min() < 0 or nodes.max() >= len(self.points)):
            culprit = nodes.min() if nodes.min() < 0 else nodes.max()
            raise MeshError(name, f"node indices from 0 to {len(self.points) - 1}", str(culprit))

    @property
    def dim(self) -> int:
        """Number of space dimensions."""
        return self.points.shape[1]

    @property
    def cell_count(self) -> int:
        """Number of cells over all blocks."""
        return sum(len(block.nodes) for block in self.cells)

    def with_point_data(self, values: Mapping[str, np.ndarray]) -> "Mesh":
        """The same mesh with these nodal values added (or replaced)."""
        return dataclasses.replace(self, point_data={**self.point_data, **values})

    def scaled(self, unit: str) -> "Mesh":
        """The same mesh in metres, where its coordinates were given in `unit`; nodal values stay as they are.

        Raises:
            MeshError: an unknown unit.
        """
        return dataclasses.replace(self, points=self.points * metres(unit), unit=unit)

    def in_own_unit(self) -> "Mesh":
        """The inverse of `scaled`, but for rounding."""
        return self if self.unit == "m" else dataclasses.replace(self, points=self.points / metres(self.unit), unit="m")


def _check_data(kind: str, data: Mapping[str, np.ndarray], count: int, place: str) -> None:
    for name, values in data.items():
        if len(values) != count:
            raise MeshError(f"{kind} data {name!r}", f"{count} rows, one per {place}", str(len(values)))
        _check_real(f"{kind} data {name!r}", values)


def _check_real(name: str, values: np.ndarray) -> None:
    if np.iscomplexobj(values):
        raise MeshError(name, "real numbers", "complex ones")
