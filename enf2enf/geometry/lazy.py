"""Values that are worked out when they are first asked for."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any


class lazy(functools.cached_property):
    """`functools.cached_property`, whose lock Python 3.12 dropped: it is one for all instances of a class.

    A thread that works out something large would hold up all that ask about another geometry.
    """

    def __init__(self, func: Callable[[Any], Any]):
        super().__init__(func)
        self.lock = contextlib.nullcontext()
