"""One picture of flows around sections: speeds and surface pressures, predicted and true."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from enf2enf.field import Field
from enf2enf.geometry.plane.polygon import Loop

_INK, _MODEL, _BODY = "#1f2933", "#e07a1f", "#e9ecef"
_WINDOW = ((-0.35, -0.55), (1.65, 0.55))  # chords
_FASTEST = 1.8  # upper end of the colour scale


@dataclasses.dataclass(frozen=True)
class FlowRow:
    """A flow, of a section of chord 1.

    Args:
        title: what it is.
        section: its vertices.
        points: around it.
        true_speed, speed: there, over that of the inflow.
        true_pressure, pressure: `C_p`, at points of the wall.
    """

    title: str
    section: Loop
    points: Float[np.ndarray, "points 2"]
    true_speed: Float[np.ndarray, " points"]
    speed: Float[np.ndarray, " points"]
    true_pressure: Field
    pressure: Field


def flows_report(path: str | os.PathLike, rows: Sequence[FlowRow]) -> None:
    """Draw a row of panels a flow, speed by the solver, predicted, and the pressure on the wall, into a PNG.

    Args:
        path: the picture; its folder exists.
        rows: the flows.
    """
    figure = Figure(figsize=(13.0, 2.75 * len(rows) + 0.8), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(rows), 3, squeeze=False, width_ratios=(1.3, 1.3, 1))
    for number, (row, (solver, model, wall)) in enumerate(zip(rows, grid, strict=True)):
        last, mesh = number == len(rows) - 1, _around(row)
        for axis, speed, who in ((solver, row.true_speed, "solver"), (model, row.speed, "prediction")):
            drawn = axis.tripcolor(mesh, speed, shading="gouraud", cmap="RdBu_r", norm=TwoSlopeNorm(1, 0, _FASTEST))
            axis.set_title(f"{row.title}: {who}", color=_INK, fontsize=11)
            _outline(axis, row.section, last)
        _pressures(wall, row, last)
    bar = figure.colorbar(drawn, ax=grid[:, :2], location="bottom", extend="max", shrink=0.5, aspect=40, pad=0.03)
    bar.set_label("speed / inflow", color=_INK)
    bar.outline.set_visible(False)
    figure.savefig(Path(path), metadata={"Software": None})


def _around(row: FlowRow) -> Triangulation:
    """The points, joined everywhere but across the section."""
    mesh = Triangulation(*row.points.T)
    middles = row.points[mesh.triangles].mean(axis=1)
    mesh.set_mask(shapely.contains_xy(shapely.Polygon(row.section), *middles.T))
    return mesh


def _outline(axis: Axes, section: Loop, last: bool) -> None:
    axis.fill(*section.T, color=_BODY)
    axis.plot(*np.concatenate([section, section[:1]]).T, color=_INK, linewidth=0.8)
    (left, low), (right, high) = _WINDOW
    axis.set(xlim=(left, right), ylim=(low, high), aspect="equal", ylabel="y / c", xlabel="x / c" if last else "")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, colors=_INK, labelsize=9)


def _pressures(axis: Axes, row: FlowRow, last: bool) -> None:
    """Suction upwards, as is the custom."""
    ring = np.concatenate([np.arange(len(row.pressure.points)), [0]])
    axis.plot(row.pressure.points[ring, 0], row.pressure["C_p"][ring], color=_MODEL, linewidth=1.6, label="prediction")
    axis.plot(row.true_pressure.points[:, 0], row.true_pressure["C_p"], ".", color=_INK, markersize=4, label="solver")
    axis.invert_yaxis()
    axis.set(ylabel="surface pressure $C_p$", xlabel="x / c" if last else "")
    axis.legend(frameon=False)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(length=0, colors=_INK, labelsize=9)
