"""The two CSV files that programs of others exchange with the table, with nothing but the standard library."""

import csv
import dataclasses
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

SECTIONS, LOADS = ("name", "reynolds", "alpha", "speed", "coordinates"), ("name", "C_L", "C_D")


@dataclasses.dataclass(frozen=True)
class Flow:
    """A section in a flow.

    Args:
        name: of the case.
        reynolds: by the chord.
        alpha: from the chord to the inflow, degrees.
        speed: of the inflow, m/s.
        coordinates: x, y of the section in chords, the leading edge at (0, 0), from the trailing edge at (1, 0) along
            the upper side to the leading edge and along the lower side back.
    """

    name: str
    reynolds: float
    alpha: float
    speed: float
    coordinates: list[tuple[float, float]]


def write_sections(path: Path, flows: Iterable[Flow]) -> None:
    """One line a section; its coordinates are in one cell, x and y in turn, blanks between."""
    rows = []
    for flow in flows:
        numbers = " ".join(f"{value:.9g}" for point in flow.coordinates for value in point)
        rows.append((flow.name, f"{flow.reynolds:.9g}", f"{flow.alpha:.9g}", f"{flow.speed:.9g}", numbers))
    _write(path, SECTIONS, rows)


def read_sections(path: Path) -> list[Flow]:
    """What `write_sections` wrote."""
    flows = []
    for row in _read(path):
        numbers = [float(word) for word in row["coordinates"].split()]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        flows.append(Flow(row["name"], float(row["reynolds"]), float(row["alpha"]), float(row["speed"]), points))
    return flows


def write_loads(path: Path, loads: Iterable[tuple[str, float, float]]) -> None:
    """Name, C_L and C_D, one line a section."""
    _write(path, LOADS, [(name, f"{lift:.9g}", f"{drag:.9g}") for name, lift, drag in loads])


def read_loads(path: Path) -> dict[str, tuple[float, float]]:
    """C_L and C_D by name."""
    return {row["name"]: (float(row["C_L"]), float(row["C_D"])) for row in _read(path)}


def answer(loads_of: Callable[[Flow], tuple[float, float]]) -> None:
    """The command line of a program: the file of sections, the file of loads."""
    sections, loads = map(Path, sys.argv[1:])
    write_loads(loads, [(flow.name, *loads_of(flow)) for flow in read_sections(sections)])


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
