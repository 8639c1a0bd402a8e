"""Fields as data sets of pyvista."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.io.convert import spatial, to_meshio
from enf2enf.mesh import Mesh

if TYPE_CHECKING:
    import pyvista


def drawable(
    field: Field, at: Mesh | Grid | None = None, ends: Float[np.ndarray, "points 2 dim"] | None = None
) -> "pyvista.DataSet":
    """An `UnstructuredGrid` of a mesh, an `ImageData` of a grid, else a `PolyData` of points or of lines.

    The fields are its point data, those of lines its cell data.

    Args:
        field: values at points.
        at: the mesh whose nodes they are, or the grid; None for neither.
        ends: of the line that each point is the middle of; None where it is of none.

    Raises:
        QueryError: pyvista is not installed, or the mesh has another number of nodes than the field has points.
    """
    try:
        import pyvista
    except ModuleNotFoundError as error:
        raise QueryError("pyvista", "pip install 'enf2enf[scenes]'", "a machine without it") from error
    if not len(field.points):
        return pyvista.PolyData()
    if ends is not None:
        return _drawn_lines(field, ends)
    if isinstance(at, Mesh):
        if len(at.points) != len(field.points):
            raise QueryError("mesh", f"{len(field.points)} nodes, one for each value", str(len(at.points)))
        made = pyvista.from_meshio(to_meshio(dataclasses.replace(at, patches={}, point_data={}, cell_data={}))[0])
    elif isinstance(at, Grid):
        shape, origin = _in_space(at.resolution, 1), _in_space(at.lower, 0.0)
        made = pyvista.ImageData(dimensions=shape, spacing=_spacing(at), origin=origin)
    else:
        made = pyvista.PolyData(np.ascontiguousarray(spatial(field.points)))
    for name, values in field.values.items():
        made.point_data[name] = spatial(_first_axis_fastest(values, at) if isinstance(at, Grid) else values)
    return made


def _drawn_lines(field: Field, ends: Float[np.ndarray, "points 2 dim"]) -> "pyvista.PolyData":
    import pyvista

    lines = np.insert(np.arange(2 * len(ends)).reshape(-1, 2), 0, 2, axis=1)
    made = pyvista.PolyData(spatial(ends.reshape(-1, ends.shape[2])), lines=lines.ravel())
    for name, values in field.values.items():
        made.cell_data[name] = spatial(values)
    return made


def _in_space(numbers: Any, filling: float) -> tuple:
    return (*numbers, filling)[:3]


def _spacing(grid: Grid) -> tuple[float, ...]:
    steps = [(high - low) / (n - 1) if n > 1 else 1.0
             for low, high, n in zip(grid.lower, grid.upper, grid.resolution, strict=True)]  # fmt: skip
    return _in_space(steps, 1.0)


def _first_axis_fastest(values: np.ndarray, grid: Grid) -> np.ndarray:
    """VTK's order of the values of a grid, the reverse of ours."""
    axes = len(grid.resolution)
    blocks = values.reshape(*grid.resolution, *values.shape[1:])
    return blocks.transpose(*reversed(range(axes)), *range(axes, blocks.ndim)).reshape(values.shape)
