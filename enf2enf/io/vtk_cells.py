"""VTK's cells: a type and an end for each, and the nodes of all in one row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

_STRIP, _POLYLINE, _POLYVERTEX, _POLYGON = 6, 4, 2, 7
_REORDERED = {
    8: ("quad", [0, 1, 3, 2]),
    11: ("hexahedron", [0, 1, 3, 2, 4, 5, 7, 6]),
    13: ("wedge", [0, 2, 1, 3, 5, 4]),
}
_LEAST = {_STRIP: 3, _POLYLINE: 2, _POLYVERTEX: 1, _POLYGON: 3}  # nodes
_NAMES = {_STRIP: "triangle strip", _POLYLINE: "polyline", _POLYVERTEX: "polyvertex", 8: "pixel", 11: "voxel"}
_EMPTY, _POLYHEDRON = 0, 42
_NOT_THERE = 1 | 8 | 32  # ghosts: another file's, cut into finer ones, hidden


def mesh_of(
    points: np.ndarray,
    cells: Sequence[np.ndarray],
    point_data: Mapping[str, np.ndarray],
    cell_data: Mapping[str, np.ndarray],
    field_names: Sequence[str] = (),
) -> Any:
    """A `meshio.Mesh` of VTK's arrays: strips as triangles, polylines as lines, pixels as quads, hidden cells left out.

    Args:
        points: coordinates.
        cells: (types, ends, connectivity): of every cell its type and where its nodes end in `connectivity`.
        point_data: of every point.
        cell_data: of every cell.
        field_names: of the data of the whole.

    Raises:
        ValueError: ends that do not fit the types, types that hold what is not understood, data of another length.
    """
    import meshio

    types, ends, connectivity = cells
    _check_lengths(point_data, len(points), "points")
    _check_lengths(cell_data, len(types), "cells")
    sizes = _sizes(types, ends, len(connectivity))
    chosen, remarks = _there(cell_data.get("vtkGhostType"), len(types))
    blocks = _blocks(types, ends, sizes, connectivity, chosen)
    raw: Any = meshio.Mesh(
        points,
        [(kind, nodes) for kind, nodes, _ in blocks],
        point_data=dict(point_data),
        cell_data={name: [values[rows] for *_, rows in blocks] for name, values in cell_data.items()},
    )
    raw.info, raw.unheld = remarks, {"field data": list(field_names)}
    return raw


def _check_lengths(data: Mapping[str, np.ndarray], count: int, what: str) -> None:
    if bad := [name for name, values in data.items() if len(values) != count]:
        raise ValueError(f"{len(data[bad[0]])} values of {bad[0]!r} at {count} {what}")


def _there(ghosts: np.ndarray | None, count: int) -> tuple[Int[np.ndarray, " cells"], list[str]]:
    if ghosts is None or ghosts.ndim != 1 or ghosts.dtype.kind not in "iu":
        return np.arange(count), []
    there = np.flatnonzero((ghosts.astype(np.int64) & _NOT_THERE) == 0)
    left = count - len(there)
    return there, [f"cells: expected all to be there, got {left} that vtkGhostType hides, left out"] * bool(left)


def _sizes(types: np.ndarray, ends: np.ndarray, count: int) -> Int[np.ndarray, " cells"]:
    """How many nodes every cell has."""
    from meshio._common import num_nodes_per_cell

    if len(ends) != len(types):
        raise ValueError(f"{len(ends)} offsets of {len(types)} cells")
    sizes = np.diff(ends, prepend=0)
    if len(bad := np.flatnonzero((sizes < (types != _EMPTY)) | (ends > count))):
        before = ends[bad[0] - 1] if bad[0] else 0
        raise ValueError(f"offset {ends[bad[0]]} of cell {bad[0]} after {before}, of {count} numbers in all")
    if len(ends) and ends[-1] != count:
        raise ValueError(f"offset {ends[-1]} of the last cell, of {count} numbers in all")
    for kind in np.unique(types).tolist():
        name, least = _kind(kind), _LEAST.get(kind)
        fits = sizes == num_nodes_per_cell.get(name, sizes) if least is None else sizes >= least
        if len(bad := np.flatnonzero((types == kind) & ~fits)):
            raise ValueError(f"{sizes[bad[0]]} nodes of cell {bad[0]}, a {_NAMES.get(kind, name)}")
    return sizes


def _kind(number: int) -> str:
    """What meshio calls the cells that those of a type become."""
    from meshio._vtk_common import vtk_to_meshio_type

    if number == _POLYHEDRON:
        raise ValueError("polyhedra, where cells of a plane mesh were expected")
    parts = {_STRIP: "triangle", _POLYLINE: "line", _POLYVERTEX: "vertex"}
    name = parts.get(number) or (_REORDERED[number][0] if number in _REORDERED else vtk_to_meshio_type.get(number))
    if name is None:
        raise ValueError(f"cells of the unknown type {number}")
    return name


def _blocks(types, ends, sizes, connectivity, chosen) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(kind, nodes, cells) of every type and size: of every row also the cell that it is of."""
    keys = types[chosen].astype(np.int64) * (int(sizes.max(initial=0)) + 1) + sizes[chosen]
    order = np.argsort(keys, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
    found = []
    for run in sorted((run for run in runs if len(run)), key=lambda run: run[0]):
        cells = chosen[run]
        kind, size = int(types[cells[0]]), int(sizes[cells[0]])
        if kind == _EMPTY:
            continue
        nodes = connectivity[(ends[cells] - size)[:, None] + np.arange(size)]
        parts = _parts(kind, size)
        found.append((_kind(kind), nodes[:, parts].reshape(-1, parts.shape[1]), np.repeat(cells, len(parts))))
    return found


def _parts(kind: int, size: int) -> Int[np.ndarray, "parts corners"]:
    """Which nodes of a cell make the cells that stand for it."""
    if kind == _STRIP:
        corners = np.arange(size - 2)[:, None] + np.arange(3)
        corners[1::2] = corners[1::2, [1, 0, 2]]  # every other one is turned over
        return corners
    if kind == _POLYLINE:
        return np.arange(size - 1)[:, None] + np.arange(2)
    if kind == _POLYVERTEX:
        return np.arange(size)[:, None]
    return np.array([_REORDERED[kind][1] if kind in _REORDERED else range(size)])
