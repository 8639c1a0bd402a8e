"""A file of sections, each given as points."""

import functools
from pathlib import Path

import numpy as np

from enf2enf.data import npz
from enf2enf.errors import DatasetError
from enf2enf.problems.aerofoil.spline import SplineSection


class Outlines:
    """The sections of a file; one is looked at when it is asked for.

    Args:
        path: of an npz file of `points` (sections, points, 2), each from the trailing edge around the nose and back to
            it, and `names` (sections,).

    Raises:
        DatasetError: it holds something else.
    """

    def __init__(self, path: str):
        """Reads the file."""
        arrays = npz.read(Path(path), path)
        none = np.zeros(0, object)
        self._points, self._names = arrays.get("points", none), arrays.get("names", none)
        numbers = self._points.dtype.kind in "fiu" and self._points.ndim == 3 and self._points.shape[2] == 2
        if not numbers or not len(self) or self._names.shape != self._points.shape[:1]:
            got = ", ".join(f"{name} {array.shape} of {array.dtype}" for name, array in arrays.items())
            raise DatasetError(path, "numbers `points` (sections, points, 2) and `names` (sections,)", got[:160])

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, number: int) -> SplineSection:
        """The section of this number. Raises `GeometryError` like `SplineSection.through`."""
        return SplineSection.through(np.asarray(self._points[number], np.float64), f"section {self._names[number]}")


outlines = functools.lru_cache(maxsize=1)(Outlines)
"""Opens a file of sections; the file opened last stays in memory."""
