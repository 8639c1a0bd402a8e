"""How accurate is a surrogate of the flow around aerofoils, and what it says of lift and drag?

    enf2enf generate aerofoil --cases 400 --seed 0 --out data/aerofoil
    enf2enf train examples/aerofoil.toml
    python -m benchmarks.aerofoil --split test

One row a family of sections (the first letters of the cases' names) and system. Volume: squared errors in SI units and
in the data set's axes, over the variance of each channel in all points of the NACA train cases (z-MSE; of all train
cases where names do not tell which are NACA's); nut's over all cases as ln(1 + nut / nu) too, which a few separated
flows do not rule. The best 95 % are ranked by the mean of the four channels, one ranking for every column. The wall's
pressure is over its own variance, case by case. C_L and C_D are integrals of the decoded pressure and shear over the
wall's own sides against those of the stored ones: mean absolute error over mean absolute value, and Spearman's rank
correlation. Intervals of 95 % are by bootstrap over cases.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from rich.table import Table

from benchmarks import flow
from benchmarks.peers.nearest import NearestShape
from benchmarks.rows import split_main
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.geometry.plane.sides import WallSides

RUN, DATA = Path("runs/aerofoil"), Path("data/aerofoil")
NACA, BEST, RESAMPLED = "naca", 0.95, 2000


@dataclasses.dataclass(frozen=True)
class Errors:
    """Of the cases of one family, one number a case each.

    Args:
        names: of the cases.
        volume: z-MSE of u, v, p and nut.
        log_nut: that of ln(1 + nut / nu).
        surface: squared error of the wall's pressure over its variance.
        loads: C_L and C_D: found, then those of the stored fields.
    """

    names: list[str]
    volume: Float[np.ndarray, "cases 4"]
    log_nut: Float[np.ndarray, " cases"]
    surface: Float[np.ndarray, " cases"]
    loads: Float[np.ndarray, "cases 2 2"]


def variances(packed: PackedData) -> tuple[Float[np.ndarray, "4"], float]:
    """Of u, v, p and nut, and of ln(1 + nut / nu), over all points of the NACA train cases."""
    train = packed.ids("train")
    ids = [index for index in train if packed.names[index].startswith(NACA)] or list(train)
    points = [flow.volume(packed, index, packed.values(index)) for index in ids]
    logs = [np.log1p(own[:, 3] / flow.viscosity(packed, index)) for own, index in zip(points, ids, strict=True)]
    return np.concatenate(points).var(axis=0), float(np.concatenate(logs).var())


def errors_of(packed: PackedData, ids: Sequence[int], guess: flow.Guess) -> Errors:
    """The errors of guesses of cases."""
    scales, log_scale = variances(packed)
    volume, logs, surface, loads = [], [], [], []
    for index in ids:
        truth, found = packed.values(index).astype(np.float64), guess(index)
        here, there = flow.volume(packed, index, found), flow.volume(packed, index, truth)
        volume.append(((here - there) ** 2).mean(axis=0) / scales)
        viscosity = flow.viscosity(packed, index)
        off = np.log1p(np.maximum(here[:, 3], 0) / viscosity) - np.log1p(there[:, 3] / viscosity)
        logs.append((off**2).mean() / log_scale)
        pressure = [_wall(packed, index, values)["wall_pressure"] for values in (found, truth)]
        surface.append(((pressure[0] - pressure[1]) ** 2).mean() / pressure[1].var())
        loads.append([_loads(packed, index, values) for values in (found, truth)])
    names = [packed.names[index] for index in ids]
    return Errors(names, np.array(volume), np.array(logs), np.array(surface), np.array(loads).transpose(0, 2, 1))


def row(system: str, family: str, errors: Errors) -> dict[str, Any]:
    """The figures of a family, and of the best of its cases."""
    rank = errors.volume.mean(axis=1)
    best = np.argsort(rank)[: max(1, round(BEST * len(rank)))]
    own = errors.volume
    figures = {
        "uvp_best": own[best, :3].mean(), "uvp": own[:, :3].mean(), "nut_best": own[best, 3].mean(),
        "nut": own[:, 3].mean(), "log_nut": errors.log_nut.mean(), "median": np.median(rank),
        "surface": errors.surface.mean(), "surface_median": np.median(errors.surface),
    }  # fmt: skip
    for number, name in enumerate(("lift", "drag")):
        found, truth = errors.loads[:, number].T
        figures[name] = np.abs(found - truth).mean() / np.abs(truth).mean()
        figures[f"rho_{name}"] = flow.rank_correlation(found, truth)
    worst = [errors.names[k] for k in np.argsort(rank)[::-1][:3]]
    plain = {name: float(value) for name, value in figures.items()}
    interval = _interval(own[best, :3].mean(axis=1))
    return {"system": system, "family": family, "cases": len(rank), "worst": worst, "interval": interval, **plain}


def measure(split: str) -> Iterator[dict[str, Any]]:
    """Rows of the run, where there is one, of the nearest training shape, of the mean field and of least squares."""
    packed = PackedData.load(DATA)
    families = sorted({packed.names[index][:4] for index in packed.ids(split)})
    ids = {family: [i for i in packed.ids(split) if packed.names[i].startswith(family)] for family in families}
    surrogate = load(RUN / "model.enf")
    near = NearestShape(packed, surrogate.config.frames, surrogate.normaliser.length)
    systems: dict[str, flow.Guess] = {
        "ours": lambda index: flow.answers(surrogate, packed, index),
        "nearest training shape": near.predict,
        "mean field": lambda index: np.broadcast_to(
            surrogate.mean_field(packed.conditions(index)), packed.values(index).shape
        ),
    }
    for system, guess in systems.items():
        for family, own in ids.items():
            yield row(system, family, errors_of(packed, own, guess))
    for family, own in ids.items():
        yield {"system": "least squares on U, alpha, alpha^2", "family": family, "cases": len(own), **null(packed, own)}


def null(packed: PackedData, ids: Sequence[int]) -> dict[str, float]:
    """Lift and drag by least squares on the conditions alone, fitted on the train split."""
    train = list(packed.ids("train"))

    def columns(index: int) -> list[float]:
        x, y = packed.schema.condition_columns.split(packed.conditions(index))["inflow"]
        angle = np.arctan2(y, x)
        return [1.0, float(np.hypot(x, y)), angle, angle**2]

    known = np.array([_loads(packed, index, packed.values(index)) for index in train])
    fit = np.linalg.lstsq(np.array([columns(index) for index in train]), known)[0]
    truth = np.array([_loads(packed, index, packed.values(index)) for index in ids])
    found = np.array([columns(index) for index in ids]) @ fit
    figures = {}
    for number, name in enumerate(("lift", "drag")):
        off = np.abs(found[:, number] - truth[:, number]).mean()
        figures[name] = float(off / np.abs(truth[:, number]).mean())
        figures[f"rho_{name}"] = flow.rank_correlation(found[:, number], truth[:, number])
    return figures


def _wall(packed: PackedData, index: int, values: np.ndarray) -> dict[str, np.ndarray]:
    """The fields on the wall at the midpoints of its sides, where they are known, in their order."""
    place = flow.places(packed, index, WallSides.of(packed.geometry(index)).midpoints)
    return {name: own[place] for name, own in flow.at_wall(packed, index, values).items()}


def _loads(packed: PackedData, index: int, values: np.ndarray) -> tuple[float, float]:
    """C_L and C_D of fields on the wall."""
    return flow.loads(packed, index, _wall(packed, index, values))


def _interval(values: Float[np.ndarray, " cases"]) -> tuple[float, float]:
    """Of 95 % around the mean of cases."""
    drawn = np.random.default_rng(0).choice(values, (RESAMPLED, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def show(rows: Sequence[dict[str, Any]], split: str) -> Table:
    """For people."""
    table = Table(title=f"Flow around aerofoils, {split} split: z-MSE in units of 1e-3, loads in %")
    columns = ("uvp_best", "uvp", "nut_best", "nut", "log_nut", "median", "surface", "surface_median")
    for name in ("system", "family", "cases", *columns, "C_L", "rho_L", "C_D", "rho_D", "worst"):
        table.add_column(name, justify="left" if name == "system" else "right")
    for each in rows:
        figures = [f"{1e3 * each[name]:.3g}" if name in each else "" for name in columns]
        loads = [
            f"{100 * each['lift']:.2f}",
            f"{each['rho_lift']:.4f}",
            f"{100 * each['drag']:.2f}",
            f"{each['rho_drag']:.3f}",
        ]
        table.add_row(
            each["system"], each["family"], str(each["cases"]), *figures, *loads, " ".join(each.get("worst", []))
        )
    return table


if __name__ == "__main__":
    split_main(measure, show, __doc__)
