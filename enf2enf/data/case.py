"""One steady problem: a geometry under conditions, and its solution where it is known."""

import dataclasses
import hashlib

import numpy as np

from enf2enf.conditions import Conditions
from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.geometry import Geometry

_DIGITS = 9  # of the extent: closer shapes are one


@dataclasses.dataclass(frozen=True)
class Case:
    """A geometry, the global conditions it is under, and optionally the solver's answer.

    Args:
        geometry: the boundary of the domain, in metres.
        conditions: name -> number, or one number per dimension for a vector, in SI units.
        field: the known solution at its own points, or None for a case to be predicted.
        name: the case's identifier in its data set, or where it came from.
        wall: the known solution of the fields that are defined on walls alone, at points there; None without any.
    """

    geometry: Geometry
    conditions: Conditions = dataclasses.field(default_factory=dict)
    field: Field | None = None
    name: str = ""
    wall: Field | None = None

    @property
    def solution(self) -> Field:
        """The known solution. Raises `QueryError` for a case to be predicted."""
        if self.field is None:
            raise QueryError("case", "a known solution", "a case to be predicted")
        return self.field


def identity(geometry: Geometry, conditions: Conditions) -> str:
    """The same for cases of one shape in one place under the same conditions."""
    digest, unit = hashlib.sha256(), 10**-_DIGITS * geometry.extent
    for wall in sorted((np.round(wall / unit).tolist() for wall in geometry.walls), key=min):
        first = wall.index(min(wall))
        digest.update(repr(wall[first:] + wall[:first]).encode())
    digest.update(repr(sorted((name, np.ravel(value).tolist()) for name, value in conditions.items())).encode())
    return digest.hexdigest()
