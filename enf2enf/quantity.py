"""Named physical quantities, and the columns of arrays that hold them."""

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.errors import SchemaError, check_keys
from enf2enf.plain import is_line, is_number, shown

Kind = Literal["scalar", "vector", "pseudoscalar", "pseudovector", "tensor"]
On = Literal["domain", "wall"]
Transform = Literal["identity", "log1p"]
Measure = Literal["norm", "spread"]
AXES = "xyz"
TENSOR = {3: ("xx", "yy", "xy"), 6: ("xx", "yy", "zz", "xy", "yz", "xz")}
"""Names of the components of vectors, and of symmetric tensors by their number of components."""
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
            of the reference `length`. Kept as pairs, in the order of their names.
        on: where a field is defined, in the `"domain"` or on the `"wall"`.
        relative_to: the condition that is the undisturbed value of a field (the inflow of a velocity); empty for none.
        transform: of the dimensionless field before it is learnt: `"identity"`, or `"log1p"` for a scalar that is not
            negative and ranges over decades.
        error_in: what the error of a field is divided by: `"norm"`, the RMS of the case's own field minus what it is
            `relative_to`; or `"spread"`, its deviation in training, for a field that is nearly zero in some cases.
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
        if self.unit and not is_line(self.unit):
            raise SchemaError(f"unit of {self.name}", "one line that can be printed", shown(self.unit))
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
    return tuple(sorted((condition, float(power)) for condition, power in pairs))


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
