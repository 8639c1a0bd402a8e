"""One picture of one prediction: truth, prediction, error, and where the model keeps what it knows of the shape."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.polygon import area
from enf2enf.metrics import relative_l2

_INK, _CLOUDS = "#1f2933", ("#2a6f97", "#e07a1f", "#7b2d8b")
_TOP = 99.8  # percentile that the colours end at: one node in a corner must not fade all the others


def prediction_report(
    path: str | os.PathLike,
    *,
    points: Float[np.ndarray, "points 2"],
    triangles: Int[np.ndarray, "triangles 3"],
    truth: Float[np.ndarray, " points"],
    prediction: Float[np.ndarray, " points"],
    geometry: Geometry,
    poses: Sequence[Float[np.ndarray, "_ 2"]],
    name: str,
    unit: str,
    title: str,
) -> float:
    """Draw truth, prediction, their absolute difference, and the latents over the geometry, into a PNG.

    Args:
        path: the picture; its folder exists.
        points, triangles: the mesh, in metres.
        truth, prediction: a scalar at the points. Points where the prediction is NaN are left white.
        geometry: whose walls are outlined.
        poses: positions of the latents in metres, one array a cloud.
        name, unit: of the scalar, for the colour bars.
        title: above it all; the relative L2 error is added.

    Returns:
        The relative L2 error over the points that have a prediction.
    """
    inside = np.isfinite(prediction)
    error = float(relative_l2(prediction[inside], truth[inside]))
    mesh = Triangulation(points[:, 0], points[:, 1], triangles, mask=~inside[triangles].all(axis=1))
    figure = Figure(figsize=(10.4, 9.0), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    figure.suptitle(f"{title}\nrelative L2 error {100 * error:.2f} %", color=_INK, fontsize=14)
    axes = figure.subplots(2, 2).ravel()
    low, high = float(np.min(truth)), float(np.percentile(truth, _TOP))
    label = f"{name} [{unit}]" if unit else name
    for axis, values, heading in zip(axes, (truth, prediction), ("truth (solver)", "prediction"), strict=False):
        _paint(axis, mesh, np.where(inside, values, low), (low, high), "viridis", label)
        axis.set_title(heading, color=_INK)
    difference = np.where(inside, np.abs(prediction - truth), 0.0)
    _paint(axes[2], mesh, difference, (0.0, float(np.percentile(difference, _TOP))), "magma_r", f"|error| in {label}")
    axes[2].set_title("absolute error", color=_INK)
    _latents(axes[3], poses)
    for axis in axes:
        _outline(axis, geometry)
    figure.savefig(Path(path), metadata={"Software": None})
    return error


def _paint(axis: Axes, mesh: Triangulation, values: np.ndarray, ends: tuple[float, float], colours: str, label: str):
    low, high = ends
    painted = axis.tripcolor(
        mesh, values, shading="gouraud", cmap=colours, vmin=low, vmax=high if high > low else low + 1
    )
    beyond = {(True, True): "both", (True, False): "min", (False, True): "max"}
    bar = axis.figure.colorbar(
        painted, cax=axis.inset_axes((1.03, 0.06, 0.045, 0.88)),  # inset, so that all panels keep one size
        extend=beyond.get((values.min() < low, values.max() > high), "neither"),
    )  # fmt: skip
    bar.set_label(label, color=_INK)
    bar.outline.set_visible(False)


def _latents(axis: Axes, poses: Sequence[np.ndarray]) -> None:
    for number, (cloud, colour) in enumerate(zip(poses, _CLOUDS, strict=False), start=1):
        axis.scatter(
            *cloud.T, s=34, color=colour, edgecolors="white", linewidths=0.7, zorder=3,
            label=f"cloud {number}: {len(cloud)} latents",
        )  # fmt: skip
    axis.set_title("latent poses", color=_INK)
    if poses:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=len(poses), frameon=False, fontsize=9)


def _outline(axis: Axes, geometry: Geometry) -> None:
    """The body in grey, its wall in ink: the same frame for every panel."""
    outer = [] if geometry.outer is None else [geometry.outer]
    for number, loop in enumerate([*geometry.walls, *outer]):
        closed = np.concatenate([loop, loop[:1]])
        if number < len(geometry.walls) and area(loop - loop[0]) > 0:
            axis.fill(*closed.T, color="#e9ecef", zorder=1)
        axis.plot(*closed.T, color=_INK, linewidth=1.0, zorder=2)
    low, high = geometry.reach
    margin = 0.03 * geometry.extent
    axis.set(xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin), aspect="equal")
    axis.set_xlabel("x [m]", color=_INK)
    axis.set_ylabel("y [m]", color=_INK)
    axis.locator_params(nbins=5)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, colors=_INK, labelsize=9)
