"""Who learns how much in the same wall-clock time? Validation error against minutes, into one picture.

    python -m benchmarks.curves --out out/curves.png

Reads the logs of the runs of `benchmarks.accuracy` on `elasticity`, each on one CPU core.
"""

import argparse
import json
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Curve = list[tuple[float, float]]
RUNS = {"enf2enf, `fast`": "runs/elasticity", "enf2enf, `paper`": "runs/elasticity-paper"}
COLOURS = ("#2a6f97", "#8a8a8a", "#e07a1f")


def curves() -> dict[str, Curve]:
    """System -> (minutes, validation error), of the runs that are there."""
    found = {}
    for name, folder in RUNS.items():
        log = Path(folder) / "metrics.jsonl"
        if log.exists():
            rows = [json.loads(line) for line in log.read_text().splitlines()]
            found[name] = [(row["seconds"] / 60, row["validation"]) for row in rows if row["stage"] != "shape"]
    log = Path("runs/transolver/curve.json")
    if log.exists():
        found["Transolver"] = [(seconds / 60, error) for seconds, error in json.loads(log.read_text())["curve"]]
    return found


def draw(found: dict[str, Curve], path: Path) -> None:
    """The picture, as PNG."""
    figure = Figure(figsize=(7, 4.4), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for (name, curve), colour in zip(found.items(), COLOURS, strict=False):
        minutes, errors = zip(*curve, strict=True)
        axis.plot(minutes, errors, ".-", color=colour, label=f"{name}: {errors[-1]:.4f}")
    axis.set(xlabel="minutes of training on one CPU core", ylabel="relative L2, validation split", yscale="log")
    axis.set_title("elasticity: 950 cells under one load")
    axis.grid(which="both", alpha=0.25)
    axis.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Read, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/curves.png"))
    options = parser.parse_args()
    found = curves()
    if not found:
        parser.error("no run of benchmarks.accuracy is there")
    draw(found, options.out)
    print(f"Wrote {options.out}")


if __name__ == "__main__":
    main()
