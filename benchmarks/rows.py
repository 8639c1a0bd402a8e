"""Figures beside their marks: on the screen, as JSON, and in docs/speed.md."""

import argparse
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclasses.dataclass(frozen=True)
class Row:
    """One measured figure.

    Args:
        figure: what was measured.
        value: the figure.
        unit: its unit, or "" for a ratio or a count.
        mark: what it must reach, None where nothing is asked of it.
        reference: what it is compared with, in words.
        more_is_better: whether the mark is a least or a most.
    """

    figure: str
    value: float
    unit: str = ""
    mark: float | None = None
    reference: str = ""
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How often the mark is reached: 1 or more is enough. None without a mark, or where both are 0."""
        if self.mark is None or not (self.value and self.mark):
            return None
        return self.value / self.mark if self.more_is_better else self.mark / self.value

    @property
    def met(self) -> bool | None:
        """Whether the mark is reached."""
        if self.mark is None:
            return None
        return self.value >= self.mark if self.more_is_better else self.value <= self.mark

    def cells(self) -> tuple[str, str, str, str]:
        """As text: figure, value, mark, times the mark is reached."""
        mark = "" if self.mark is None else f"{'>=' if self.more_is_better else '<='} {quantity(self.mark, self.unit)}"
        times = "" if self.ratio is None else f"{self.ratio:.2f} x"
        verdict = "" if self.met is None else ("met" if self.met else "missed")
        return self.figure, quantity(self.value, self.unit), mark, " ".join(filter(None, [times, verdict]))


_WIDE = 160  # letters, of a table with many columns
HEADER = ("figure", "measured", "mark", "against it")


def quantity(value: float, unit: str) -> str:
    """A number of three digits or so with its unit."""
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()


def table(title: str, rows: Sequence[Row]) -> Table:
    """For people."""
    drawn = Table(title=title)
    for column in HEADER:
        drawn.add_column(column, justify="left" if column == "figure" else "right")
    for row in rows:
        drawn.add_row(*row.cells())
    return drawn


def plain(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For machines."""
    return [dataclasses.asdict(row) | {"ratio": row.ratio, "met": row.met} for row in rows]


def write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures and where they were measured: machine and commit. Nothing without a path."""
    if path is None:
        return
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "commit": commit, **figures}, indent=1) + "\n")


def beside_the_paper(what: str, mark: float, ours: float, theirs: float, published: float) -> list[Row]:
    """Our points per second, those of the `paper` preset in the same run, and the ratios to both references."""
    return [
        Row(what, ours, "points/s", mark, more_is_better=True),
        Row(f"{what}, `paper` preset in the same run", theirs, "points/s"),
        Row(f"{what}, over the `paper` preset", ours / theirs, more_is_better=True),
        Row(f"{what}, over the published code ({published:,.0f} points/s)", ours / published, more_is_better=True),
    ]


def seconds(work: Callable[[], object]) -> float:
    """The wall-clock time of a call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_seconds(work: Callable[[], object], repetitions: int) -> float:
    """The median wall-clock time of a call, after one that is not counted."""
    work()
    return statistics.median(seconds(work) for _ in range(repetitions))


def split_main(
    measure: Callable[..., Iterable[dict[str, Any]]],
    show: Callable[[Sequence[dict[str, Any]], str], Table],
    description: str | None,
    **folders: Path,
) -> None:
    """The command line of a benchmark of a split: print its table, and write JSON if `--json` says where.

    Args:
        measure: its rows, of a split, and by name of the folders.
        show: the table of rows and split.
        description: for `--help`.
        folders: options by name, and where these are usually.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    for name, usual in folders.items():
        parser.add_argument(f"--{name}", type=Path, default=usual, help=f"usually {usual}")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = list(measure(options.split, **{name: getattr(options, name) for name in folders}))
    Console(width=_WIDE).print(show(rows, options.split))
    write_json(options.json, {"split": options.split, "rows": rows})


def split_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[dict[str, Any]],
    cells: Callable[[dict[str, Any]], Sequence[str]],
) -> Table:
    """Of the rows of a split, each of a `system`; of one that is `missing`, that alone is said.

    Args:
        title, columns: of the table, whose first column is the system.
        rows: what is shown.
        cells: the other columns of a row.
    """
    drawn = Table(title=title)
    for column in ("system", *columns):
        drawn.add_column(column, justify="left" if column == "system" else "right")
    for row in rows:
        drawn.add_row(row["system"], *([f"no {row['missing']}"] if "missing" in row else cells(row)))
    return drawn


def main(measure: Callable[[], Sequence[Row]], description: str) -> None:
    """The command line of a benchmark: print its table, and write JSON if `--json` says where."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measure()
    Console().print(table(description.splitlines()[0], rows))
    write_json(options.json, {"rows": plain(rows)})
