"""What a surrogate needs and what it returns: names, kinds and units."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from enf2enf.errors import ConditionError, SchemaError

Kind = Literal["scalar", "vector"]
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A named physical quantity.

    Args:
        name: an identifier, e.g. `von_mises`.
        kind: `"scalar"`, or `"vector"` with one component per dimension.
        unit: its SI unit as text, e.g. `Pa`; empty for a dimensionless quantity.
        scales_with: `{condition: power}`: the field is made dimensionless by these powers of the
            magnitudes of conditions (a stress by its traction, a pressure by the square of the inflow).
    """

    name: str
    kind: Kind = "scalar"
    unit: str = ""
    scales_with: tuple[tuple[str, float], ...] = ()

    def __post_init__(self):
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SchemaError("quantity name", "a letter, then letters, digits or _", repr(self.name))
        if self.kind not in ("scalar", "vector"):
            raise SchemaError(f"kind of {self.name}", "scalar or vector", repr(self.kind))
        if not isinstance(self.unit, str):
            raise SchemaError(f"unit of {self.name}", "text", repr(self.unit))

    def width(self, dim: int) -> int:
        """Number of components in `dim` dimensions."""
        return dim if self.kind == "vector" else 1

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        plain: dict[str, Any] = {"name": self.name, "kind": self.kind, "unit": self.unit}
        return plain | ({"scales_with": dict(self.scales_with)} if self.scales_with else {})

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        _check_keys("quantity", plain, {"name"}, {"kind", "unit", "scales_with"})
        scales = plain.get("scales_with", {})
        if not isinstance(scales, Mapping) or not all(isinstance(p, (int, float)) for p in scales.values()):
            raise SchemaError("scales_with", "a table of condition = power", repr(scales))
        powers = tuple((condition, float(power)) for condition, power in scales.items())
        return cls(plain["name"], plain.get("kind", "scalar"), plain.get("unit", ""), powers)


@dataclasses.dataclass(frozen=True)
class Schema:
    """The contract of a data set and of every surrogate trained on it.

    Args:
        dim: 2 or 3 space dimensions. Coordinates are in metres.
        conditions: global parameters of a case, in the order the model sees them.
        fields: what is predicted at every point, in the order the model returns it.
    """

    dim: int
    conditions: tuple[Quantity, ...]
    fields: tuple[Quantity, ...]

    def __post_init__(self):
        if self.dim not in (2, 3):
            raise SchemaError("dim", "2 or 3", repr(self.dim))
        if not self.fields:
            raise SchemaError("fields", "at least one field", "none")
        names = [q.name for q in self.conditions + self.fields]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise SchemaError("schema", "every name once", f"{', '.join(twice)} twice")
        known = {q.name for q in self.conditions}
        for field in self.fields:
            if strange := [c for c, _ in field.scales_with if c not in known]:
                raise SchemaError(f"scales_with of {field.name}", f"one of {sorted(known)}", strange[0])

    @property
    def condition_width(self) -> int:
        """Number of components of all conditions together."""
        return sum(q.width(self.dim) for q in self.conditions)

    @property
    def field_width(self) -> int:
        """Number of components of all fields together."""
        return sum(q.width(self.dim) for q in self.fields)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {
            "dim": self.dim,
            "conditions": [q.to_dict() for q in self.conditions],
            "fields": [q.to_dict() for q in self.fields],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        _check_keys("schema", plain, {"dim", "fields"}, {"conditions"})
        quantities = {key: tuple(Quantity.from_dict(q) for q in plain.get(key, ())) for key in ("conditions", "fields")}
        return cls(plain["dim"], **quantities)


def _check_keys(name: str, plain: Any, required: set[str], optional: set[str]) -> None:
    if not isinstance(plain, Mapping):
        raise SchemaError(name, "a table", repr(plain)[:80])
    if missing := sorted(required - plain.keys()):
        raise SchemaError(name, f"the key {missing[0]!r}", f"only {sorted(plain)}")
    if unknown := sorted(plain.keys() - required - optional):
        raise SchemaError(name, f"keys among {sorted(required | optional)}", repr(unknown[0]))


def conditions_of(texts: Sequence[str]) -> dict[str, list[float]]:
    """`["traction=0,100"]` -> `{"traction": [0.0, 100.0]}`."""
    conditions = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name in conditions:
            raise ConditionError("-c", "NAME=VALUE[,VALUE], every name once", repr(text))
        try:
            conditions[name] = [float(part) for part in value.split(",")]
        except ValueError:
            raise ConditionError(f"condition {name!r}", "numbers, separated by commas", repr(value)) from None
    return conditions
