"""Which fields make lift, drag and moment."""

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
        velocity, domain_pressure: a vector and a scalar field in the domain, the pressure above that of the inflow:
            drag is then found in the wake as well. Both, or neither.
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
        """Refuse names of no such field or condition. Raises `SchemaError`."""
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
