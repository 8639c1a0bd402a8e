"""The run-time type checker that `pyproject.toml` hands to jaxtyping."""

import typing
from collections.abc import Callable
from typing import Any

from beartype import beartype
from jaxtyping import AbstractArray, PyTree


def checked(function: Callable) -> Callable:
    """Beartype on arrays alone: their kinds and shapes. What is no array is left to its own tests."""
    hints = function.__annotations__
    function.__annotations__ = {name: hint if _mentions_array(hint) else Any for name, hint in hints.items()}
    return beartype(function)


def _mentions_array(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, (AbstractArray, PyTree)):
        return True
    parts = typing.get_args(hint)
    return typing.Self not in parts and any(_mentions_array(part) for part in parts)
