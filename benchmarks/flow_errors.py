"""Errors of guesses of the flow around sections, and what they amount to over cases."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks import flow
from enf2enf.data.cache import PackedData
from enf2enf.geometry.plane.sides import WallSides

BEST, RESAMPLED = 0.95, 2000
REFERENCE = ("naca_stored", "naca_first")
"""Prefixes of the names of the 160 NACA train cases whose variances scale all errors, whatever the train split is."""


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


@functools.lru_cache(maxsize=1)  # shared by all systems and families
def variances(packed: PackedData) -> tuple[Float[np.ndarray, "4"], float]:
    """Variances of u, v, p and nut, and of ln(1 + nut / nu), over all points of the reference (else train) cases."""
    train = packed.ids("train")
    ids = [index for index in train if packed.names[index].startswith(REFERENCE)] or list(train)
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
        loads.append([loads_of(packed, index, values) for values in (found, truth)])
    names = [packed.names[index] for index in ids]
    return Errors(names, np.array(volume), np.array(logs), np.array(surface), np.array(loads).transpose(0, 2, 1))


def loads_of(packed: PackedData, index: int, values: np.ndarray) -> tuple[float, float]:
    """C_L and C_D of fields on the wall."""
    return flow.loads(packed, index, _wall(packed, index, values))


def true_loads(packed: PackedData, ids: Sequence[int]) -> Float[np.ndarray, "cases 2"]:
    """C_L and C_D of the stored fields."""
    return np.array([loads_of(packed, index, packed.values(index)) for index in ids])


def figures(errors: Errors) -> dict[str, Any]:
    """Figures of a family and of its best cases, with 95 % intervals; and its three cases with the largest errors."""
    rank, own = errors.volume.mean(axis=1), errors.volume
    best = np.argsort(rank)[: _best(len(rank))]
    uvp, nut = own[:, :3].mean(axis=1), own[:, 3]
    means = {"uvp": uvp, "nut": nut, "log_nut": errors.log_nut, "surface": errors.surface}
    medians = {"median": rank, "surface_median": errors.surface}
    found = {"uvp_best": uvp[best].mean(), "nut_best": nut[best].mean()}
    found |= {name: values.mean() for name, values in means.items()}
    found |= {name: np.median(values) for name, values in medians.items()}
    drawn, worst = _draws(len(rank)), [errors.names[k] for k in np.argsort(rank)[::-1][:3]]
    loads = load_figures(errors.loads)
    intervals = {"uvp_best": best_interval(rank, uvp), "nut_best": best_interval(rank, nut), **loads.pop("intervals")}
    intervals |= {name: _middle(values[drawn].mean(axis=1)) for name, values in means.items()}
    intervals |= {name: _middle(np.median(values[drawn], axis=1)) for name, values in medians.items()}
    return {name: float(value) for name, value in found.items()} | loads | {"intervals": intervals, "worst": worst}


def load_figures(loads: Float[np.ndarray, "cases 2 2"]) -> dict[str, Any]:
    """Of C_L and C_D of cases, found and true: mean absolute error over mean absolute value, and rank correlation."""
    drawn, plain, intervals = _draws(len(loads)), {}, {}
    for number, name in enumerate(("lift", "drag")):
        found, truth = loads[:, number].T
        off, size = np.abs(found - truth), np.abs(truth)
        plain |= {name: float(off.mean() / size.mean()), f"rho_{name}": float(flow.rank_correlation(found, truth))}
        intervals[name] = _middle(off[drawn].mean(axis=1) / size[drawn].mean(axis=1))
        intervals[f"rho_{name}"] = _middle(flow.rank_correlation(found[drawn], truth[drawn]))
    return {**plain, "intervals": intervals}


def best_interval(rank: Float[np.ndarray, " cases"], values: Float[np.ndarray, " cases"]) -> tuple[float, float]:
    """95 % interval of the mean over the best cases; each bootstrap sample ranks its cases anew."""
    drawn = _draws(len(rank))
    best = np.argsort(rank[drawn], axis=1)[:, : _best(len(rank))]
    return _middle(np.take_along_axis(values[drawn], best, axis=1).mean(axis=1))


def null(packed: PackedData, ids: Sequence[int]) -> dict[str, Any]:
    """Lift and drag by least squares on the conditions alone, fitted on the train split."""
    train = list(packed.ids("train"))

    def columns(index: int) -> list[float]:
        x, y = packed.schema.condition_columns.split(packed.conditions(index))["inflow"]
        angle = np.arctan2(y, x)
        return [1.0, float(np.hypot(x, y)), angle, angle**2]

    known = true_loads(packed, train)
    fit = np.linalg.lstsq(np.array([columns(index) for index in train]), known)[0]
    found = np.array([columns(index) for index in ids]) @ fit
    return load_figures(np.stack([found, true_loads(packed, ids)], axis=-1))


def _wall(packed: PackedData, index: int, values: np.ndarray) -> dict[str, np.ndarray]:
    """The fields on the wall at the midpoints of its sides, where they are known, in their order."""
    place = flow.places(packed, index, WallSides.of(packed.geometry(index)).midpoints)
    return {name: own[place] for name, own in flow.at_wall(packed, index, values).items()}


def _best(count: int) -> int:
    return max(1, round(BEST * count))


def _draws(count: int) -> np.ndarray:
    """The cases of every resampling."""
    return np.random.default_rng(0).integers(count, size=(RESAMPLED, count))


def _middle(values: Float[np.ndarray, " draws"]) -> tuple[float, float]:
    """The interval between the 2.5 and 97.5 % quantiles of the values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
