"""The run-time type checker that `pyproject.toml` hands to jaxtyping."""

import types
import typing
from collections.abc import Callable
from typing import Any

from beartype import beartype
from jaxtyping import AbstractArray, PyTree


def checked(function: Callable) -> Callable:
    """Beartype on arrays alone: their kinds and shapes. What is no array is left to its own tests.

    So are containers of any length: beartype looks at one random member a call, where the members of a list may
    well differ in their number of points, and it would find fault once in a while.
    """
    hints = function.__annotations__
    function.__annotations__ = {name: hint if _arrays_alone(hint) else Any for name, hint in hints.items()}
    return beartype(function)


def _arrays_alone(hint: Any) -> bool:
    """An array, or a union or tuple of fixed length with one in it."""
    if isinstance(hint, type) and issubclass(hint, (AbstractArray, PyTree)):
        return True
    if typing.get_origin(hint) not in (typing.Union, types.UnionType, tuple):
        return False
    parts = typing.get_args(hint)
    return Ellipsis not in parts and typing.Self not in parts and any(_arrays_alone(part) for part in parts)
