"""What a surrogate needs and what it returns: the contract of a data set and of every model trained on it."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Self

from enf2enf.errors import SchemaError, check_keys
from enf2enf.integrals import Integrals
from enf2enf.plain import is_number, shown
from enf2enf.quantity import AXES, TENSOR, Kind, On, Quantities, Quantity, Transform

__all__ = ["LENGTH", "LONGEST", "SHORTEST", "Integrals", "Kind", "On", "Quantities", "Quantity", "Schema", "Transform"]

_OPTIONAL = ("outer_is_far", "open_walls", "length", "integrals")
LENGTH = "length"
"""What a field may scale with beside conditions: the reference length."""
SHORTEST, LONGEST = 1e-9, 1e9
"""Reference lengths in metres: every power of them that fields may scale with is a finite number."""
_COLUMNS = frozenset({"x", "y", "z", "normal", "normal_x", "normal_y", "length", "wall"})  # of points and sides
_CONDITIONS: tuple[Kind, ...] = ("scalar", "vector", "pseudoscalar")
_USUAL = {"scales_with": (), "on": "domain", "relative_to": "", "transform": "identity", "error_in": "norm"}


@dataclasses.dataclass(frozen=True)
class Schema:
    """The contract of a data set and of every surrogate trained on it.

    Args:
        dim: 2 or 3 space dimensions. Coordinates are in metres.
        conditions: global parameters of a case, in the order the model sees them.
        fields: what is predicted at every point, in the order the model returns it.
        outer_is_far: whether the domain goes on beyond the outer boundary of the mesh: that boundary then only limits
            where answers exist.
        length: the reference length in metres, 1e-9 to 1e9; None for the mean extent of the training geometries.
        open_walls: whether walls may be parts of a boundary, such as those of a channel from its inlet to its outlet.
        integrals: the fields that lift, drag and moment are computed from; None if these are not computed.
    """

    dim: int
    conditions: tuple[Quantity, ...]
    fields: tuple[Quantity, ...]
    outer_is_far: bool = False
    length: float | None = None
    open_walls: bool = False
    integrals: Integrals | None = None

    def __post_init__(self):
        if type(self.dim) is not int or self.dim not in (2, 3):
            raise SchemaError("dim", "2 or 3", shown(self.dim))
        if not self.fields:
            raise SchemaError("fields", "at least one field", "none")
        names = [q.name for q in self.conditions + self.fields]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise SchemaError("schema", "every name once", f"{', '.join(twice)} twice")
        for condition in self.conditions:
            self._check_condition(condition)
        for field in self.fields:
            self._check_field(field)
        self._check_columns()
        for key in ("outer_is_far", "open_walls"):
            if type(value := getattr(self, key)) is not bool:
                raise SchemaError(key, "true or false", shown(value))
        if self.outer_is_far and self.open_walls:
            raise SchemaError("open_walls", "false where the outer boundary is far", "true")
        if self.length is not None and not (is_number(self.length) and SHORTEST <= self.length <= LONGEST):
            wanted = f"a number of metres from {SHORTEST:g} to {LONGEST:g}"
            raise SchemaError("length of the schema", wanted, shown(self.length))
        if self.integrals is not None:
            self._check_integrals(self.integrals)

    def _check_columns(self) -> None:
        """Refuses a field whose name clashes with another column in tables of answers."""
        parts = (*AXES, *TENSOR[6])
        taken = {f"{field.name}_{part}" for field in self.fields if not field.is_single for part in parts}
        if others := [field.name for field in self.fields if field.name in _COLUMNS | taken]:
            wanted = f"none of {sorted(_COLUMNS)}, and no component of another field"
            raise SchemaError("name of a field", wanted, repr(others[0]))

    def _check_integrals(self, integrals: Integrals) -> None:
        if self.dim != 2:
            raise SchemaError("integrals", "none in space, where they are not computed", "some")
        if self.length is None:
            raise SchemaError("integrals", "a reference length of the schema, by which they are coefficients", "none")
        integrals.check(self.answered("wall"), self.conditions, self.fields_on("domain"))

    def _check_condition(self, condition: Quantity) -> None:
        if condition.kind not in _CONDITIONS:
            raise SchemaError(f"kind of the condition {condition.name}", " or ".join(_CONDITIONS), condition.kind)
        for key, usual in _USUAL.items():
            if getattr(condition, key) != usual:
                raise SchemaError(f"{key} of the condition {condition.name}", "none: it is of fields alone", "one")

    def _check_field(self, field: Quantity) -> None:
        known = {q.name: q for q in self.conditions}
        if strange := [c for c, _ in field.powers if c not in known and c != LENGTH]:
            raise SchemaError(f"scales_with of {field.name}", f"one of {sorted({*known, LENGTH})}", repr(strange[0]))
        if LENGTH in known and LENGTH in dict(field.scales_with):
            raise SchemaError(f"scales_with of {field.name}", "the reference length", "a condition of that name too")
        if field.relative_to and known.get(field.relative_to, field).kind != field.kind:
            raise SchemaError(f"relative_to of {field.name}", f"a condition of kind {field.kind}", "another kind")
        if field.relative_to and field.relative_to not in known:
            raise SchemaError(f"relative_to of {field.name}", f"one of {sorted(known)}", repr(field.relative_to))
        if field.transform == "log1p" and (field.kind != "scalar" or field.relative_to):
            raise SchemaError(f"transform of {field.name}", "identity, or a scalar relative to nothing", "log1p")

    @functools.cached_property
    def condition_columns(self) -> Quantities:
        """The conditions as the columns of a row."""
        return Quantities(self.conditions, self.dim)

    @functools.cached_property
    def field_columns(self) -> Quantities:
        """The fields as the columns of an array of values."""
        return Quantities(self.fields, self.dim)

    def is_on(self, where: On) -> list[bool]:
        """For every column of the fields, whether its field is defined there."""
        return [self.fields[group].on == where for group in self.field_columns.groups]

    @property
    def condition_width(self) -> int:
        """Number of components of all conditions together."""
        return self.condition_columns.width

    @property
    def field_width(self) -> int:
        """Number of components of all fields together."""
        return self.field_columns.width

    def fields_on(self, where: On) -> tuple[Quantity, ...]:
        """The fields that are defined there."""
        return tuple(field for field in self.fields if field.on == where)

    def answered(self, where: On) -> tuple[Quantity, ...]:
        """The fields that are answered there. On walls, if none are defined there, those of the domain at its edge."""
        return self.fields_on(where) or self.fields_on("domain")

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        plain: dict[str, Any] = {
            "dim": self.dim,
            "conditions": [q.to_dict() for q in self.conditions],
            "fields": [q.to_dict() for q in self.fields],
        }
        plain |= {key: True for key in ("outer_is_far", "open_walls") if getattr(self, key)}
        if self.integrals is not None:
            plain["integrals"] = self.integrals.to_dict()
        return plain if self.length is None else plain | {"length": self.length}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        check_keys(SchemaError, "schema", plain, {"dim", "fields"}, {"conditions", *_OPTIONAL})
        for key in ("conditions", "fields"):
            if not isinstance(plain.get(key, []), list):
                raise SchemaError(key, "a list of quantities", shown(plain[key]))
        conditions, fields = (tuple(map(Quantity.from_dict, plain.get(key, ()))) for key in ("conditions", "fields"))
        if not isinstance(integrals := plain.get("integrals", {}), Mapping):
            raise SchemaError("integrals", "a table of key = name", shown(integrals))
        given = {key: plain[key] for key in _OPTIONAL if key in plain}
        if "integrals" in given:
            given["integrals"] = Integrals.from_dict(integrals)
        return cls(plain["dim"], conditions, fields, **given)
