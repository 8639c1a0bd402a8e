"""One steady problem: a geometry under conditions, and its solution where it is known."""

import dataclasses

from enf2enf.conditions import Conditions
from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.geometry import Geometry


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
