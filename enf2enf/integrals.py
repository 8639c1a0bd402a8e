"""Which fields and conditions lift, drag and moment are computed from."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Self

from enf2enf.errors import SchemaError, check_keys
from enf2enf.plain import shown
from enf2enf.quantity import Quantity


@dataclasses.dataclass(frozen=True)
class Integrals:
    """Names of the fields and conditions that the coefficients of lift, drag and moment are computed from.

    Args:
        pressure: a scalar field that is answered on walls, in Pa, or over density.
        inflow: a vector condition, m/s: the direction of drag; forces are divided by its dynamic pressure.
        shear: a vector field on walls: the shear stress of the flow on the wall, in the unit of the pressure; empty
            if there is none.
        density: a scalar condition in kg/m3; empty where the pressure is over density.
        velocity, domain_pressure: a vector and a scalar field in the domain (the pressure relative to that of the
            inflow), from which the drag in the wake is computed too. Both, or neither.
    """

    pressure: str
    inflow: str
    shear: str = ""
    density: str = ""
    velocity: str = ""
    domain_pressure: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields on walls that they are of."""
        return (self.pressure, self.shear) if self.shear else (self.pressure,)

    def check(self, on_wall: Iterable[Quantity], conditions: Iterable[Quantity], in_domain: Iterable[Quantity]) -> None:
        """Raises `SchemaError` where a name is not that of a field or condition of the right kind and place."""
        fields, given, around = ({q.name: q.kind for q in known} for known in (on_wall, conditions, in_domain))
        wanted = (("pressure", "scalar", fields), ("shear", "vector", fields),
                  ("inflow", "vector", given), ("density", "scalar", given),
                  ("velocity", "vector", around), ("domain_pressure", "scalar", around))  # fmt: skip
        wake = {"velocity", "domain_pressure"} if self.velocity or self.domain_pressure else set()
        needed = {"pressure", "inflow"} | wake
        for key, kind, known in wanted:
            name = getattr(self, key)
            if not isinstance(name, str) or (known.get(name) != kind and (name or key in needed)):
                among = sorted(one for one, own in known.items() if own == kind)
                what = (
                    "conditions" if known is given else f"fields {'on walls' if known is fields else 'in the domain'}"
                )
                raise SchemaError(f"{key} of the integrals", f"one of the {kind} {what} {among}", shown(name))

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; what is empty is left out."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        check_keys(
            SchemaError, "integrals", plain, {"pressure", "inflow"}, {"shear", "density", "velocity", "domain_pressure"}
        )
        return cls(**plain)
