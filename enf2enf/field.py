"""A predicted or measured field at points."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.errors import QueryError


@dataclasses.dataclass(frozen=True, repr=False)
class Field:
    """Values of named quantities at points.

    Args:
        points: coordinates in metres.
        values: name -> one row per point, `(points,)` for a scalar, `(points, dim)` for a vector, in SI
            units. NaN where there is no field: inside a body or outside the domain.
    """

    points: Float[np.ndarray, "points dim"]
    values: Mapping[str, Float[np.ndarray, "points ..."]]

    def __post_init__(self):
        for name, value in self.values.items():
            if len(value) != len(self.points):
                raise QueryError(name, f"{len(self.points)} rows, one per point", f"{len(value)}")

    def __repr__(self) -> str:
        return f"Field({', '.join(self.values)} at {len(self.points)} points)"

    def __getitem__(self, name: str) -> Float[np.ndarray, "points ..."]:
        if name not in self.values:
            raise QueryError("field", f"one of {sorted(self.values)}", repr(name))
        return self.values[name]

    @property
    def missing(self) -> Bool[np.ndarray, " points"]:
        """Where there is no field."""
        missing = [np.isnan(v).any(axis=tuple(range(1, v.ndim))) for v in self.values.values()]
        return np.logical_or.reduce([np.zeros(len(self.points), bool), *missing])

    @property
    def outside(self) -> int:
        """Number of points at which there is no field."""
        return int(self.missing.sum())


def magnitude(values: Float[np.ndarray, "points ..."]) -> Float[np.ndarray, " points"]:
    """Values of a scalar as they are, of a vector or tensor the norm of their components, in float64."""
    rows = values.reshape(len(values), -1).astype(np.float64)
    return rows[:, 0] if rows.shape[1] == 1 else np.linalg.norm(rows, axis=1)
