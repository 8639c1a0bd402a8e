"""How far off a surrogate is on a split, beside what a lazy user would do and what the data allow."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from rich.table import Table

from enf2enf.data.cache import PackedData
from enf2enf.errors import DatasetError, SchemaError
from enf2enf.plain import counted
from enf2enf.schema import Schema
from enf2enf.surrogate import Surrogate


@dataclasses.dataclass(frozen=True)
class Report:
    """Relative L2 per field: one figure per case, mean over the cases; see `Quantity.error_in` for what to.

    Args:
        errors: field -> per-case errors of the surrogate.
        mean_field: field -> mean error of predicting the training mean (times the field's scale) everywhere.
        outside: number of the data set's own points at which the surrogate sees no domain; they are left out.
        floor: mean error of the stored truth itself, if the data set states it.
    """

    dataset: str
    split: str
    names: tuple[str, ...]
    errors: dict[str, np.ndarray]
    mean_field: dict[str, float]
    outside: int
    floor: float | None

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        fields = {
            name: {
                "relative_l2": float(errors.mean()), "median": float(np.median(errors)), "worst": float(errors.max()),
                "worst_case": self.names[int(errors.argmax())], "mean_field": self.mean_field[name],
            }
            for name, errors in self.errors.items()
        }  # fmt: skip
        return {
            "dataset": self.dataset, "split": self.split, "cases": len(self.names), "fields": fields,
            "outside": self.outside, "floor": self.floor,
        }  # fmt: skip

    def table(self) -> Table:
        """For people."""
        table = Table(title=f"{self.dataset}, {self.split} split, {counted(len(self.names), 'case')}: relative L2")
        for column in ("field", "mean", "median", "worst", "mean field", "floor of the data"):
            table.add_column(column, justify="left" if column == "field" else "right")
        floor = "not stated" if self.floor is None else f"{self.floor:.4f}"
        for name, figures in self.to_dict()["fields"].items():
            row = [f"{figures[key]:.4f}" for key in ("relative_l2", "median", "worst", "mean_field")]
            table.add_row(name, row[0], row[1], f"{row[2]} ({figures['worst_case']})", row[3], floor)
        return table


def evaluate(
    surrogate: Surrogate,
    packed: PackedData,
    split: str,
    most: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> Report:
    """Predict every case of a split at its own points, through the surrogate's public face.

    Args:
        surrogate, packed, split: who predicts which cases.
        most: only the first so many of them.
        check: called before every case; may raise.

    Raises:
        DatasetError: no such split, or it is empty.
        SchemaError: the data set has other conditions or fields than the surrogate.
    """
    check_schema(surrogate, packed.manifest)
    indices = packed.ids(split)[:most]
    if not len(indices):
        raise DatasetError(f"split {split!r}", "at least one case", "none")
    rows = list(_per_case(surrogate, packed, indices, check))
    fields = [quantity.name for quantity in surrogate.schema.fields]
    floor = packed.manifest.get("floor") or {}
    return Report(
        packed.manifest["name"], split, tuple(packed.names[index] for index in indices),
        {name: np.array([row[0][name] for row in rows]) for name in fields},
        {name: float(np.mean([row[1][name] for row in rows])) for name in fields},
        sum(row[2] for row in rows), floor.get("relative_l2"),
    )  # fmt: skip


def check_schema(surrogate: Surrogate, manifest: Mapping[str, Any]) -> None:
    """Raises `SchemaError` where a data set has other conditions or fields than a surrogate."""
    if Schema.from_dict(manifest["schema"]) != surrogate.schema:
        raise SchemaError("dataset", "the surrogate's conditions and fields", f"those of {manifest['name']!r}")


def fine_error(
    surrogate: Surrogate, packed: PackedData, split: str, check: Callable[[], None] = lambda: None
) -> float | None:
    """Mean over cases and fields of the relative L2 error in the fine samplings of a split, None if it has none."""
    errors, is_wall = [], [field.on == "wall" for field in surrogate.schema.fields]
    for index in packed.ids(split):
        check()
        if (sampling := packed.fine(index)) is not None:
            points, truth = sampling
            guess = _answers(surrogate, packed, index, points, np.zeros(len(points), bool))
            found = surrogate.normaliser.relative_errors(guess, truth, packed.conditions(index))
            errors += [error for error, other in zip(found, is_wall, strict=True) if not other]
    return float(np.mean(errors)) if errors else None


def _per_case(
    surrogate: Surrogate, packed: PackedData, indices: np.ndarray, check: Callable[[], None]
) -> Iterator[tuple[dict, dict, int]]:
    """Errors, and those of the mean field, by field; and how many points of the domain the surrogate sees outside."""
    names = surrogate.schema.field_columns.names
    for index in indices:
        check()
        row, truth = packed.conditions(index), packed.values(index).astype(np.float64)
        guess = _answers(surrogate, packed, index, packed.points(index), packed.on_wall(index))
        mean = np.broadcast_to(surrogate.mean_field(row), truth.shape)
        errors, trivial = (surrogate.normaliser.relative_errors(answer, truth, row) for answer in (guess, mean))
        outside = int(np.isnan(guess).any(axis=1).sum())
        yield dict(zip(names, errors, strict=True)), dict(zip(names, trivial, strict=True)), outside


def _answers(
    surrogate: Surrogate, packed: PackedData, index: int, points: np.ndarray, on_wall: np.ndarray
) -> np.ndarray:
    """All fields at points of a case, some of which are on its walls."""
    columns = surrogate.schema.condition_columns
    encoding = surrogate.encode(packed.geometry(index))
    evaluator = surrogate.evaluator(encoding, columns.split(packed.conditions(index)))
    guess = np.empty((len(points), surrogate.schema.field_width))
    guess[~on_wall], guess[on_wall] = evaluator(points[~on_wall]), evaluator.on_wall(points[on_wall])
    return guess
