"""How accurate are the trained surrogates beside their peers and beside what a lazy user would do?

    python -m benchmarks.accuracy --split test --json out/accuracy.json

Mean relative L2 over the cases of a split. Asks the runs that the commands in docs/accuracy.md leave in `runs/`, and
Transolver as `benchmarks.peers.train_transolver` leaves it; what is not there is said to be missing. Run it for the
test split once.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.peers import lookup, train_transolver
from benchmarks.rows import split_main
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.train.evaluate import evaluate

FIXED, VARIED = Path("data/elasticity"), Path("data/varied")
RUNS = (
    ("enf2enf", Path("runs/elasticity"), FIXED, 0.0070),
    ("`paper` preset", Path("runs/elasticity-paper"), FIXED, None),
    ("enf2enf", Path("runs/elasticity-varied"), VARIED, 0.015),
)


def measure(split: str) -> Iterator[dict[str, Any]]:
    """One table a system: what it is, on which data, its errors, and how long it was trained."""
    for name, run, data, mark in RUNS:
        if not (run / "model.enf").exists():
            yield {"system": name, "data": data.name, "missing": str(run)}
            continue
        surrogate = load(run / "model.enf")
        figures = evaluate(surrogate, PackedData.load(data), split).to_dict()
        ((_, errors),) = figures["fields"].items()
        minutes = surrogate.provenance["metrics"]["seconds"] / 60
        yield {"system": name, "data": data.name, "cases": figures["cases"], "minutes": minutes, "mark": mark, **errors}
    folder = Path("runs/transolver")
    packed = PackedData.load(FIXED)
    if (folder / "curve.json").exists():
        figures = train_transolver.evaluate(packed, train_transolver.Folder(folder, {}), split)
        yield {"system": "Transolver", "data": FIXED.name, "minutes": figures["trained"]["minutes"], **figures}
    else:
        yield {"system": "Transolver", "data": FIXED.name, "missing": str(folder)}
    lazy = lookup.evaluate(packed, split)
    for name, key in (("nearest training shape", "nearest_shape"), ("mean field", "mean_field")):
        yield {"system": name, "data": FIXED.name, "cases": lazy["cases"], "minutes": 0.0, **lazy[key]}


def show(rows: list[dict[str, Any]], split: str) -> Table:
    """For people."""
    table = Table(title=f"Relative L2 on the {split} split")
    for column in ("system", "data", "cases", "mean", "median", "worst", "mark", "trained, min"):
        table.add_column(column, justify="left" if column in ("system", "data") else "right")
    for row in rows:
        if "missing" in row:
            table.add_row(row["system"], row["data"], "", f"no {row['missing']}")
            continue
        figures = [f"{row[key]:.4f}" for key in ("relative_l2", "median", "worst")]
        mark = "" if row.get("mark") is None else f"<= {row['mark']:.4f}"
        table.add_row(row["system"], row["data"], str(row["cases"]), *figures, mark, f"{row['minutes']:.0f}")
    return table


if __name__ == "__main__":
    split_main(measure, show, __doc__)
