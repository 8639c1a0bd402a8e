"""The numbers of a section of Gmsh's files, as text or as binary data."""

from typing import Any

import numpy as np
from jaxtyping import Int

from enf2enf.io import allowance


class Numbers:
    """The numbers of a section, one after the other.

    Args:
        data: the file.
        start: where they begin.
        order: of the bytes of binary numbers; None for text, of which all numbers of the section are read at once.
    """

    def __init__(self, data: bytes, start: int, order: str | None):
        self._data, self._order, self._room, self.place = data, order, allowance.room(), start
        if order is None:
            end = data.find(b"$End", start)
            if end < 0:
                raise ValueError("a section that breaks off")
            text = data[start:end].strip()
            self._text = np.fromstring(text, sep=" ") if text else np.zeros(0)
            self._at, self.place = 0, end

    def ints(self, count: int) -> Int[np.ndarray, " count"]:
        """So many numbers of four bytes."""
        return self._take(count, "i4").astype(np.int64)

    def sizes(self, count: int) -> Int[np.ndarray, " count"]:
        """So many of eight."""
        return self._take(count, "i8").astype(np.int64)

    def floats(self, count: int) -> np.ndarray:
        """So many real ones."""
        return self._take(count, "f8").astype(np.float64)

    def records(self, count: int, ints: int, floats: int) -> tuple[np.ndarray, np.ndarray]:
        """So many rows, each of some integers of four bytes and some real numbers."""
        self._room.check(count * (ints + floats))
        if self._order is None:
            rows = self._take(count * (ints + floats), "f8").reshape(count, ints + floats)
            return rows[:, :ints].astype(np.int64), rows[:, ints:]
        kind = [("i", f"{self._order}i4", (ints,)), ("f", f"{self._order}f8", (floats,))]
        rows = self._take(count, np.dtype(kind))
        return rows["i"].astype(np.int64), rows["f"].astype(np.float64)

    def rest(self) -> Int[np.ndarray, " _"]:
        """All that are left of text."""
        return self._take(len(self._text) - self._at, "f8").astype(np.int64)

    def end(self) -> int:
        """The place behind them. Raises `ValueError` if more of them follow."""
        if self._order is None and self._at < len(self._text):
            raise ValueError("more numbers in a section than it says")
        return check_end(self._data, self.place)

    @property
    def is_text(self) -> bool:
        """Whether they are written as text."""
        return self._order is None

    def _take(self, count: int, kind: Any) -> np.ndarray:
        count = int(count)
        self._room.check(count)
        if self._order is None:
            found = self._text[self._at : self._at + count]
            self._at += count
        else:
            dtype = np.dtype(self._order + kind) if isinstance(kind, str) else kind
            stop = self.place + count * dtype.itemsize
            found = np.frombuffer(self._data[self.place : stop], dtype) if stop <= len(self._data) else np.zeros(0)
            self.place = stop
        if count < 0 or len(found) != count:
            raise ValueError(f"{len(found)} of {count} numbers")
        return found


def check_end(data: bytes, place: int) -> int:
    """The place, where a section ends. Raises `ValueError` if it does not."""
    if not data[place : place + 99].lstrip().startswith(b"$End"):
        raise ValueError("more numbers in a section than it says")
    return place
