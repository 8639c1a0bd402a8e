"""What a surrogate needs and what it returns: names, kinds and units, and the columns of arrays that hold them."""

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.errors import SchemaError, check_keys
from enf2enf.plain import is_number, shown

Kind = Literal["scalar", "vector", "pseudoscalar", "pseudovector", "tensor"]
On = Literal["domain", "wall"]
Transform = Literal["identity", "log1p"]
Measure = Literal["norm", "spread"]
LENGTH = "length"
"""What a field may scale with beside conditions: the reference length."""
_CONDITIONS: tuple[Kind, ...] = ("scalar", "vector", "pseudoscalar")
_USUAL = {"scales_with": (), "on": "domain", "relative_to": "", "transform": "identity", "error_in": "norm"}
SHORTEST, LONGEST = 1e-9, 1e9
"""Reference lengths in metres: every power of them that fields may scale with is a finite number."""
_LARGEST_POWER = 16
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A named physical quantity.

    Args:
        name: an identifier, e.g. `von_mises`.
        kind: how it changes with the frame: `"scalar"` (not at all), `"vector"` (one component per dimension),
            `"pseudoscalar"` and `"pseudovector"` (which change their sign in a mirror besides: a shear stress on a
            wall, a vorticity), or `"tensor"` (symmetric, its components xx, yy, xy, in space xx, yy, zz, xy, yz, xz).
        unit: its SI unit as text, e.g. `Pa`; empty for a dimensionless quantity.
        scales_with: `{condition: power}`, or pairs of these: the field is made dimensionless by these powers, -16 to
            16, of the magnitudes of conditions (a stress by its traction, a pressure by the square of the inflow) and
            of the reference `length`. Kept as pairs.
        on: where a field is defined, in the `"domain"` or on the `"wall"`.
        relative_to: the condition that is the undisturbed value of a field (the inflow of a velocity); empty for none.
        transform: of the dimensionless field before it is learnt: `"identity"`, or `"log1p"` for a scalar that is not
            negative and ranges over decades.
        error_in: what the error of a field is measured in: the `"norm"` of the case's own field, less what it is
            `relative_to`; or its `"spread"` over the training data, for a field that is next to nothing in some cases.
    """

    name: str
    kind: Kind = "scalar"
    unit: str = ""
    scales_with: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    on: On = "domain"
    relative_to: str = ""
    transform: Transform = "identity"
    error_in: Measure = "norm"

    def __post_init__(self):
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SchemaError("quantity name", "a letter, then letters, digits or _", shown(self.name))
        for key, options in (("kind", Kind), ("on", On), ("transform", Transform), ("error_in", Measure)):
            value = getattr(self, key)
            if value not in get_args(options):
                raise SchemaError(f"{key} of {self.name}", " or ".join(get_args(options)), shown(value))
        for key in ("unit", "relative_to"):
            if not isinstance(getattr(self, key), str):
                raise SchemaError(f"{key} of {self.name}", "text", shown(getattr(self, key)))
        object.__setattr__(self, "scales_with", _powers(self.name, self.scales_with))

    def width(self, dim: int) -> int:
        """Number of components in `dim` dimensions."""
        return {"vector": dim, "pseudovector": dim, "tensor": dim * (dim + 1) // 2}.get(self.kind, 1)

    @property
    def is_single(self) -> bool:
        """Whether it is one number, so that its values have no axis of components."""
        return self.kind in ("scalar", "pseudoscalar")

    def scales(self, name: str) -> bool:
        """Whether it scales with the condition of this name."""
        return any(power for condition, power in self.powers if condition == name)

    @property
    def powers(self) -> tuple[tuple[str, float], ...]:
        """What it scales with: conditions, or the reference length, and their powers."""
        return tuple(dict(self.scales_with).items())

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; what is at its default is left out."""
        plain: dict[str, Any] = {"name": self.name, "kind": self.kind, "unit": self.unit}
        if self.scales_with:
            plain["scales_with"] = dict(self.scales_with)
        fields = {field.name: field.default for field in dataclasses.fields(self)}
        return plain | {
            k: getattr(self, k) for k in ("on", "relative_to", "transform", "error_in") if getattr(self, k) != fields[k]
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        keys = {field.name for field in dataclasses.fields(cls)}
        check_keys(SchemaError, "quantity", plain, {"name"}, keys - {"name"})
        if not isinstance(scales := plain.get("scales_with", {}), Mapping):
            raise SchemaError("scales_with", "a table of condition = power", shown(scales))
        return cls(**plain)


def _powers(field: str, scales: Any) -> tuple[tuple[str, float], ...]:
    """Pairs of a condition and a power, from a table or from pairs."""
    pairs = list(scales.items() if isinstance(scales, Mapping) else scales)
    if not all(isinstance(pair, Sequence) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise SchemaError("scales_with", "a table of condition = power", shown(scales))
    for condition, power in pairs:
        if not isinstance(power, (int, float)) or isinstance(power, bool):
            raise SchemaError("scales_with", "a table of condition = power", shown(scales))
        if not is_number(power) or abs(power) > _LARGEST_POWER:
            wanted = f"a power from {-_LARGEST_POWER} to {_LARGEST_POWER}"
            raise SchemaError(f"scales_with of {field}, {condition}", wanted, shown(power))
    return tuple((condition, float(power)) for condition, power in pairs)


@dataclasses.dataclass(frozen=True)
class Quantities:
    """Quantities in the order of the columns of an array, one column per component."""

    items: tuple[Quantity, ...]
    dim: int

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(quantity.name for quantity in self.items)

    @functools.cached_property
    def widths(self) -> tuple[int, ...]:
        """Number of columns of each."""
        return tuple(quantity.width(self.dim) for quantity in self.items)

    @property
    def width(self) -> int:
        """Number of columns."""
        return sum(self.widths)

    @functools.cached_property
    def groups(self) -> tuple[int, ...]:
        """For every column, the index of its quantity."""
        return tuple(index for index, width in enumerate(self.widths) for _ in range(width))

    @functools.cached_property
    def slices(self) -> tuple[slice, ...]:
        """The columns of each."""
        ends = np.cumsum([0, *self.widths]).tolist()
        return tuple(slice(start, end) for start, end in zip(ends[:-1], ends[1:], strict=True))

    def split(self, columns: Float[np.ndarray, "*rows columns"]) -> dict[str, np.ndarray]:
        """name -> its columns; the single column of a scalar without its axis."""
        parts = zip(self.items, self.slices, strict=True)
        return {q.name: columns[..., part.start] if q.is_single else columns[..., part] for q, part in parts}

    def join(self, values: Mapping[str, ArrayLike], rows: int) -> Float[np.ndarray, "rows columns"]:
        """The inverse of `split`, for `rows` rows."""
        parts = [np.reshape(values[name], (rows, width)) for name, width in zip(self.names, self.widths, strict=True)]
        return np.concatenate([np.zeros((rows, 0)), *parts], axis=1)

    def magnitudes(self, row: Float[np.ndarray, " columns"]) -> Float[np.ndarray, " quantities"]:
        """Euclidean norm of each in one row."""
        return np.array([np.linalg.norm(row[part]) for part in self.slices])


@dataclasses.dataclass(frozen=True)
class Schema:
    """The contract of a data set and of every surrogate trained on it.

    Args:
        dim: 2 or 3 space dimensions. Coordinates are in metres.
        conditions: global parameters of a case, in the order the model sees them.
        fields: what is predicted at every point, in the order the model returns it.
        outer_is_far: whether the mesh ends at its outer boundary and the domain does not: that boundary then says where
            answers exist, and nothing else depends on it.
        length: the reference length in metres, 1e-9 to 1e9; None for the mean extent of the training geometries.
        open_walls: whether walls may be parts of a boundary, such as those of a channel from its inlet to its outlet.
    """

    dim: int
    conditions: tuple[Quantity, ...]
    fields: tuple[Quantity, ...]
    outer_is_far: bool = False
    length: float | None = None
    open_walls: bool = False

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
        for key in ("outer_is_far", "open_walls"):
            if type(value := getattr(self, key)) is not bool:
                raise SchemaError(key, "true or false", shown(value))
        if self.outer_is_far and self.open_walls:
            raise SchemaError("open_walls", "false where the outer boundary is far", "true")
        if self.length is not None and not (is_number(self.length) and SHORTEST <= self.length <= LONGEST):
            wanted = f"a number of metres from {SHORTEST:g} to {LONGEST:g}"
            raise SchemaError("length of the schema", wanted, shown(self.length))

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
        """The fields that are answered there: on walls those of the domain, at its edge, where no other are defined."""
        return self.fields_on(where) or self.fields_on("domain")

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        plain: dict[str, Any] = {
            "dim": self.dim,
            "conditions": [q.to_dict() for q in self.conditions],
            "fields": [q.to_dict() for q in self.fields],
        }
        plain |= {key: True for key in ("outer_is_far", "open_walls") if getattr(self, key)}
        return plain if self.length is None else plain | {"length": self.length}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on anything unknown or missing."""
        check_keys(
            SchemaError, "schema", plain, {"dim", "fields"}, {"conditions", "outer_is_far", "length", "open_walls"}
        )
        for key in ("conditions", "fields"):
            if not isinstance(plain.get(key, []), list):
                raise SchemaError(key, "a list of quantities", shown(plain[key]))
        conditions, fields = (tuple(map(Quantity.from_dict, plain.get(key, ()))) for key in ("conditions", "fields"))
        flags = {key: plain[key] for key in ("outer_is_far", "open_walls") if key in plain}
        return cls(plain["dim"], conditions, fields, length=plain.get("length"), **flags)
