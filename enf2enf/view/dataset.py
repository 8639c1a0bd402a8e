"""One picture of a data set: its shapes, and how the numbers of each quantity are spread."""

import os
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from enf2enf.data.review import Review
from enf2enf.errors import QueryError
from enf2enf.files import replacing
from enf2enf.view.picture import check_picture, rendered

_INK, _ODD = "#1f2933", "#c0392b"


def dataset_picture(path: str | os.PathLike[str], review: Review) -> None:
    """Draw into a PNG the walls of all cases over each other, red for cases with findings, and the ranges.

    Args:
        path: the picture; its folder exists.
        review: of the data set.

    Raises:
        QueryError: another kind of picture, or one that cannot be written.
    """
    check_picture(path)
    figure = Figure(figsize=(11.0, 5.0), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    shapes, ranges = figure.subplots(1, 2)
    odd = {case for finding in review.findings for case in finding.cases}
    for names, colour, alpha in ((review.shapes.keys() - odd, _INK, 0.25), (review.shapes.keys() & odd, _ODD, 0.9)):
        walls = [np.concatenate([w, w[:1]]) for name in sorted(names) for w in review.shapes[name].walls]
        shapes.add_collection(LineCollection(walls, colors=colour, linewidths=0.6, alpha=alpha))
    shapes.autoscale()
    shapes.set(aspect="equal", title=f"walls of {len(review.shapes)} cases, in red where something was said")
    shapes.set_xlabel("x [m]", color=_INK)
    shapes.set_ylabel("y [m]", color=_INK)
    for number, one in enumerate(review.ranges):
        span = one.high - one.low
        middle = (one.middle - one.low) / span if span > 0 else 0.5
        ranges.plot([0, 1], [number, number], color="#9aa5b1", linewidth=2)
        ranges.plot([middle], [number], "o", color="#2a6f97")
        for place, value, side in ((0, one.low, "right"), (1, one.high, "left")):
            ranges.text(place + (0.03 if side == "left" else -0.03), number, f"{value:.4g}", ha=side, va="center")
    names = [f"{r.quantity.name} [{r.quantity.unit}]" if r.quantity.unit else r.quantity.name for r in review.ranges]
    ranges.set_yticks(range(len(names)), names)
    ranges.set(xlim=(-0.5, 1.5), xticks=[], title="smallest, largest, median of means")
    ranges.invert_yaxis()
    ranges.spines[:].set_visible(False)
    drawn = rendered(figure, Path(path).suffix)
    with replacing(path, QueryError) as partial:
        partial.write_bytes(drawn)
