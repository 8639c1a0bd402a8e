"""How a training run went, from the `metrics.jsonl` in its folder."""

import json
import os
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from enf2enf.errors import DatasetError

_KEYS = ("stage", "step", "train", "validation", "seconds")


def learning_curve(log: str | os.PathLike, path: str | os.PathLike) -> None:
    """Draw the training and validation error against the step, one panel a stage, into a PNG.

    Args:
        log: `metrics.jsonl`, one table a line with stage, step, train, validation and seconds. Its last line may be
            cut off: it may be read while the run writes it.
        path: the picture; its folder exists.

    Raises:
        DatasetError: no such file, no whole line in it, or a line that is no such table.
    """
    rows = _rows(Path(log))
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    figure = Figure(figsize=(6.4 * len(stages), 4.4), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    for axis, stage in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages, strict=True):
        mine = [row for row in rows if row["stage"] == stage]
        steps = [row["step"] for row in mine]
        for part, colour in (("train", "#2a6f97"), ("validation", "#e07a1f")):
            axis.plot(steps, [row[part] for row in mine], ".-", color=colour, label=part)
        axis.set(xlabel="step", ylabel="relative L2 error", yscale="log")
        axis.set_title(f"{stage}: {mine[-1]['seconds'] / 60:.1f} min, best {min(r['validation'] for r in mine):.4f}")
        axis.grid(which="both", alpha=0.25)
        axis.legend(frameon=False)
    figure.savefig(Path(path), metadata={"Software": None})


def _rows(log: Path) -> list[dict[str, Any]]:
    try:
        text = log.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(str(log), "a readable log of a training run", type(error).__name__) from error
    whole, _, _ = text.rpartition("\n")
    lines = [_row(log, number, line) for number, line in enumerate(whole.splitlines(), start=1)]
    rows = [row for row in lines if "note" not in row]
    if not rows:
        raise DatasetError(str(log), "at least one line", "none")
    return rows


def _row(log: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"line {number} of {log}", "JSON", line[:80]) from error
    if not isinstance(row, dict) or not ("note" in row or set(_KEYS) <= row.keys()):
        raise DatasetError(f"line {number} of {log}", f"a table with {', '.join(_KEYS)}", line[:80])
    return row
