"""TOML tables into frozen configurations, and back."""

import abc
import dataclasses
import tomllib
import typing
from collections.abc import Callable, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from enf2enf.errors import ConfigError
from enf2enf.plain import is_number, is_whole, shown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Config = TypeVar("_Config", bound="DataclassInstance")
LARGEST = 4096
_MOST = {
    "grid": 64, "samples": 256, "blocks": 64, "layers": 64, "steps": 64, "expansion": 64, "layer_expansion": 64,
    "heads": 64, "magnitude": 64,
}  # fmt: skip
"""Of what counts by its square, or by compiled parts; of everything else `LARGEST`."""
_SHORTEST, _LONGEST = 1e-6, 1e6
_SEVERAL = 64
_WHOLE = 2**63


@dataclasses.dataclass(frozen=True)
class AbstractKind(abc.ABC):
    """A family of frozen configurations whose members are told apart by the default of their field `kind`.

    A member belongs to its family as soon as its class is defined.
    """

    kind: str

    @classmethod
    def kinds(cls) -> dict[str, type]:
        """kind -> the member of this family."""
        return {member.kind: member for member in cls.__subclasses__()}


def options_of(config: Any) -> dict[str, Any]:
    """All settings but the kind, which has done its work by then."""
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(config) if field.name != "kind"}


def check_ranges(config: Any) -> None:
    """Refuse sizes, lengths, deviations and rates that are none or beyond all reason, and waves that do not shorten."""
    for name, value in options_of(config).items():
        label, numbers = f"{config.kind}.{name}", value if isinstance(value, tuple) else (value,)
        if len(numbers) > _SEVERAL:
            raise ConfigError(label, f"{_SEVERAL} values at most", str(len(numbers)))
        for number in numbers:
            if isinstance(number, int) and not isinstance(number, bool):
                check_number(label, number, int(name not in ("blocks", "magnitude")), _MOST.get(name, LARGEST))
            if isinstance(number, float):
                check_number(label, number, _SHORTEST, _LONGEST)
        if name.endswith("wavelengths") and not value[0] > value[1]:
            raise ConfigError(label, "the longest, then a shorter one", shown(list(value)))


def check_number(name: str, number: float, least: float, most: float) -> None:
    """Refuse a number out of these bounds; a whole one where they are."""
    if not least <= number <= most:
        kind = "whole number" if isinstance(least, int) else "number"
        raise ConfigError(name, f"a {kind} from {least:,} to {most:,}", shown(number))


def from_dict(config: type[_Config], plain: Mapping[str, Any], name: str) -> _Config:
    """Build a frozen configuration from plain data; an unknown key or a value of the wrong type is refused."""
    if not isinstance(plain, Mapping):
        raise ConfigError(name, "a table", shown(plain))
    hints, fields = typing.get_type_hints(config), dataclasses.fields(config)
    if unknown := sorted(plain.keys() - (known := {field.name for field in fields})):
        raise ConfigError(name, f"keys among {sorted(known)}", shown(unknown[0]))
    required = [field.name for field in fields if _is_required(field)]
    if missing := [key for key in required if key not in plain]:
        raise ConfigError(name, f"the key {missing[0]!r}", "none")
    return config(**{key: _value(hints[key], value, f"{name}.{key}") for key, value in plain.items()})


def _is_required(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(hint: Any, value: Any, name: str) -> Any:
    options = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        if value not in options:
            raise ConfigError(name, " or ".join(options), shown(value))
        return value
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(name, "a list", shown(value))
        inner = [options[0]] * len(value) if options[-1] is Ellipsis else options
        if len(inner) != len(value):
            raise ConfigError(name, f"{len(inner)} values", str(len(value)))
        return tuple(_value(kind, item, name) for kind, item in zip(inner, value, strict=True))
    if typing.get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(name, "a table", shown(value))
        return dict(value)
    if isinstance(hint, type) and issubclass(hint, AbstractKind):
        kind = value.get("kind") if isinstance(value, Mapping) else value
        kinds = hint.kinds()
        if not isinstance(kind, str) or kind not in kinds:
            raise ConfigError(f"{name}.kind", " or ".join(sorted(kinds)), shown(kind))
        return from_dict(kinds[kind], value, name)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_dict(hint, value, name)
    wanted, is_good = _KINDS[hint]
    if not is_good(value):
        raise ConfigError(name, wanted, shown(value))
    return hint(value)


_KINDS: dict[type, tuple[str, Callable[[Any], bool]]] = {
    int: ("a whole number", lambda value: is_whole(value, -_WHOLE, _WHOLE - 1)),
    float: ("a finite number", is_number),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    str: ("text", lambda value: isinstance(value, str)),
}


def preset(name: str) -> dict[str, Any]:
    """The tables of a shipped preset, `fast` or `paper`."""
    folder = resources.files("enf2enf") / "presets"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in names:
        raise ConfigError("preset", " or ".join(names), shown(name))
    return tomllib.loads((folder / f"{name}.toml").read_text())
