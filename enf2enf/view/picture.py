"""One picture of one answer, by matplotlib."""

import io
import os
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from enf2enf.errors import QueryError
from enf2enf.field import magnitude
from enf2enf.files import check_file, replacing
from enf2enf.grid import Grid
from enf2enf.line import Line
from enf2enf.mesh import Mesh, topology
from enf2enf.prediction import Prediction
from enf2enf.schema import Quantity
from enf2enf.slice import Slice

_INK = "#1f2933"
_KINDS = (".png", ".pdf", ".svg")


def check_picture(path: str | os.PathLike[str]) -> None:
    """Raises `QueryError` where pictures of this name are not made, or cannot be written."""
    if Path(path).suffix.lower() not in _KINDS:
        raise QueryError(str(path), f"a picture whose name ends in {', '.join(_KINDS)}", Path(path).suffix or "none")
    check_file(path, QueryError)


def picture(path: str | os.PathLike[str], prediction: Prediction, quantity: Quantity) -> None:
    """Draw a field into a PNG, PDF or SVG: in colours over a mesh, a grid or points; over the length of lines or walls.

    Args:
        path: the picture; its folder exists.
        prediction: in the plane.
        quantity: the field; of a vector or tensor the magnitude is drawn.

    Raises:
        QueryError: another kind of picture, one that cannot be written; points in space, or none.
    """
    check_picture(path)
    drawn = drawn_bytes(Path(path).suffix, prediction, quantity)
    with replacing(path, QueryError) as partial:
        partial.write_bytes(drawn)


def drawn_bytes(ending: str, prediction: Prediction, quantity: Quantity) -> bytes:
    """The picture as the bytes of a file whose name ends so. Raises `QueryError`: points in space, or none."""
    points, values = prediction.points, magnitude(prediction[quantity.name])
    if points.shape[1] != 2 or not len(points):
        raise QueryError("picture", "points of the plane, at least one", f"points of shape {points.shape}")
    figure = Figure(figsize=(8.0, 6.0), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    name = quantity.name if prediction[quantity.name].ndim == 1 else f"|{quantity.name}|"
    label = f"{name} [{quantity.unit}]" if quantity.unit else name
    if isinstance(prediction.at, Line | Slice) or prediction.sides is not None:
        _along(axis, prediction, values, label)
    else:
        _over(axis, prediction, values, label)
    return rendered(figure, ending)


def rendered(figure: Figure, ending: str) -> bytes:
    """A figure as the bytes of a file whose name ends so."""
    kind, file = ending.lower().removeprefix("."), io.BytesIO()
    figure.savefig(file, format=kind, metadata={"Software": None} if kind == "png" else None)
    return file.getvalue()


def _along(axis: Axes, prediction: Prediction, values: np.ndarray, label: str) -> None:
    """A curve for the line, or for each wall, over the length from its start."""
    sides = prediction.sides
    if sides is None:
        steps = np.linalg.norm(np.diff(prediction.points, axis=0), axis=1)
        axis.plot(np.concatenate([[0], np.cumsum(steps)]), values, color="#2a6f97")
        axis.set_xlabel("length along the line [m]", color=_INK)
    else:
        for number in np.unique(sides.walls):
            own = sides.walls == number
            length = np.cumsum(sides.lengths[own]) - sides.lengths[own] / 2
            axis.plot(length, values[own], label=f"wall {number}")
        axis.legend(frameon=False)
        axis.set_xlabel("length along the wall [m]", color=_INK)
    axis.set_ylabel(label, color=_INK)
    axis.spines[["top", "right"]].set_visible(False)


def _over(axis: Axes, prediction: Prediction, values: np.ndarray, label: str) -> None:
    """Colours over the mesh, the grid or the points."""
    points, at = prediction.points, prediction.at
    if isinstance(at, Grid) and min(at.resolution) > 1:
        x, y = (points[:, k].reshape(at.resolution) for k in range(2))
        drawn = axis.pcolormesh(x, y, values.reshape(at.resolution), shading="gouraud", cmap="viridis")
    elif isinstance(at, str) and len(triangles := _triangles(prediction.shape.mesh)):
        known = np.isfinite(values)
        mesh = Triangulation(points[:, 0], points[:, 1], triangles, mask=~known[triangles].all(axis=1))
        drawn = axis.tripcolor(mesh, np.where(known, values, np.nanmean(values)), shading="gouraud", cmap="viridis")
    else:
        drawn = axis.scatter(*points.T, c=values, s=6, cmap="viridis")
    axis.figure.colorbar(drawn, ax=axis).set_label(label, color=_INK)
    axis.set(aspect="equal")
    axis.set_xlabel("x [m]", color=_INK)
    axis.set_ylabel("y [m]", color=_INK)
    axis.spines[:].set_visible(False)


def _triangles(mesh: Mesh) -> np.ndarray:
    """The cells as fans of triangles around their first corner."""
    rings = [topology.rings(block) for block in mesh.cells if topology.is_surface(block.kind)]
    fans = [ring[:, [0, k, k + 1]] for ring in rings for k in range(1, ring.shape[1] - 1)]
    return np.concatenate([np.zeros((0, 3), np.int64), *fans])
