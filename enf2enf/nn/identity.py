"""What leaves values as they are."""

from typing import TypeVar

T = TypeVar("T")


def identity(value: T) -> T:
    """The value. Has a name, unlike the function that equinox takes by itself: so models can be pickled."""
    return value
