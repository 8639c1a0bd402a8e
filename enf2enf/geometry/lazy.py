"""Values that are worked out when they are first asked for."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any


class lazy(functools.cached_property):
    """`functools.cached_property` without the lock that it has before Python 3.12, shared by all instances of a class.

    With that lock, a thread that computes something large would block threads that ask about another geometry.
    """

    def __init__(self, func: Callable[[Any], Any]):
        super().__init__(func)
        self.lock = contextlib.nullcontext()
