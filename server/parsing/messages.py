"""Messages over a pipe: a JSON header, then arrays as they lie in memory. Plain data: reading it executes nothing."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

HEADER_BYTES = 1 << 20
_MAGIC = b"enf1"
_PREFIX = struct.Struct("<4sI")
_DTYPES = ("<f8", "<i8", "|u1")
_ARRAYS = 9


class MessageError(ValueError):
    """Bytes that are no message, or a message that is larger than allowed."""


def pack(about: Mapping[str, Any], arrays: Sequence[np.ndarray] = ()) -> list[memoryview]:
    """A message as parts to be written one after the other; arrays of float64, int64 or bytes are not copied.

    Raises:
        MessageError: more than `HEADER_BYTES` of header.
    """
    whole = [np.ascontiguousarray(array) for array in arrays]
    shapes = [[array.dtype.str, list(array.shape)] for array in whole]
    header = json.dumps({"about": about, "arrays": shapes}).encode()
    if len(header) > HEADER_BYTES:
        raise MessageError(f"a header of {len(header)} bytes")
    head = _PREFIX.pack(_MAGIC, len(header)) + header
    return [memoryview(head), *(array.data.cast("B") for array in whole if array.size)]


class IncomingMessage:
    """A message that arrives piece by piece: read bytes into `room`, say how many were `filled`, until `done`.

    Args:
        limit: bytes that the arrays may have together.
    """

    def __init__(self, limit: int):
        self._limit = limit
        self._rooms = [memoryview(bytearray(_PREFIX.size))]
        self._next = self._begin
        self.about: dict[str, Any] = {}
        self.arrays: list[np.ndarray] = []

    @property
    def done(self) -> bool:
        """Whether all of it is there, in `about` and `arrays`."""
        return not self._rooms

    @property
    def room(self) -> memoryview:
        """Where the next bytes belong."""
        return self._rooms[0]

    def filled(self, count: int) -> None:
        """Takes note of the bytes that were read into `room`. Raises `MessageError` if they are no message."""
        room = self._rooms[0]
        if count < len(room):
            self._rooms[0] = room[count:]
            return
        del self._rooms[0]
        if not self._rooms:
            self._next(memoryview(room.obj))

    def _begin(self, prefix: memoryview) -> None:
        magic, size = _PREFIX.unpack(prefix)
        if magic != _MAGIC or not 2 <= size <= HEADER_BYTES:
            raise MessageError("no header")
        self._rooms, self._next = [memoryview(bytearray(size))], self._describe

    def _describe(self, header: memoryview) -> None:
        try:
            content = json.loads(bytes(header))
            shapes = [(np.dtype(str(dtype)), tuple(shape)) for dtype, shape in content["arrays"]]
            self.about = dict(content["about"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise MessageError("a header that is not understood") from error
        if len(shapes) > _ARRAYS or any(not _sound(dtype, shape) for dtype, shape in shapes):
            raise MessageError("arrays of another kind")
        if (size := sum(dtype.itemsize * math.prod(shape) for dtype, shape in shapes)) > self._limit:
            raise MessageError(f"{size} bytes of arrays where {self._limit} are allowed")
        self.arrays = [np.empty(shape, dtype) for dtype, shape in shapes]
        self._rooms = [array.data.cast("B") for array in self.arrays if array.size]
        self._next = lambda _: None


def _sound(dtype: np.dtype, shape: tuple) -> bool:
    return dtype.str in _DTYPES and len(shape) in (1, 2) and all(type(n) is int and n >= 0 for n in shape)
