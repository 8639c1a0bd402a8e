"""Networks are trained and asked in float32, whatever else in the process has told JAX (`jax_enable_x64`)."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import equinox as eqx
import jax

_Function = TypeVar("_Function", bound=Callable)

single = jax.enable_x64(False)
"""Decorates what makes arrays: their numbers are of single precision."""


def compiled(function: _Function, **options: Any) -> _Function:
    """`equinox.filter_jit` of a function, compiled and called under single precision; `options` are its own."""
    return cast(_Function, single(eqx.filter_jit(function, **options)))
