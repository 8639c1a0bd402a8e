"""Networks are trained and asked in float32, whatever else in the process has told JAX (`jax_enable_x64`)."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import equinox as eqx
import jax

_Function = TypeVar("_Function", bound=Callable)
_Result = TypeVar("_Result")

single = jax.enable_x64(False)
"""Decorates what makes arrays: their numbers are of single precision."""


def compiled(function: _Function, **options: Any) -> _Function:
    """`equinox.filter_jit` of a function, compiled and called under single precision; `options` are its own."""
    return cast(_Function, single(eqx.filter_jit(function, **options)))


def bound(function: Callable[..., _Result], *first: Any) -> Callable[..., _Result]:
    """A function with its first arguments given, compiled and called under single precision; the others are arrays.

    What is given is taken apart here, which takes 0.2 ms of a network: `compiled` does it at every call. What has the
    same structure has the same program.
    """
    leaves, structure = jax.tree.flatten(first)
    arrays, rest = eqx.partition(leaves, eqx.is_array)
    return single(functools.partial(_call, (function, structure, tuple(rest)), arrays))


@functools.partial(jax.jit, static_argnums=0)
def _call(fixed: tuple, arrays: list[jax.Array | None], *others: jax.Array) -> Any:
    function, structure, rest = fixed
    return function(*jax.tree.unflatten(structure, eqx.combine(arrays, list(rest))), *others)
