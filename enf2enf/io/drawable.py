"""Fields as data sets of pyvista."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.io.convert import to_meshio
from enf2enf.mesh import Mesh

if TYPE_CHECKING:
    import pyvista


def drawable(field: Field, at: np.ndarray | Grid | Mesh) -> "pyvista.DataSet":
    """An `UnstructuredGrid` of a mesh, an `ImageData` of a grid, a `PolyData` of points, with the fields as point data.

    Raises:
        QueryError: pyvista is not installed, or the mesh has another number of nodes than the field has points.
    """
    try:
        import pyvista
    except ModuleNotFoundError as error:
        raise QueryError("pyvista", "pip install 'enf2enf[scenes]'", "a machine without it") from error
    if isinstance(at, Mesh):
        if len(at.points) != len(field.points):
            raise QueryError("mesh", f"{len(field.points)} nodes, one for each value", str(len(at.points)))
        made = pyvista.from_meshio(to_meshio(dataclasses.replace(at, patches={}, point_data={}))[0])
    elif isinstance(at, Grid):
        shape, origin = _spatial(at.resolution, 1), _spatial(at.lower, 0.0)
        made = pyvista.ImageData(dimensions=shape, spacing=_spacing(at), origin=origin)
    else:
        made = pyvista.PolyData(np.ascontiguousarray(_padded(field.points)))
    for name, values in field.values.items():
        rows = _first_axis_fastest(values, at) if isinstance(at, Grid) else values
        made.point_data[name] = _padded(rows) if rows.ndim == 2 else rows
    return made


def _spatial(numbers, filling) -> tuple:
    return (*numbers, filling)[:3]


def _spacing(grid: Grid) -> tuple[float, ...]:
    steps = [(high - low) / (n - 1) if n > 1 else 1.0
             for low, high, n in zip(grid.lower, grid.upper, grid.resolution, strict=True)]  # fmt: skip
    return _spatial(steps, 1.0)


def _padded(vectors: np.ndarray) -> np.ndarray:
    return np.pad(vectors, ((0, 0), (0, 1))) if vectors.shape[1] == 2 else vectors


def _first_axis_fastest(values: np.ndarray, grid: Grid) -> np.ndarray:
    """VTK's order of the values of a grid, the reverse of ours."""
    axes = len(grid.resolution)
    blocks = values.reshape(*grid.resolution, *values.shape[1:])
    return blocks.transpose(*reversed(range(axes)), *range(axes, blocks.ndim)).reshape(values.shape)
