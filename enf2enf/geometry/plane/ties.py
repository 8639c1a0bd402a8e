"""Choices that rounding must not make: what is equal up to noise ties, and the next thing decides."""

import numpy as np
from jaxtyping import Float, Int

_OWED = 1e-3  # panels: parts that are owed as many to this are owed as much


def ranks(values: Float[np.ndarray, " values"], noise: float) -> Int[np.ndarray, " values"]:
    """Which comes how late in ascending order; those with no gap above the noise between them come together."""
    order = np.argsort(values)
    later = np.diff(values[order], prepend=values[order[:1]]) > noise
    found = np.empty(len(values), dtype=int)
    found[order] = np.cumsum(later)
    return found


def apportion(lengths: Float[np.ndarray, " parts"], count: int, least: int) -> Int[np.ndarray, " parts"]:
    """Shares of a count in proportion to lengths by largest remainder, at least so many each.

    Of parts that are owed as much, the first ones get more.
    """
    quota = lengths / lengths.sum() * count
    shares = np.maximum(np.floor(quota).astype(int), least)
    while step := int(np.sign(count - shares.sum())):
        owed = step * np.where((step > 0) | (shares > least), quota - shares, np.inf)
        shares[np.argmax(owed >= owed.max() - _OWED)] += step
    return shares
