"""Does a surrogate that learnt from an eighth of every case's nodes know the field between them?

    enf2enf subsample data/elasticity --share 0.125 --seed 0 --out data/elasticity-eighth
    enf2enf train examples/elasticity.toml
    enf2enf train examples/elasticity_eighth.toml
    python -m benchmarks.super_resolution --full runs/elasticity/model.enf --eighth runs/elasticity-eighth/model.enf \
        --data data/elasticity --split test --json out/super_resolution.json

The other seven eighths of the values are not in the thinned data set at all. Both surrogates answer at all nodes of
the split, and at the points of its fine samplings, everywhere and near the void. Means over cases of the relative L2.
Points at which a surrogate sees no domain are counted and left out, in the samplings for both.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.rows import write_json
from enf2enf import load
from enf2enf.data import Dataset, PackedData
from enf2enf.errors import DatasetError
from enf2enf.metrics import relative_l2
from enf2enf.surrogate import Surrogate
from enf2enf.train.evaluate import evaluate

MARK = 1.05
"""Largest ratio of the errors at all nodes."""
NEAR = 0.02
"""Width of the band along the void, m."""
NODES, FINE, BAND = "all nodes", "fine", "fine, by the void"
Figures = dict[str, dict[str, dict[str, float]]]


def at_nodes(pair: dict[str, Surrogate], packed: PackedData, split: str) -> tuple[Figures, dict[str, Any]]:
    """Field -> region -> surrogate -> error at every node of the split."""
    reports = {who: evaluate(surrogate, packed, split) for who, surrogate in pair.items()}
    names = [quantity.name for quantity in packed.schema.fields]
    figures = {name: {NODES: {who: float(r.errors[name].mean()) for who, r in reports.items()}} for name in names}
    left_out = {who: report.outside for who, report in reports.items()}
    counts = [len(packed.points(index)) for index in packed.ids(split)]
    return figures, {NODES: {"cases": len(counts), "least_points": min(counts), "left_out": left_out}}


def at_fine(
    pair: dict[str, Surrogate], dataset: Dataset, packed: PackedData, split: str
) -> tuple[Figures, dict[str, Any]]:
    """The same in the fine samplings of the split. Raises `DatasetError` if there are none."""
    names = [quantity.name for quantity in packed.schema.fields]
    errors = {name: {region: {who: [] for who in pair} for region in (FINE, BAND)} for name in names}
    counts, left_out = {FINE: [], BAND: []}, dict.fromkeys(pair, 0)
    for index in packed.ids(split):
        case = packed.names[index]
        truth, geometry = dataset.fine(case), packed.geometry(index)
        if truth is None:
            continue
        answers = {
            who: surrogate.decode(surrogate.encode(geometry), dataset.conditions(case), truth.points)
            for who, surrogate in pair.items()
        }
        values = [answer[name].reshape(len(truth.points), -1) for answer in answers.values() for name in names]
        known = ~np.isnan(np.concatenate(values, axis=1)).any(axis=1)
        regions = {FINE: known, BAND: known & (geometry.signed_distance(truth.points) <= NEAR)}
        for region, chosen in regions.items():
            counts[region].append(int(chosen.sum()))
            for who, answer in answers.items():
                for name in names:
                    errors[name][region][who].append(relative_l2(answer[name][chosen], truth[name][chosen]))
        left_out = {who: left_out[who] + answer.outside for who, answer in answers.items()}
    if not counts[FINE]:
        raise DatasetError(f"{split} split", "at least one case with a fine sampling", "none")
    means = {
        name: {region: {who: float(np.mean(e)) for who, e in by.items()} for region, by in regions.items()}
        for name, regions in errors.items()
    }
    told = {region: {"cases": len(count), "least_points": min(count)} for region, count in counts.items()}
    told[FINE]["left_out"] = left_out
    return means, told


def measure(full: Path, eighth: Path, data: Path, split: str) -> dict[str, Any]:
    """All figures, as plain data."""
    pair = {"full": load(full), "eighth": load(eighth)}
    packed, dataset = PackedData.load(data), Dataset.open(data)
    nodes, node_counts = at_nodes(pair, packed, split)
    fine, fine_counts = at_fine(pair, dataset, packed, split)
    figures = {name: {**nodes[name], **fine[name]} for name in nodes}
    for regions in figures.values():
        for row in regions.values():
            row["ratio"] = row["eighth"] / row["full"]
    trained = {
        who: {key: surrogate.provenance.get(key) for key in ("dataset", "training")} | {"version": surrogate.version}
        for who, surrogate in pair.items()
    }
    return {
        "dataset": packed.manifest["name"], "split": split, "mark": MARK, "near": NEAR,
        "points": {**node_counts, **fine_counts}, "relative_l2": figures, "trained": trained,
    }  # fmt: skip


def show(figures: dict[str, Any]) -> None:
    """For people."""
    table = Table(title=f"{figures['dataset']}, {figures['split']} split: relative L2")
    for column in ("field", "where", "cases", "points", "full", "eighth", "ratio", "mark"):
        table.add_column(column, justify="left" if column in ("field", "where") else "right")
    for name, regions in figures["relative_l2"].items():
        for region, row in regions.items():
            count = figures["points"][region]
            table.add_row(
                name, region, str(count["cases"]), f">= {count['least_points']:,}", f"{row['full']:.4f}",
                f"{row['eighth']:.4f}", f"{row['ratio']:.3f}", f"{MARK:.2f}" if region == NODES else "",
            )  # fmt: skip
    Console().print(table)
    print(f"points: the least of a case; by the void: within {NEAR} m of it")
    for region in (NODES, FINE):
        left = figures["points"][region]["left_out"]
        print(f"{region}: {left['full']} and {left['eighth']} points without an answer were left out")
    steps = [(figures["trained"][who]["training"] or {}).get("steps", "unknown") for who in ("full", "eighth")]
    print(f"steps of training: {steps[0]} and {steps[1]}")


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", type=Path, required=True, help="checkpoint that learnt from all nodes")
    parser.add_argument("--eighth", type=Path, required=True, help="checkpoint that learnt from the thinned data set")
    parser.add_argument("--data", type=Path, required=True, help="the data set before thinning")
    parser.add_argument("--split", choices=["train", "validation", "calibration", "test"], default="test")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = measure(options.full, options.eighth, options.data, options.split)
    show(figures)
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
