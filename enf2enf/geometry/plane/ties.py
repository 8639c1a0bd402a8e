"""Choices that rounding must not make: values that are equal up to noise tie, and the next criterion decides."""

import numpy as np
from jaxtyping import Float, Int

_OWED = 1e-3  # panels: remainders that differ by no more are equal


def ranks(values: Float[np.ndarray, " values"], noise: float) -> Int[np.ndarray, " values"]:
    """The rank of every value in ascending order, from 0; values without a gap above `noise` between them share one."""
    order = np.argsort(values)
    later = np.diff(values[order], prepend=values[order[:1]]) > noise
    found = np.empty(len(values), dtype=int)
    found[order] = np.cumsum(later)
    return found


def apportion(lengths: Float[np.ndarray, " parts"], count: int, least: int) -> Int[np.ndarray, " parts"]:
    """Shares of a count in proportion to lengths by largest remainder, at least so many each.

    If remainders are equal, the first parts get more.
    """
    quota = lengths / lengths.sum() * count
    shares = np.maximum(np.floor(quota).astype(int), least)
    while step := int(np.sign(count - shares.sum())):
        owed = step * np.where((step > 0) | (shares > least), quota - shares, np.inf)
        shares[np.argmax(owed >= owed.max() - _OWED)] += step
    return shares
