"""Conditions as people give them: numbers, vectors, vectors by magnitude and angle; from Python and from a command."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError
from enf2enf.numeric import numbers_of
from enf2enf.plain import is_line, is_number, shown

Conditions = Mapping[str, Any]  # name -> number, or one number per dimension, or {"magnitude": ..., "angle_deg": ...}
POLAR = ("magnitude", "angle_deg")
"""Keys of a vector of the plane: its magnitude, in the unit of the condition, and its angle from x to y, in degrees."""
_NUMBER_AND_UNIT = re.compile(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*[^\s\d.,;].*", re.DOTALL)
_DIGITS = 15  # a sine or cosine that is 0 but for rounding is 0
_Table = TypeVar("_Table")
_Made = TypeVar("_Made")


class UnitError(ConditionError):
    """A number that came with a unit of its own."""


def check_table(conditions: Any) -> None:
    """Raises `ConditionError` where it is no table of conditions."""
    if not isinstance(conditions, Mapping):
        raise ConditionError("conditions", "a table of name -> value", shown(conditions))
    if strange := [name for name in conditions if not is_line(name)]:
        raise ConditionError("conditions", "names of one line of text", shown(strange[0]))


def check_tables(conditions: Any) -> None:
    """Raises `ConditionError` where it is no sequence of such tables."""
    if isinstance(conditions, Mapping | str) or not isinstance(conditions, Sequence):
        raise ConditionError("conditions", "a list of tables of name -> value", shown(conditions))


def from_tables(tables: Sequence[_Table], make: Callable[[_Table], _Made]) -> list[_Made]:
    """What is made of each of some tables of conditions; where there are several, a refusal says of which."""
    made = []
    for number, table in enumerate(tables, start=1):
        try:
            made.append(make(table))
        except ConditionError as error:
            if len(tables) == 1:
                raise
            name = f"{error.name} of table {number} of {len(tables)}"
            raise type(error)(name, error.expected, error.got) from None
    return made


def numbers(name: str, value: Any, width: int, unit: str = "") -> Float[np.ndarray, " width"]:
    """The value of a condition as `width` finite numbers. Raises `ConditionError`, naming it."""
    row = given(name, value, unit)
    if row.shape != (width,):
        raise ConditionError(f"condition {name!r}", f"{width} number{'s' * (width > 1)}", f"{row.size}")
    if not np.isfinite(row).all():
        raise ConditionError(f"condition {name!r}", "finite numbers", str(row.tolist()))
    return row


def given(name: str, value: Any, unit: str = "") -> Float[np.ndarray, " numbers"]:
    """The value of a condition as a row of numbers.

    Args:
        name: of the condition.
        value: a number, numbers, or the magnitude and the angle of a vector of the plane.
        unit: that it must be in, for the refusal.

    Raises:
        UnitError: a number with a unit, as text or as an object: it is not guessed how to convert it.
        ConditionError: no numbers.
    """
    if isinstance(value, Mapping):
        return _of_polar(name, value)
    if _has_unit(value):
        wanted = f"numbers in {unit or '1'}, without a unit" if unit else "numbers without a unit"
        raise UnitError(f"condition {name!r}", wanted, shown(str(value)))
    numbers = numbers_of(value)
    if numbers is None:
        plain = [_item(part) for part in value] if isinstance(value, list | tuple) else _item(value)
        raise ConditionError(f"condition {name!r}", "numbers", shown(plain))
    row = np.atleast_1d(numbers)
    if row.ndim != 1:
        raise ConditionError(f"condition {name!r}", "a number, or a row of them", f"an array of shape {row.shape}")
    return row.astype(np.float64)


def _of_polar(name: str, parts: Mapping[str, Any]) -> Float[np.ndarray, "2"]:
    plain = {key: _item(part) for key, part in parts.items()}
    if set(plain) != set(POLAR) or not all(isinstance(part, float) or is_number(part) for part in plain.values()):
        wanted = " and ".join(f"{key!r}" for key in POLAR)
        raise ConditionError(f"condition {name!r}", f"numbers, or a table of {wanted}", shown(plain))
    row = [float(plain[key]) for key in POLAR]
    if not all(map(math.isfinite, row)):
        raise ConditionError(f"condition {name!r}", "finite numbers", str(row))
    if row[0] < 0:
        raise ConditionError(f"condition {name!r}", "a magnitude of at least 0", f"{row[0]:g}")
    return vector_of(*row)


def _item(value: Any) -> Any:
    """A number of NumPy's as one of Python's, as which a sentence shows it; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def vector_of(magnitude: float, angle_deg: float) -> Float[np.ndarray, "2"]:
    """The vector of the plane of this magnitude, at this angle from x to y in degrees.

    Raises `ConditionError` where one is not finite.
    """
    if not (math.isfinite(magnitude) and math.isfinite(angle_deg)):
        raise ConditionError("magnitude and angle", "finite numbers", f"{magnitude} and {angle_deg}")
    angle = math.radians(angle_deg)
    return magnitude * np.round([math.cos(angle), math.sin(angle)], _DIGITS)


def _has_unit(value: Any) -> bool:
    """Whether it is a text such as `10 m/s`, or an object that carries a unit, as those of pint do."""
    if isinstance(value, str):
        return bool(_NUMBER_AND_UNIT.fullmatch(value))
    return hasattr(value, "magnitude") and hasattr(value, "units")


def conditions_of(texts: Sequence[str], vectors: Sequence[str] = ()) -> dict[str, Any]:
    """`["traction=0,100"]` -> `{"traction": [0.0, 100.0]}`.

    Args:
        texts: name = number, or numbers separated by commas.
        vectors: name = magnitude, angle in degrees.

    Raises:
        ConditionError: another text, or a name twice.
    """
    conditions: dict[str, Any] = {}
    for option, text in [("-c", text) for text in texts] + [("--vector", text) for text in vectors]:
        name, equals, value = text.partition("=")
        form = "VALUE[,VALUE]" if option == "-c" else "MAGNITUDE,DEGREES"
        if not equals or name in conditions:
            raise ConditionError(option, f"NAME={form}, every name once", repr(text))
        try:
            row = [float(part) for part in value.split(",")]
        except ValueError:
            raise ConditionError(f"condition {name!r}", "numbers, separated by commas", repr(value)) from None
        if option == "--vector":
            if len(row) != len(POLAR):
                raise ConditionError(option, f"NAME={form}", repr(text))
            conditions[name] = dict(zip(POLAR, row, strict=True))
        else:
            conditions[name] = row
    return conditions
