"""TOML tables into frozen configurations, and back."""

import abc
import dataclasses
import math
import tomllib
import typing
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from enf2enf.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Config = TypeVar("_Config", bound="DataclassInstance")
LARGEST = 4096


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
    """Refuse sizes that are none or beyond all reason, and lengths, deviations and rates that are not above 0."""
    for name, value in options_of(config).items():
        least = 0 if name in ("blocks", "magnitude") else 1
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and not least <= number <= LARGEST:
                raise ConfigError(f"{config.kind}.{name}", f"a whole number from {least} to {LARGEST}", str(number))
            if isinstance(number, float) and not 0 < number < math.inf:
                raise ConfigError(f"{config.kind}.{name}", "a number above 0", str(number))


def from_dict(config: type[_Config], plain: Mapping[str, Any], name: str) -> _Config:
    """Build a frozen configuration from plain data; an unknown key or a value of the wrong type is refused."""
    if not isinstance(plain, Mapping):
        raise ConfigError(name, "a table", repr(plain))
    hints, fields = typing.get_type_hints(config), dataclasses.fields(config)
    if unknown := sorted(plain.keys() - (known := {field.name for field in fields})):
        raise ConfigError(name, f"keys among {sorted(known)}", repr(unknown[0]))
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
            raise ConfigError(name, " or ".join(options), repr(value))
        return value
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(name, "a list", repr(value))
        inner = [options[0]] * len(value) if options[-1] is Ellipsis else options
        if len(inner) != len(value):
            raise ConfigError(name, f"{len(inner)} values", str(len(value)))
        return tuple(_value(kind, item, name) for kind, item in zip(inner, value, strict=True))
    if typing.get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(name, "a table", repr(value))
        return dict(value)
    if isinstance(hint, type) and issubclass(hint, AbstractKind):
        kind = value.get("kind") if isinstance(value, Mapping) else value
        if kind not in hint.kinds():
            raise ConfigError(f"{name}.kind", " or ".join(sorted(hint.kinds())), repr(kind))
        return from_dict(hint.kinds()[kind], value, name)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_dict(hint, value, name)
    accepted = (int, float) if hint is float else hint
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(name, hint.__name__, repr(value))
    return hint(value)


def preset(name: str) -> dict[str, Any]:
    """The tables of a shipped preset, `fast` or `paper`."""
    folder = resources.files("enf2enf") / "presets"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in names:
        raise ConfigError("preset", " or ".join(names), repr(name))
    return tomllib.loads((folder / f"{name}.toml").read_text())
