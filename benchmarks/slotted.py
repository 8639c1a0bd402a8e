"""How accurate is a surrogate of the flow around a main element and its slotted flap, on each of them?

    enf2enf generate slotted --cases 200 --seed 0 --out data/slotted
    enf2enf train examples/slotted.toml
    python -m benchmarks.slotted --split test

Relative L2 of velocity (less the inflow) and pressure at the points of a case; of C_p over the sides of each wall, by
their lengths; and the lift on each, integrated from that: its mean absolute error over the mean absolute lift. Beside
them the nearest training shape and the mean field. The same of more cases, where there are such:

    enf2enf generate slotted --cases 1400 --seed 1 --out data/slotted-more
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float
from rich.table import Table
from scipy.spatial import KDTree

from benchmarks import flow
from benchmarks.peers.nearest import NearestShape
from benchmarks.rows import split_main, split_table
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.forces import forces
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.surrogate import Surrogate

RUNS = (
    ("enf2enf", Path("runs/slotted"), Path("data/slotted")),
    ("enf2enf, more cases", Path("runs/slotted-more"), Path("data/slotted-more")),
)
ELEMENTS = ("main", "flap")
CASES = 60  # the first of a split
FIELDS = "points components"


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """A case as it was solved.

    Args:
        sides: of the walls, the main element's first.
        inflow: m/s.
        values: of all fields, at all points.
        order: where among the points the middles of the sides are.
    """

    sides: WallSides
    inflow: Float[np.ndarray, "2"]
    values: Float[np.ndarray, FIELDS]
    order: np.ndarray

    @classmethod
    def of(cls, packed: PackedData, index: int) -> Self:
        """A case of a data set."""
        sides = WallSides.of(packed.geometry(index))
        order = KDTree(packed.points(index)).query(sides.midpoints)[1]
        inflow = packed.schema.condition_columns.split(packed.conditions(index))["inflow"]
        return cls(sides, np.asarray(inflow), packed.values(index).astype(np.float64), order)

    def of_elements(self, guess: Float[np.ndarray, FIELDS]) -> Float[np.ndarray, "2 3"]:
        """Of each wall: relative L2 of C_p, C_L of a guess, and the true C_L."""
        ours, exact = (2 * values[self.order, -1] / (self.inflow @ self.inflow) for values in (guess, self.values))
        left = np.array([-self.inflow[1], self.inflow[0]]) / np.hypot(*self.inflow)
        lifts = [forces(self.sides, pressure).force @ left for pressure in (ours, exact)]
        squares = [np.bincount(self.sides.walls, self.sides.lengths * each**2) for each in (ours - exact, exact)]
        return np.stack([np.sqrt(squares[0] / squares[1]), *lifts], axis=1)


def row(name: str, packed: PackedData, ids: Sequence[int], surrogate: Surrogate, answer: Callable) -> dict[str, Any]:
    """The figures of one way to answer, over some cases."""
    fields, elements = [], []
    for index in ids:
        truth, guess = Truth.of(packed, index), answer(index)
        fields.append(surrogate.normaliser.relative_errors(guess, truth.values, packed.conditions(index)))
        elements.append(truth.of_elements(guess))
    velocity, pressure, _ = np.mean(fields, axis=0).tolist()
    found = {"system": name, "cases": len(ids), "velocity": velocity, "pressure": pressure}
    for element, (errors, lift, exact) in zip(ELEMENTS, np.transpose(elements, (1, 2, 0)), strict=True):
        off = float(np.abs(lift - exact).mean() / np.abs(exact).mean())
        found[element] = {"C_p": float(errors.mean()), "median": float(np.median(errors)), "C_L": off}
    return found


def measure(split: str) -> Iterator[dict[str, Any]]:
    """One row a run that is there, each before what is reached without a model on its cases."""
    for name, run, data in RUNS:
        if not (run / "model.enf").exists():
            yield {"system": name, "missing": str(run)}
            continue
        surrogate, packed = load(run / "model.enf"), PackedData.load(data)
        ids = packed.ids(split)[:CASES].tolist()
        near = NearestShape(packed, surrogate.config.frames, surrogate.normaliser.length)
        ways: dict[str, Callable] = {
            f"{name} ({len(packed.ids('train'))} to learn from)": functools.partial(flow.answers, surrogate, packed),
            "nearest training shape": near.predict,
            "mean field": functools.partial(flow.mean_field, surrogate, packed),
        }
        for way, answer in ways.items():
            yield row(way, packed, ids, surrogate, answer)


def show(rows: Sequence[dict[str, Any]], split: str) -> Table:
    """For people."""

    def cells(each: dict[str, Any]) -> list[str]:
        found = [str(each["cases"]), f"{each['velocity']:.4f}", f"{each['pressure']:.4f}"]
        for own in (each[element] for element in ELEMENTS):
            found += [f"{own['C_p']:.4f}, {own['median']:.4f}", f"{100 * own['C_L']:.2f} %"]
        return found

    title = f"Relative L2 on the {split} split, means (C_p: mean, median); errors of lifts"
    columns = ("cases", "velocity", "pressure", *(f"{c} {e}" for e in ELEMENTS for c in ("C_p", "C_L")))
    return split_table(title, columns, rows, cells)


if __name__ == "__main__":
    split_main(measure, show, __doc__)
