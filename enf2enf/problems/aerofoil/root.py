"""Where a function is zero."""

from collections.abc import Callable
from typing import Any, cast

from scipy.optimize import brentq


def root(function: Callable[[float], Any], low: float, high: float) -> float:
    """To the last digits, between two places where its signs differ."""
    return cast(float, brentq(function, low, high, xtol=1e-15))
