"""Every error a user can meet, each one sentence: "*name*: expected ..., got ..."."""

from collections.abc import Iterable, Mapping
from typing import Any

from enf2enf.plain import shown


class Enf2EnfError(ValueError):
    """Input that was looked at and refused.

    `name` is the thing at fault as the user knows it (a file, a condition, an option), `expected` what
    would have been accepted and `got` what was found instead.
    """

    def __init__(self, name: str, expected: str, got: str):
        super().__init__(f"{name}: expected {expected}, got {got}")
        self.name, self.expected, self.got = name, expected, got

    def __reduce__(self):  # so that a worker process can hand it back whole
        return type(self), (self.name, self.expected, self.got)


class MeshError(Enf2EnfError):
    """A mesh that cannot be read, or whose nodes and cells make no sense."""


class GeometryError(Enf2EnfError):
    """Boundary curves that do not bound anything a field could live on."""


class SchemaError(Enf2EnfError):
    """Quantities that are declared, or given, against the schema."""


class ConditionError(SchemaError):
    """A global condition that is missing, unknown or not a number."""


class QueryError(Enf2EnfError):
    """Query points that cannot be answered."""


class DatasetError(Enf2EnfError):
    """A data-set folder or packed cache that contradicts itself."""


class ConfigError(Enf2EnfError):
    """A configuration key or value that is unknown or out of range."""


class CheckpointError(Enf2EnfError):
    """A checkpoint that is damaged, or was made for another model."""


class SolverError(Enf2EnfError):
    """A ground-truth solver that did not converge."""


class ServiceError(Enf2EnfError):
    """A remote call that failed for a reason outside the request (network, deadline, overload)."""


def place(point: Iterable[float]) -> str:
    """Coordinates as a sentence shows them."""
    return "(" + ", ".join(f"{x:.6g}" for x in point) + ")"


def check_keys(kind: type[Enf2EnfError], name: str, plain: Any, required: set[str], optional: set[str]) -> None:
    """Raises an error of this kind about `name` where `plain` is no table, lacks a key or has an unknown one."""
    if not isinstance(plain, Mapping):
        raise kind(name, "a table", shown(plain))
    if missing := sorted(required - plain.keys()):
        raise kind(name, f"the key {missing[0]!r}", "none")
    if unknown := sorted(plain.keys() - required - optional):
        raise kind(name, f"keys among {sorted(required | optional)}", shown(unknown[0]))
