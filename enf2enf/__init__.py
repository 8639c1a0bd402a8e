"""Neural-field surrogates of steady partial differential equations on any geometry."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enf2enf.checkpoint import load, save
    from enf2enf.data.case import Case
    from enf2enf.field import Field
    from enf2enf.geometry import Geometry
    from enf2enf.mesh import Mesh
    from enf2enf.schema import Schema
    from enf2enf.surrogate import Surrogate

_HOMES = {
    "Case": "enf2enf.data.case",
    "Field": "enf2enf.field",
    "Geometry": "enf2enf.geometry",
    "Mesh": "enf2enf.mesh",
    "Schema": "enf2enf.schema",
    "Surrogate": "enf2enf.surrogate",
    "load": "enf2enf.checkpoint",
    "save": "enf2enf.checkpoint",
}

__all__ = ["Case", "Field", "Geometry", "Mesh", "Schema", "Surrogate", "load", "save"]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: a gRPC client needs no JAX, a solver no network."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
