"""The run-time type checker that `pyproject.toml` hands to jaxtyping."""

import typing
from collections.abc import Callable
from typing import Any

from beartype import beartype


def checked(function: Callable) -> Callable:
    """Beartype, which sees single functions here and so cannot know what `Self` is: that it leaves unchecked."""
    function.__annotations__ = {
        name: Any if _mentions_self(hint) else hint for name, hint in function.__annotations__.items()
    }
    return beartype(function)


def _mentions_self(hint: Any) -> bool:
    return hint is typing.Self or any(_mentions_self(part) for part in typing.get_args(hint))
