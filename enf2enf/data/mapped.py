"""Arrays that stay in a file: of them a process has in memory what it has just read, and no more."""

import math
import mmap
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.array_utils import byte_bounds

from enf2enf.errors import Enf2EnfError


def mapped(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype, offset: int = 0) -> np.ndarray:
    """The array at a place in a file, to read only; it needs the file neither open nor to have a name."""
    if not math.prod(shape):
        return np.zeros(shape, dtype)
    return np.ndarray(shape, dtype, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), offset)


def is_mapped(array: np.ndarray) -> bool:
    """Whether it is in a file, or a part of one that is."""
    return isinstance(_owner(array), mmap.mmap)


def release(array: np.ndarray) -> None:
    """Give back the memory that reading an array, or a part of it, from its file took; none of one in memory."""
    owner = _owner(array)
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        owner.madvise(mmap.MADV_DONTNEED)


def fetch(array: np.ndarray, *places: np.ndarray) -> None:
    """Have the system read items of an array in a file, all at once: on demand, one after the other, takes longer.

    Args:
        array: any; nothing is done for one in memory.
        places: the indices of the items along its first axes.
    """
    owner = _owner(array)
    if not isinstance(owner, mmap.mmap) or not hasattr(mmap, "MADV_WILLNEED"):
        return
    first = byte_bounds(array)[0] - byte_bounds(np.frombuffer(owner, np.uint8))[0]
    offsets = first + sum(place * stride for place, stride in zip(places, array.strides, strict=False))
    for page in np.unique(offsets // mmap.PAGESIZE).tolist():
        owner.madvise(mmap.MADV_WILLNEED, page * mmap.PAGESIZE, mmap.PAGESIZE)


def taken(array: np.ndarray, rows: slice) -> np.ndarray:
    """Some rows: those themselves of an array in memory, a copy of one in a file."""
    if not is_mapped(array):
        return array[rows]
    copy = array[rows].copy()
    release(array)
    return copy


def _owner(array: np.ndarray) -> object:
    """What has the memory of an array."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner


class Spool:
    """Rows that come in pieces, one after the other, in a file without a name.

    Args:
        folder: where the file takes space; it exists.
        name: what a refusal is about.
        refusal: the error that says that it takes none.
    """

    def __init__(self, folder: Path, name: str, refusal: type[Enf2EnfError]):
        self._name, self._refusal, self._count = name, refusal, 0
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115, it is gone with the last array in it
        except OSError as error:
            raise self._refused(error, "a folder to write to, for") from None

    def append(self, rows: np.ndarray) -> None:
        """Take these rows, which are of the same kind as all others."""
        self._kind, self._count = (rows.shape[1:], rows.dtype), self._count + len(rows)
        try:
            self._file.write(rows.tobytes())
        except OSError as error:
            raise self._refused(error) from None

    def rows(self) -> np.ndarray:
        """All of them; there is at least one piece."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from None
        shape, dtype = self._kind
        return mapped(self._file, (self._count, *shape), dtype)

    def _refused(self, error: OSError, wanted: str = "space for") -> Enf2EnfError:
        return self._refusal(self._name, f"{wanted} what does not fit into memory", error.strerror or "none")
