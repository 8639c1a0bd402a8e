"""How accurate is a surrogate of external flow, where the truth is exact?

    enf2enf generate joukowski --cases 700 --seed 0 --out data/joukowski
    enf2enf train examples/joukowski.toml --minutes 20 --fit
    python -m benchmarks.joukowski --split test

Per case and field the L2 norm of the error over that of the field, less the inflow for the velocity: mean over the
cases of a split, beside those of the nearest training shape and of the mean field. Then lift and drag, integrated over
the sides of the walls from the decoded wall pressure, against the exact lift; drag is none. The same of runs on an
eighth of the points (asked at all of them), on an eighth of those in the domain and all on walls, and on one and two
bodies, where these have been made:

    enf2enf subsample data/joukowski --share 0.125 --out data/joukowski-eighth
    enf2enf subsample data/joukowski --share 0.125 --keep-walls --out data/joukowski-inner
    enf2enf generate joukowski --bodies mixed --cases 5600 --seed 0 --out data/joukowski-mixed
    enf2enf subsample data/joukowski-mixed --share 0.125 --keep-walls --out data/joukowski-mixed-inner
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.flow import mean_field
from benchmarks.peers.nearest import NearestShape
from benchmarks.rows import split_main, split_table
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.forces import coefficients, forces
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.surrogate import Surrogate
from enf2enf.train.evaluate import evaluate

RUNS = (
    ("one body", Path("runs/joukowski"), Path("data/joukowski")),
    ("one body, learnt from an eighth of the points", Path("runs/joukowski-eighth"), Path("data/joukowski")),
    ("one body, an eighth in the domain and all on walls", Path("runs/joukowski-inner"), Path("data/joukowski")),
    ("one and two bodies", Path("runs/joukowski-mixed"), Path("data/joukowski-mixed")),
)
SEED = 0
CASES, LAZY_CASES = 200, 40  # first cases of a split; fewer for the nearest-shape lookup, which is slow


def drawn(packed: PackedData, index: int) -> Any:
    """The exact flow of a case; its lift is that of all bodies together."""
    number = int(packed.names[index].removeprefix("case_"))
    bodies = "mixed" if "mixed" in packed.manifest["source"] else "one"
    return Joukowski(bodies).draw(SEED, number, 0)[0]


def lift_and_drag(surrogate: Surrogate, packed: PackedData, indices: Sequence[int]) -> np.ndarray:
    """C_L and C_D of every case from the decoded wall pressure, then the exact C_L."""
    rows = []
    for index in indices:
        geometry, flow = packed.geometry(index), drawn(packed, index)
        conditions = packed.schema.condition_columns.split(packed.conditions(index))
        sides = WallSides.of(geometry)
        wall = surrogate.decode(surrogate.encode(geometry), conditions, "wall")
        found = coefficients(forces(sides, wall["wall_pressure"].astype(np.float64)), conditions["inflow"], 1.0)
        rows.append((found.lift, found.drag, flow.lift_coefficient))
    return np.array(rows)


def measure(split: str) -> Iterator[dict[str, Any]]:
    """One row a run that is there: errors of all fields, and of the forces; of cases with one and with two bodies."""
    for name, run, data in RUNS:
        if not (run / "model.enf").exists():
            yield {"system": name, "missing": str(run)}
            continue
        surrogate, packed = load(run / "model.enf"), PackedData.load(data)
        report, ids = evaluate(surrogate, packed, split, CASES), packed.ids(split)[:CASES]
        bodies = np.array([len(packed.geometry(index).walls) for index in ids])
        seconds = surrogate.provenance["metrics"]["seconds"]
        for count in np.unique(bodies):
            chosen = bodies == count
            errors = {key: each[chosen] for key, each in report.errors.items()}
            loads = force_row(lift_and_drag(surrogate, packed, ids[chosen]))
            yield row(f"{name}: {count}", errors, seconds) | loads
    yield from lazy(split)


def lazy(split: str) -> Iterator[dict[str, Any]]:
    """What is reached without a model."""
    _, run, data = RUNS[0]
    if not (run / "model.enf").exists():
        yield {"system": "nearest training shape, mean field", "missing": str(run)}
        return
    packed, surrogate = PackedData.load(data), load(run / "model.enf")
    near = NearestShape(packed, surrogate.config.frames, surrogate.normaliser.length)
    names, found = packed.schema.field_columns.names, []
    for index in packed.ids(split)[:LAZY_CASES]:
        truth, conditions = packed.values(index).astype(np.float64), packed.conditions(index)
        guesses = (near.predict(index), mean_field(surrogate, packed, index))
        found.append([surrogate.normaliser.relative_errors(guess, truth, conditions) for guess in guesses])
    for number, name in enumerate(("nearest training shape", "mean field")):
        errors = np.array([case[number] for case in found])
        yield row(name, dict(zip(names, errors.T, strict=True)), 0.0)


def row(name: str, errors: dict[str, np.ndarray], seconds: float) -> dict[str, Any]:
    """The figures of some cases."""
    figures = {field: {"mean": float(each.mean()), "median": float(np.median(each))} for field, each in errors.items()}
    return {"system": name, "cases": len(next(iter(errors.values()))), "minutes": seconds / 60, "fields": figures}


def force_row(found: np.ndarray) -> dict[str, float]:
    """How far off lift and drag are."""
    lift, drag, exact = found.T
    return {"lift": float(np.abs(lift - exact).mean() / np.abs(exact).mean()), "drag": float(np.abs(drag).mean())}


def show(rows: Sequence[dict[str, Any]], split: str) -> Table:
    """For people."""

    def cells(each: dict[str, Any]) -> list[str]:
        figures = [f"{part['mean']:.4f} ({part['median']:.4f})" for part in each["fields"].values()]
        loads = [f"{100 * each['lift']:.2f} %", f"{each['drag']:.4f}"] if "lift" in each else ["", ""]
        return [str(each["cases"]), *figures, *loads, f"{each['minutes']:.0f}"]

    columns = ("cases", "velocity", "pressure", "wall pressure", "C_L", "|C_D|", "trained, min")
    return split_table(f"Relative L2 on the {split} split: mean (median)", columns, rows, cells)


if __name__ == "__main__":
    split_main(measure, show, __doc__)
