"""Neural-field surrogates of steady partial differential equations on any geometry."""

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enf2enf.checkpoint import load, save
    from enf2enf.client import AsyncClient, Client
    from enf2enf.data.case import Case
    from enf2enf.description import Description
    from enf2enf.field import Field
    from enf2enf.geometry import Geometry
    from enf2enf.grid import Grid
    from enf2enf.io import read, write
    from enf2enf.line import Line
    from enf2enf.mesh import Mesh
    from enf2enf.prediction import Prediction
    from enf2enf.schema import Quantity, Schema
    from enf2enf.slice import Slice
    from enf2enf.surrogate import Surrogate

_HOMES = {
    "AsyncClient": "enf2enf.client",
    "Case": "enf2enf.data.case",
    "Client": "enf2enf.client",
    "Description": "enf2enf.description",
    "Field": "enf2enf.field",
    "Geometry": "enf2enf.geometry",
    "Grid": "enf2enf.grid",
    "Line": "enf2enf.line",
    "Mesh": "enf2enf.mesh",
    "Prediction": "enf2enf.prediction",
    "Quantity": "enf2enf.schema",
    "Schema": "enf2enf.schema",
    "Slice": "enf2enf.slice",
    "Surrogate": "enf2enf.surrogate",
    "load": "enf2enf.checkpoint",
    "read": "enf2enf.io",
    "save": "enf2enf.checkpoint",
    "write": "enf2enf.io",
}

_CLIENT = ("grpc", "grpc_health", "google", "grpc_status")  # what the extra `client` installs

__all__ = [
    "AsyncClient", "Case", "Client", "Description", "Field", "Geometry", "Grid", "Line", "Mesh", "Prediction",
    "Quantity", "Schema", "Slice", "Surrogate", "load", "read", "save", "write",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: a gRPC client needs no JAX, a solver no network."""
    if name == "__version__":
        return metadata.version("enf2enf")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _CLIENT:
            raise
        raise ImportError(f"enf2enf.{name} needs {error.name}: pip install 'enf2enf[client]'") from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
