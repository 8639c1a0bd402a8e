"""One grid in body-fitted coordinates for all cases: fields come onto it and go back from it to any points."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Self

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CloughTocher2DInterpolator, PchipInterpolator
from scipy.ndimage import map_coordinates
from scipy.spatial import KDTree

_AROUND, _OUT, _EVEN = 300, 110, 0.05  # lines; share of even spacing in their places
_BEYOND = 2.0  # lines beyond a case's points over which their gradient extrapolates
_LAYER = 0.02  # `out` of points up to here counts as first layer


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Lines where the points of many cases are.

    Args:
        around, out: increasing.
    """

    around: Float[np.ndarray, " around"]
    out: Float[np.ndarray, " out"]

    @classmethod
    def of(cls, coordinates: Sequence[Float[np.ndarray, "points 2"]]) -> Self:
        """Lines spaced to hold equal numbers of all cases' points; the first one in `out` is the first layer, 0."""
        around, out = np.concatenate(coordinates).T
        return cls(lines(around, _AROUND), np.append(0.0, lines(out[out > _LAYER], _OUT - 1)))

    def resampled(
        self, coordinates: Float[np.ndarray, "points 2"], values: Float[np.ndarray, "points fields"]
    ) -> Float[np.ndarray, "around out fields"]:
        """A case's values on the grid: cubic between its points, a little beyond them by the nearest one's gradient."""
        places, nodes = self._places(coordinates), self._nodes
        cubic = CloughTocher2DInterpolator(places, values)
        found = cubic(nodes)
        beyond = np.isnan(found).any(axis=1)
        nearest = KDTree(places).query(nodes[beyond])[1]
        way = nodes[beyond] - places[nearest]
        way *= np.minimum(1, _BEYOND / np.linalg.norm(way, axis=1))[:, None]
        found[beyond] = values[nearest] + np.einsum("nfd,nd->nf", cubic.grad[nearest], way)
        return found.reshape(len(self.around), len(self.out), -1)

    def at(
        self, coordinates: Float[np.ndarray, "points 2"], field: Float[np.ndarray, "around out"]
    ) -> Float[np.ndarray, " points"]:
        """A field on the grid at points, by cubic splines."""
        return map_coordinates(field, self._places(coordinates).T, order=3, mode="nearest")

    @functools.cached_property
    def _nodes(self) -> Float[np.ndarray, "nodes 2"]:
        counts = np.meshgrid(np.arange(len(self.around)), np.arange(len(self.out)), indexing="ij")
        return np.stack(counts, axis=-1).reshape(-1, 2).astype(float)

    @functools.cached_property
    def _numbers(self) -> list[PchipInterpolator]:
        """Smooth maps from coordinates to line numbers, in which the points are spread evenly."""
        return [PchipInterpolator(line, np.arange(len(line), dtype=float)) for line in (self.around, self.out)]

    def _places(self, coordinates: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "points 2"]:
        inside = np.clip(coordinates, [self.around[0], self.out[0]], [self.around[-1], self.out[-1]])
        return np.stack([number(inside[:, k]) for k, number in enumerate(self._numbers)], axis=1)


def lines(values: Float[np.ndarray, " points"], count: int) -> Float[np.ndarray, " {count}"]:
    """`count` places from the lowest to the highest value, denser where the values are dense."""
    even = np.linspace(values.min(), values.max(), count)
    return (1 - _EVEN) * np.quantile(values, np.linspace(0, 1, count)) + _EVEN * even
