"""Which fields on the walls make lift, drag and moment."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Self

from enf2enf.errors import SchemaError, check_keys
from enf2enf.plain import shown
from enf2enf.quantity import Quantity


@dataclasses.dataclass(frozen=True)
class Integrals:
    """What forces on the walls are integrals of, and what makes them coefficients.

    Args:
        pressure: a scalar field that is answered on walls, in Pa, or over density.
        inflow: the vector condition along which drag is, and whose dynamic pressure divides, in m/s.
        shear: a vector field on walls: the stress of the flow on them along them, in the unit of the pressure; empty
            where there is none.
        density: a scalar condition in kg/m3; empty where the pressure is over density.
    """

    pressure: str
    inflow: str
    shear: str = ""
    density: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that they are of."""
        return (self.pressure, self.shear) if self.shear else (self.pressure,)

    def check(self, on_wall: Iterable[Quantity], conditions: Iterable[Quantity]) -> None:
        """Refuse names of no such field or condition. Raises `SchemaError`."""
        fields, given = {q.name: q.kind for q in on_wall}, {q.name: q.kind for q in conditions}
        wanted = (("pressure", "scalar", fields), ("shear", "vector", fields),
                  ("inflow", "vector", given), ("density", "scalar", given))  # fmt: skip
        for key, kind, known in wanted:
            name = getattr(self, key)
            if not isinstance(name, str) or (known.get(name) != kind and (name or key in ("pressure", "inflow"))):
                among = sorted(one for one, own in known.items() if own == kind)
                what = "fields on walls" if known is fields else "conditions"
                raise SchemaError(f"{key} of the integrals", f"one of the {kind} {what} {among}", shown(name))

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; what is empty is left out."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        check_keys(SchemaError, "integrals", plain, {"pressure", "inflow"}, {"shear", "density"})
        return cls(**plain)
