"""What a file may make its reader take: as much as its bytes can hold, whatever they claim."""

import contextlib
import contextvars
import lzma
import math
import sys
import types
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from enf2enf.errors import MeshError

_LARGEST = 1 << 30
_FREE = 64 << 20
_TIMES = 64  # how much larger than the file its arrays may be: text and integers shrink to a tenth, constants further


def of(size: int) -> int:
    """Bytes of unpacked arrays for a file of `size` bytes."""
    return min(_FREE + _TIMES * size, _LARGEST)


class Room:
    """What the arrays that are made of a file may take.

    Args:
        name: the file as the user knows it.
        size: of the file, in bytes.
    """

    def __init__(self, name: str, size: int):
        self._name, self._size, self._left = name, size, of(size)

    def check(self, count: int) -> None:
        """Refuses more numbers than the file has bytes: none takes less than one."""
        self._check(count, self._size)

    def check_made(self, count: int) -> None:
        """Refuses more numbers than there is memory for that the file does not spell out."""
        self._check(count, of(self._size) // 8)

    def _check(self, count: int, most: int) -> None:
        if count > most:
            raise MeshError(self._name, f"at most {most} numbers in a file of {self._size} bytes", f"{int(count)}")

    def inflated(self, data: bytes | memoryview) -> bytes:
        """What zlib made smaller, as long as all of it together is within the allowance."""
        return self.unpacked(_Inflated(), data)

    def unlzma(self, data: bytes | memoryview) -> bytes:
        """The same of LZMA."""
        return self.unpacked(lzma.LZMADecompressor(memlimit=_LARGEST), data)

    def unpacked(self, unpacker: Any, data: bytes | memoryview) -> bytes:
        """What a block holds. Raises `ValueError` if it breaks off, `MeshError` beyond the allowance."""
        unpacked = unpacker.decompress(data, max_length=self._left + 1)
        self.take(len(unpacked))
        if not unpacker.eof:
            raise ValueError("a compressed block that breaks off")
        return unpacked

    def take(self, count: int) -> None:
        """Counts bytes that are made; refuses those beyond the allowance."""
        self._left -= count
        if self._left < 0:
            raise MeshError(self._name, f"at most {of(self._size)} bytes of unpacked arrays", "more")


_ROOM: contextvars.ContextVar[Room] = contextvars.ContextVar("room")


def room() -> Room:
    """The room of the file that is being read, for readers of our own."""
    return _ROOM.get()


@contextlib.contextmanager
def kept(name: str, size: int, format_name: str) -> Iterator[None]:
    """Keeps the reader of a format within the allowance, as long as it lasts. For one thread at a time.

    Ours ask `room`. Those of meshio make room for whatever number a header says before they look whether so many
    numbers follow: they get a NumPy that refuses. Nor do they warn any more, which they would do beautifully, a
    millisecond for each bad line, for nobody.

    Args:
        name: the file as the user knows it.
        size: of the file, in bytes.
        format_name: of the reader, which must have been imported.

    Raises:
        MeshError: from within the reader, when it asks for more.
    """
    from meshio import _common

    stand_ins = {
        "np": (np, _frugal_numpy(name, size)),
        "warn": (_common.warn, _silent),
    }
    prefixes = (f"meshio.{format_name}.", "meshio._vtk_common")
    modules = [module for key, module in list(sys.modules.items()) if key.startswith(prefixes)]
    replaced = [
        (module, key, real, ours)
        for module in modules
        for key, (real, ours) in stand_ins.items()
        if getattr(module, key, None) is real
    ]
    for module, key, _, ours in replaced:
        setattr(module, key, ours)
    token = _ROOM.set(Room(name, size))
    try:
        yield
    finally:
        _ROOM.reset(token)
        for module, key, real, _ in replaced:
            setattr(module, key, real)


def _silent(*args: Any, **kwargs: Any) -> None:
    """In place of a warning."""


def _frugal_numpy(name: str, size: int) -> types.ModuleType:
    """NumPy, with those functions bounded that make arrays of a length that was read."""
    most = of(size) // 8

    def checked(count: Any, limit: int = most) -> None:
        if count > limit:
            raise MeshError(name, f"at most {limit} numbers in a file of {size} bytes", f"{int(count)}")

    def made(function):
        def bounded(shape, *args, **kwargs):
            checked(math.prod(int(n) for n in np.atleast_1d(shape)))
            return function(shape, *args, **kwargs)

        return bounded

    def read(function):
        def bounded(source, dtype=float, count=-1, sep="", **kwargs):
            checked(count, size)  # none takes less than a byte
            return function(source, dtype=dtype, count=int(count), sep=sep, **kwargs)

        return bounded

    def arange(*args, **kwargs):
        start, stop, step = (0, *args, 1)[:3] if len(args) == 1 else (*args, 1)[:3]
        checked(abs(int(stop) - int(start)) // max(abs(int(step)), 1))
        return np.arange(*args, **kwargs)

    def linspace(start, stop, num=50, **kwargs):
        checked(num)
        return np.linspace(start, stop, num, **kwargs)

    frugal = types.ModuleType("numpy")
    frugal.__dict__.update(np.__dict__)
    frugal.__dict__.update({key: made(getattr(np, key)) for key in ("empty", "zeros", "ones", "full")})
    frugal.__dict__.update({key: read(getattr(np, key)) for key in ("fromfile", "fromstring")})
    frugal.__dict__.update(arange=arange, linspace=linspace, mgrid=_Grid(checked), add=_Sum(checked))
    return frugal


class _Grid:
    def __init__(self, checked):
        self._checked = checked

    def __getitem__(self, slices):
        self._checked(len(slices) * math.prod(max(part.stop - part.start, 0) for part in slices))
        return np.mgrid[slices]


class _Sum:
    def __init__(self, checked):
        self._checked = checked

    def outer(self, first, second):
        self._checked(len(first) * len(second))
        return np.add.outer(first, second)


class _Inflated:
    """zlib's incremental unpacker under the names of LZMA's."""

    def __init__(self):
        self._stream = zlib.decompressobj()

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        return self._stream.decompress(data, max_length)

    @property
    def eof(self) -> bool:
        return self._stream.eof
