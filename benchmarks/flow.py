"""Flows around walls in a data set: what the benchmarks of their fields and forces have in common."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree
from scipy.stats import rankdata

from enf2enf.data.cache import PackedData
from enf2enf.forces import coefficients, forces
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.inference.evaluator import FieldEvaluator
from enf2enf.surrogate import Surrogate

VOLUME, WALL = ("velocity", "pressure", "nut"), ("wall_pressure", "wall_shear")
CHORD = 1.0

Guess = Callable[[int], Float[np.ndarray, "points components"]]
"""All fields of a case at its own points, those on walls included."""


def answers(surrogate: Surrogate, packed: PackedData, index: int) -> Float[np.ndarray, "points components"]:
    """What the surrogate says at the points of a case."""
    points, on_wall = packed.points(index), packed.on_wall(index)
    at = evaluator(surrogate, packed, index)
    guess = np.full((len(points), packed.schema.field_width), np.nan)
    guess[~on_wall], guess[on_wall] = at(points[~on_wall]), at.on_wall(points[on_wall])
    return guess


def evaluator(surrogate: Surrogate, packed: PackedData, index: int) -> FieldEvaluator:
    """Answers anywhere around the geometry of a case under its conditions."""
    shape = surrogate.encode(packed.geometry(index))
    return surrogate.evaluator(shape, packed.schema.condition_columns.split(packed.conditions(index)))


def mean_field(surrogate: Surrogate, packed: PackedData, index: int) -> Float[np.ndarray, "points components"]:
    """What is known without any geometry, at the points of a case."""
    return np.broadcast_to(surrogate.mean_field(packed.conditions(index)), packed.values(index).shape)


def volume(packed: PackedData, index: int, values: np.ndarray) -> Float[np.ndarray, "points 4"]:
    """u, v, p and nut in the domain."""
    named = packed.schema.field_columns.split(np.asarray(values, np.float64)[~packed.on_wall(index)])
    return np.column_stack([named[name] for name in VOLUME])


def at_wall(packed: PackedData, index: int, values: np.ndarray) -> dict[str, np.ndarray]:
    """The fields on the wall at its own points."""
    named = packed.schema.field_columns.split(np.asarray(values, np.float64)[packed.on_wall(index)])
    return {name: named[name] for name in WALL}


def places(packed: PackedData, index: int, wanted: Float[np.ndarray, "*wanted 2"]) -> np.ndarray:
    """Which of the wall's own points are nearest."""
    return KDTree(packed.points(index)[packed.on_wall(index)]).query(wanted)[1]


def loads(packed: PackedData, index: int, on_sides: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """C_L and C_D of fields on the sides of the wall."""
    inflow = packed.schema.condition_columns.split(packed.conditions(index))["inflow"]
    on = forces(WallSides.of(packed.geometry(index)), on_sides["wall_pressure"], on_sides["wall_shear"])
    found = coefficients(on, inflow, CHORD)
    return found.lift, found.drag


def viscosity(packed: PackedData, index: int) -> float:
    """Of a case, m2/s."""
    return float(packed.schema.condition_columns.split(packed.conditions(index))["viscosity"])


def rank_correlation(
    found: Float[np.ndarray, "*draws cases"], truth: Float[np.ndarray, "*draws cases"]
) -> Float[np.ndarray, "*draws"]:
    """Spearman's; 0 of what is always the same."""
    ranks = [rankdata(values, axis=-1) for values in (found, truth)]
    one, other = (values - values.mean(axis=-1, keepdims=True) for values in ranks)
    sizes = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    return (one * other).sum(axis=-1) / np.where(sizes > 0, sizes, 1.0)
