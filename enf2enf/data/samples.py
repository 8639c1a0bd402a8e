"""Where a solver knows its fields: at the centres of the cells of a mesh, or on its walls."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.errors import DatasetError
from enf2enf.io.convert import flattened
from enf2enf.mesh import Mesh, topology
from enf2enf.schema import Quantity

Arrays = dict[str, np.ndarray]
"""`points`, and one array for every field."""


def fitted(label: str, field: Quantity, values: np.ndarray, count: int, dim: int) -> np.ndarray:
    """The values of a field at so many points; of vectors in a plane the components in it. Refuses all others."""
    values = flattened(values) if dim == 2 and field.kind == "vector" else values
    wanted = (count,) if field.is_single else (count, field.width(dim))
    if values.dtype.kind not in "fiu" or values.shape != wanted:
        leaves = values.shape == (count, 3) and wanted == (count, 2)
        got = "vectors that leave the plane" if leaves else f"{values.dtype} of shape {values.shape}"
        raise DatasetError(label, f"a {field.kind} at every point, shape {wanted}", got)
    if len(bad := np.flatnonzero(~np.isfinite(values.reshape(count, -1)).all(axis=1))):
        raise DatasetError(label, "finite numbers", f"{values[bad[0]]} at point {bad[0]}")
    return values


def damaged(mesh: Mesh, field: str) -> str:
    """Which file of a field could not be read, in words; none where there is no such."""
    files = [warning.partition(":")[0] for warning in mesh.warnings]
    return next((f"{file}, which is damaged" for file in files if file.rpartition("/")[2] == field), "")


def at_cells(case: str, mesh: Mesh, fields: Sequence[Quantity]) -> Arrays:
    """The fields at the centres of the cells that fill the plane."""
    centres, rows, start = [], [], 0
    for block in mesh.cells:
        if topology.is_surface(block.kind):
            centres.append(_centroids(mesh.points[topology.rings(block)]))
            rows.append(start + np.arange(len(block.nodes)))
        start += len(block.nodes)
    if not centres:
        raise DatasetError(f"case {case!r}", "cells that fill the plane, at whose centres the fields are", "none")
    return _sampled(case, mesh, fields, np.concatenate(centres), np.concatenate(rows))


def on_walls(case: str, mesh: Mesh, fields: Sequence[Quantity], walls: Sequence[str]) -> Arrays:
    """The fields at the middles of the sides of walls, by cell, or by node at their nodes.

    Args:
        case: its name.
        mesh: with line cells along the walls, whose values are those at the middles.
        fields: that are defined on walls.
        walls: patches.

    Raises:
        DatasetError: no such patch, or no values there.
    """
    if missing := [wall for wall in walls if wall not in mesh.patches]:
        raise DatasetError(f"case {case!r}", f"walls among {sorted(mesh.patches)}", repr(missing[0]))
    sides = np.concatenate([mesh.patches[wall] for wall in walls])
    if all(field.name in mesh.point_data for field in fields):
        nodes = np.unique(sides)
        values = {field.name: mesh.point_data[field.name][nodes] for field in fields}
        return _fitted(case, mesh.points[nodes], fields, values)
    lines, rows, start = [np.zeros((0, 2), int)], [np.zeros(0, int)], 0
    for block in mesh.cells:
        if topology.is_curve(block.kind):
            lines.append(block.nodes[:, :2])
            rows.append(start + np.arange(len(block.nodes)))
        start += len(block.nodes)
    ends, numbers = np.concatenate(lines), np.concatenate(rows)
    first, _ = topology.once(ends)  # a side that is in several patches may come several times
    here = first[np.isin(topology.keys(ends[first], len(mesh.points)), topology.keys(sides, len(mesh.points)))]
    return _sampled(case, mesh, fields, mesh.points[ends[here]].mean(axis=1), numbers[here])


def _sampled(case: str, mesh: Mesh, fields: Sequence[Quantity], points: np.ndarray, rows: np.ndarray) -> Arrays:
    """The values of cells of these numbers."""
    if missing := [field.name for field in fields if field.name not in mesh.cell_data or not len(rows)]:
        known = sorted(mesh.cell_data) if len(rows) else "no cells there"
        got = damaged(mesh, missing[0]) or f"only {known}"
        raise DatasetError(f"case {case!r}", f"values of {missing[0]!r} by cell", got)
    return _fitted(case, points, fields, {field.name: mesh.cell_data[field.name][rows] for field in fields})


def _fitted(case: str, points: np.ndarray, fields: Sequence[Quantity], values: Arrays) -> Arrays:
    label = f"case {case!r}"
    return {"points": points} | {q.name: fitted(f"{label}, {q.name}", q, values[q.name], *points.shape) for q in fields}


def _centroids(rings: Float[np.ndarray, "cells corners 2"]) -> Float[np.ndarray, "cells 2"]:
    """Of polygons, by area; of one without any, the mean of its corners."""
    origin = rings.mean(axis=1, keepdims=True)
    here, ahead = rings - origin, np.roll(rings, -1, axis=1) - origin
    twice = here[..., 0] * ahead[..., 1] - here[..., 1] * ahead[..., 0]
    whole = twice.sum(axis=1)
    moment = ((here + ahead) * twice[..., None]).sum(axis=1) / 3
    return origin[:, 0] + moment / np.where(whole == 0, np.inf, whole)[:, None]
