"""The cells of VTK's newer formats, each of which ends where its offset says."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

_UNREAD = {6: "triangle strips, which are not read"}


@contextlib.contextmanager
def in_order(reader: Any) -> Iterator[None]:
    """Makes one of meshio's readers refuse offsets that do not fit the cells. For one thread at a time.

    meshio counts back from every offset as many nodes as a cell of its kind has, whatever offset came before, and
    takes negative places from the end of the array.

    Args:
        reader: the module that calls `vtk_cells_from_data`.

    Raises:
        ValueError: from within the reader.
    """
    cells_from = reader.vtk_cells_from_data

    def checked(connectivity, offsets, types, cell_data):
        _check(len(connectivity), offsets.astype(np.int64), types)
        return cells_from(connectivity, offsets, types, cell_data)

    reader.vtk_cells_from_data = checked
    try:
        yield
    finally:
        reader.vtk_cells_from_data = cells_from


def _check(count: int, offsets: np.ndarray, types: np.ndarray) -> None:
    from meshio._common import num_nodes_per_cell
    from meshio._vtk_common import vtk_to_meshio_type

    if len(offsets) != len(types):
        raise ValueError(f"{len(offsets)} offsets of {len(types)} cells")
    nodes = np.diff(offsets, prepend=0)
    if len(bad := np.flatnonzero((nodes <= 0) | (offsets > count))):
        before = offsets[bad[0] - 1] if bad[0] else 0
        raise ValueError(f"offset {offsets[bad[0]]} of cell {bad[0]} after {before}, of {count} numbers in all")
    for kind in np.unique(types).tolist():
        if (name := vtk_to_meshio_type.get(kind)) is None:
            raise ValueError(_UNREAD.get(kind, f"cells of the unknown type {kind}"))
        wrong = (types == kind) & (nodes != num_nodes_per_cell.get(name, nodes))
        if len(bad := np.flatnonzero(wrong)):
            raise ValueError(f"{nodes[bad[0]]} nodes of cell {bad[0]}, a {name}")
