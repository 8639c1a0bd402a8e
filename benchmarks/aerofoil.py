"""How accurate is a surrogate of the flow around aerofoils, and what it says of lift and drag?

    python -m benchmarks.aerofoil_data SECTIONS.npz --out data/aerofoil
    enf2enf train examples/aerofoil.toml
    python -m benchmarks.aerofoil --split test

One row for each system and family of sections (the first letters of the cases' names). Volume: z-MSE, the squared error
in SI units and the data set's axes over the variance of each channel at all points of the first 160 NACA train cases
(of all train cases if the names do not mark these); nut over all cases also as ln(1 + nut / nu), which a few separated
flows do not dominate. The best 95 % of cases are ranked by the mean of the four channels, the same for every column.
The error of the wall pressure is over its own variance, case by case. C_L and C_D are integrals of the decoded pressure
and shear over the wall's own sides, against those of the stored fields: mean absolute error over mean absolute value,
and Spearman's rank correlation. For ours they are also given as served (sums over smooth curves through the wall), with
the drag from the wake and the mean of both drags (`enf2enf/wake.py`). Brackets: 95 % intervals by bootstrap over cases.

Systems: ours; Transolver, where `benchmarks.peers.train_transolver` left it; POD and Gaussian processes, fitted here
(`benchmarks.peers.pod`); the nearest training section; the mean field; least squares on the conditions; and those whose
loads on these sections are beside those of `benchmarks.outside.sections`, which were trained on other data.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks import flow
from benchmarks.flow_errors import errors_of, figures, load_figures, null, true_loads
from benchmarks.outside.exchange import read_loads
from benchmarks.peers import train_transolver
from benchmarks.peers.nearest import NearestShape
from benchmarks.peers.pod import PodGaussian
from benchmarks.rows import split_main, split_table
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.errors import DatasetError

FOLDERS = {
    "data": Path("data/aerofoil"),
    "run": Path("runs/aerofoil"),
    "transolver": Path("runs/transolver-aerofoil"),
    "outside": Path("out/outside"),
}
SERVED = {"C_D": "ours, as served", "C_D_wake": "ours, drag in the wake", "C_D_mean": "ours, mean of both drags"}
_VOLUME = ("uvp_best", "uvp", "nut_best", "nut", "log_nut", "median", "surface", "surface_median")
_LOADS = {"C_L": ("lift", 2), "rho_L": ("rho_lift", 4), "C_D": ("drag", 2), "rho_D": ("rho_drag", 3)}


def systems(packed: PackedData, split: str, run: Path, transolver: Path) -> Iterator[tuple[str, flow.Guess]]:
    """What answers with fields, one after the other."""
    surrogate = load(run / "model.enf")
    yield "ours", lambda index: flow.answers(surrogate, packed, index)
    if (transolver / "curve.json").exists():
        yield "Transolver", train_transolver.answers(packed, train_transolver.Folder(transolver, {}), split)
    yield "POD and Gaussian processes", PodGaussian(packed).predict
    yield "nearest training section", NearestShape(packed, surrogate.config.frames, surrogate.normaliser.length).predict
    yield "mean field", lambda index: flow.mean_field(surrogate, packed, index)


def served(packed: PackedData, ids: Mapping[str, Sequence[int]], run: Path) -> Iterator[dict[str, Any]]:
    """Rows of our lift and drag as they are served, and of the drags beside that one, by families of cases."""
    surrogate = load(run / "model.enf")
    for family, own in ids.items():
        found = [flow.evaluator(surrogate, packed, index).integrals for index in own]
        truth = true_loads(packed, own)
        for name, system in SERVED.items():
            loads = np.array([[one["C_L"], one[name]] for one in found])
            known = load_figures(np.stack([loads, truth], axis=-1))
            yield {"system": system, "family": family, "cases": len(own), **known}


def outside(packed: PackedData, ids: Sequence[int], path: Path) -> dict[str, Any]:
    """Of the loads in a file. Raises `DatasetError` if it has not those of all cases."""
    known = read_loads(path)
    if missing := [packed.names[index] for index in ids if packed.names[index] not in known]:
        raise DatasetError(str(path), "C_L and C_D of every case of the split", f"none of {missing[0]!r}")
    found = np.array([known[packed.names[index]] for index in ids])
    return load_figures(np.stack([found, true_loads(packed, ids)], axis=-1))


def measure(split: str, **folders: Path) -> Iterator[dict[str, Any]]:
    """Rows of all systems that are there."""
    packed = PackedData.load(folders["data"])
    families = sorted({packed.names[index][:4] for index in packed.ids(split)})
    ids = {family: [i for i in packed.ids(split) if packed.names[i].startswith(family)] for family in families}
    for system, guess in systems(packed, split, folders["run"], folders["transolver"]):
        for family, own in ids.items():
            known = figures(errors_of(packed, own, guess))
            yield {"system": system, "family": family, "cases": len(own), **known}
    yield from served(packed, ids, folders["run"])
    for family, own in ids.items():
        yield {"system": "least squares on U, alpha, alpha^2", "family": family, "cases": len(own), **null(packed, own)}
    for path in sorted(folders["outside"].glob("*_loads.csv")):
        for family, own in ids.items():
            known = outside(packed, own, path)
            name = path.stem.removesuffix("_loads")
            yield {"system": f"{name} (other data)", "family": family, "cases": len(own), **known}


def show(rows: Sequence[dict[str, Any]], split: str) -> Table:
    """For people."""

    def cells(each: dict[str, Any]) -> list[str]:
        volume = [_cell(each, name, 1e3, "{:.3g}") for name in _VOLUME]
        loads = [
            _cell(each, name, 1.0 if name.startswith("rho") else 100.0, f"{{:.{digits}f}}")
            for name, digits in _LOADS.values()
        ]
        return [each["family"], str(each["cases"]), *volume, *loads, "\n".join(each.get("worst", []))]

    title = f"Flow around aerofoils, {split} split: z-MSE in units of 1e-3, loads in %"
    return split_table(title, ("family", "cases", *_VOLUME, *_LOADS, "worst"), rows, cells)


def _cell(row: dict[str, Any], name: str, unit: float, form: str) -> str:
    """A figure, and under it its interval where there is one."""
    if name not in row:
        return ""
    interval = row["intervals"].get(name, ())
    ends = ", ".join(form.format(unit * end) for end in interval)
    return form.format(unit * row[name]) + f"\n[{ends}]" * bool(interval)


if __name__ == "__main__":
    split_main(measure, show, __doc__, **FOLDERS)
