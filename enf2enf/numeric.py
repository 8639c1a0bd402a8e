"""Arrays of numbers as anyone may hand them over."""

import itertools
from typing import Any

import numpy as np


def numbers_of(given: Any) -> np.ndarray | None:
    """The real numbers of an array, or of lists and arrays within lists; None where some are none.

    So are rows of different lengths, texts and bytes, complex numbers, and what NumPy would silently take for other
    numbers: truth values (0 and 1), and numbers that are masked, at any depth (what lies under the mask).
    """
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        return None
    is_other = array.dtype.kind not in "fiu" or isinstance(given, bytearray | memoryview)
    return None if is_other or _hides_others(given) else array


def _hides_others(given: Any) -> bool:
    """Whether truth values or masked numbers are among what NumPy made an array of numbers of."""
    if not isinstance(given, list | tuple):
        is_truth = isinstance(given, bool | np.bool_) or (isinstance(given, np.ndarray) and given.dtype.kind == "b")
        return is_truth or bool(np.ma.is_masked(given))
    kinds = set(map(type, given))
    if kinds <= {list, tuple}:
        return bool(given) and _hides_others(list(itertools.chain.from_iterable(given)))
    return not kinds <= {float, int} and any(map(_hides_others, given))
