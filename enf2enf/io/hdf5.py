"""HDF5 files looked through before a reader does: no way out of them, and no arrays that they cannot hold."""

import math
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import allowance, magic

_DEEPEST = 32


def sniff(data: bytes) -> bool:
    """Whether the bytes of a file are HDF5, as `Format.sniff`."""
    return data.startswith(magic.HDF5)


def check(name: str, path: Path, counts: tuple[str, ...] = ()) -> None:
    """Looks through an HDF5 file for links out of it and for arrays that the file cannot hold.

    Args:
        name: the file as the user knows it.
        path: the file.
        counts: names of attributes that hold a count for which the reader makes room.

    Raises:
        MeshError: external links, external or virtual storage, groups in a ring, too much data, too large a count.
    """
    import h5py

    size = path.stat().st_size
    with h5py.File(path, "r") as file:
        _Tree(name, size, counts).look(file, 0)


class _Tree:
    """A walk through the groups of an HDF5 file."""

    def __init__(self, name: str, size: int, counts: tuple[str, ...]):
        self._name, self._size, self._counts = name, size, counts
        self._left, self._seen = allowance.of(size), set()

    def look(self, group, depth: int) -> None:
        """Looks at a group and all below it."""
        import h5py

        # h5o is compiled and has no stubs.
        place = h5py.h5o.get_info(group.id).addr  # pyright: ignore[reportAttributeAccessIssue]
        if depth > _DEEPEST or place in self._seen:
            found = f"groups nested more than {_DEEPEST} deep" if depth > _DEEPEST else "a group in two places"
            raise MeshError(self._name, "a tree of groups", found)
        self._seen.add(place)
        self._count(group)
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise MeshError(self._name, "HDF5 data within the file", f"a link at {key!r}")
            item = group[key]
            if isinstance(item, h5py.Group):
                self.look(item, depth + 1)
            elif isinstance(item, h5py.Dataset):
                self._array(key, item)

    def _array(self, key: str, item) -> None:
        if item.external or item.is_virtual:
            raise MeshError(self._name, "HDF5 data within the file", f"external data at {key!r}")
        if item.dtype.hasobject:  # texts of any length, each of which may be the same one
            raise MeshError(self._name, "arrays of numbers", f"data of another kind at {key!r}")
        self._count(item)
        chunk = math.prod(item.chunks or ()) * item.dtype.itemsize
        self._left -= max(item.nbytes, chunk)
        if self._left < 0:
            most = allowance.of(self._size)
            raise MeshError(self._name, f"at most {most} bytes of arrays in a file of {self._size}", "more")

    def _count(self, item) -> None:
        for count in (item.attrs.get(key, 0) for key in self._counts):
            if np.size(count) != 1 or int(np.max(count)) > self._size:
                raise MeshError(self._name, "as many numbers as the file has room for", f"a count of {count}")
