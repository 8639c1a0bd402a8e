"""How accurate is a surrogate of flow between walls that are parts of a boundary, learnt from 70 cases?

    enf2enf generate channel --cases 100 --seed 0 --out data/channel
    enf2enf train examples/channel.toml --minutes 6 --fit
    python -m benchmarks.channel --split test --png out/channel.png

Per case and field the L2 norm of the error over that of the field: mean over the cases of a split, the largest, and the
means of those who have no model: Poiseuille flow in the local height (lubrication theory), the flow through the nearest
training channel, and the mean field. The picture is of the first case of the split: the truth, the answer and their
difference.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.table import Table

from benchmarks.peers.nearest import NearestShape
from benchmarks.rows import write_json
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.problems.channel.problem import HEIGHT, Channel
from enf2enf.problems.channel.shape import LENGTH
from enf2enf.surrogate import Surrogate

RUN, DATA = Path("runs/channel/model.enf"), Path("data/channel")
SEED = 0


def lubrication(packed: PackedData, index: int) -> Float[np.ndarray, "points 3"]:
    """Parabolic flow of the given flux along the middle line, and the pressure that it takes in the local height."""
    drawn = Channel().draw(SEED, int(packed.names[index].removeprefix("case_")), 0)
    columns, shape, (x, y) = np.linspace(0, LENGTH, 2001), drawn.shape, (packed.points(index) / HEIGHT).T
    bottom, top, step = shape.bottom(x), shape.top(x), 1e-5
    share = (y - bottom) / (top - bottom)
    slopes = [(wall(x + step) - wall(x - step)) / (2 * step) for wall in (shape.bottom, shape.top)]
    along = 6 * share * (1 - share) / (top - bottom)
    slope = 12 * (shape.top(columns) - shape.bottom(columns)) ** -3.0
    fallen = np.concatenate([[0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(columns))])
    velocity = np.stack([along, along * ((1 - share) * slopes[0] + share * slopes[1])], axis=1)
    pressure = drawn.viscosity * drawn.speed / HEIGHT * (fallen[-1] - np.interp(x, columns, fallen))
    return np.concatenate([drawn.speed * velocity, pressure[:, None]], axis=1)


def answer(surrogate: Surrogate, packed: PackedData, index: int) -> Float[np.ndarray, "points 3"]:
    """All fields at the points of a case."""
    conditions = surrogate.schema.condition_columns.split(packed.conditions(index))
    points = packed.points(index)
    given = surrogate.predict(packed.geometry(index), conditions, points)
    return surrogate.schema.field_columns.join(given.fields, len(points))


def measure(surrogate: Surrogate, packed: PackedData, split: str) -> dict[str, Float[np.ndarray, "cases fields"]]:
    """Who answers -> the errors of velocity and pressure in every case."""
    near = NearestShape(packed, surrogate.config.frames, surrogate.normaliser.length)
    found: dict[str, list[np.ndarray]] = {}
    for index in packed.ids(split).tolist():
        truth, row = packed.values(index).astype(np.float64), packed.conditions(index)
        guesses = {
            "surrogate": answer(surrogate, packed, index),
            "Poiseuille flow in the local height": lubrication(packed, index),
            "nearest training channel": near.predict(index),
            "mean field": np.broadcast_to(surrogate.mean_field(row), truth.shape),
        }
        for name, guess in guesses.items():
            found.setdefault(name, []).append(surrogate.normaliser.relative_errors(guess, truth, row))
    return {name: np.array(errors) for name, errors in found.items()}


def show(found: dict[str, np.ndarray], names: Sequence[str], split: str) -> Table:
    """For people."""
    cases = len(next(iter(found.values())))
    table = Table(title=f"Relative L2 on the {split} split, {cases} cases: mean (largest)")
    for column in ("system", *names):
        table.add_column(column, justify="left" if column == "system" else "right")
    for system, errors in found.items():
        table.add_row(system, *(f"{one.mean():.4f} ({one.max():.4f})" for one in errors.T))
    return table


def picture(path: Path, surrogate: Surrogate, packed: PackedData, index: int) -> None:
    """Truth, answer and difference of the velocity along the channel and of the pressure, in one scale each."""
    from matplotlib.figure import Figure
    from matplotlib.tri import Triangulation

    points, truth = 100 * packed.points(index), packed.values(index).astype(np.float64)
    guess, figure = answer(surrogate, packed, index), Figure(figsize=(13, 4.4), layout="constrained")
    across = Channel().resolution.across * 2 + 1
    nodes = np.lexsort((points[:, 1], points[:, 0])).reshape(-1, across)
    a, b, c, d = (part.ravel() for part in (nodes[:-1, :-1], nodes[1:, :-1], nodes[1:, 1:], nodes[:-1, 1:]))
    cells = Triangulation(*points.T, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]))
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for row, (label, column) in zip(axes, (("u, m/s", 0), ("p, Pa", 2)), strict=True):
        off = guess[:, column] - truth[:, column]
        for axis, name, values in zip(row, ("truth", "answer", "difference"), (truth, guess, off), strict=True):
            own = values if values.ndim == 1 else values[:, column]
            limits = {} if values is off else {"vmin": truth[:, column].min(), "vmax": truth[:, column].max()}
            drawn = axis.tripcolor(cells, own, shading="gouraud", **limits)
            axis.set(title=f"{name}: {label}", aspect="equal")
            figure.colorbar(drawn, ax=axis, orientation="horizontal")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path)
    options = parser.parse_args()
    surrogate, packed = load(RUN), PackedData.load(DATA)
    found, names = measure(surrogate, packed, options.split), surrogate.schema.field_columns.names
    Console().print(show(found, names, options.split))
    errors = {system: dict(zip(names, each.T.tolist(), strict=True)) for system, each in found.items()}
    write_json(options.json, {"split": options.split, "errors": errors})
    if options.png is not None:
        picture(options.png, surrogate, packed, int(packed.ids(options.split)[0]))


if __name__ == "__main__":
    main()
