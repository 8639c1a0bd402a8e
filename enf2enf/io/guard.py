"""Between other people's readers and our users: every failure becomes one sentence, and no file reaches another."""

import contextlib
import io
import math
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import allowance, markup

_ONE_AT_A_TIME = threading.Lock()  # standard error and the warning filters belong to the whole process
_DEEPEST = 32


@contextlib.contextmanager
def sentence(name: str, expected: str, failing: str, folder: Path) -> Iterator[None]:
    """Runs a reader or writer: silent, and with every failure as a `MeshError` that names no temporary path.

    Args:
        name: the file as the user knows it.
        expected: what it should have been.
        failing: what it is instead, when it fails without a word.
        folder: the temporary folder it lies in.
    """
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message="string or file could not be read")  # numbers that break off
            with contextlib.redirect_stdout(io.StringIO()):
                yield
    except MeshError:
        raise
    except MemoryError:
        raise MeshError(name, "a mesh that fits into memory", "one that needs more") from None
    except (Exception, SystemExit) as error:
        raise MeshError(name, expected, f"{failing}{_detail(error, folder)}") from None


def _detail(error: BaseException, folder: Path) -> str:
    """What a reader said, where it said it of the file and not of itself."""
    if isinstance(error, (SystemExit, AttributeError, TypeError, AssertionError, IndexError)):
        return ""
    text = " ".join(str(error).split())
    if isinstance(error, KeyError):
        text = f"no {text}"
    text = re.sub(r"\bnp\.\w+\(([^()]*)\)", r"\1", text)  # how NumPy writes its numbers
    if str(folder) in text or "Traceback" in text:
        return ""
    return f" ({text[:160].rstrip('.')})" if text else ""


def companions(name: str, data: bytes, beside: Path | None) -> list[Path]:
    """Files an XDMF document refers to, all of them beside it.

    Args:
        name: the document as the user knows it.
        data: its text.
        beside: the folder it was read from; None for bytes alone, which may refer to nothing.

    Raises:
        MeshError: a reference to a file that is elsewhere, missing, not HDF5, or any at all for bytes alone.
    """
    found = []
    for item in markup.data_items(name, data):
        kind, file = item.attributes.get("Format", "").lower(), item.text.strip().partition(":")[0]
        if kind == "binary":
            raise MeshError(name, "inline or HDF5 data", "a reference to a raw binary file")
        if kind != "hdf":
            continue
        if beside is None:
            raise MeshError(name, 'inline data (Format="XML")', f"a reference to the file {file!r}")
        if file != Path(file).name or not (beside / file).is_file() or (beside / file).is_symlink():
            raise MeshError(name, "HDF5 data in a file beside it", f"a reference to {file!r}")
        found.append(beside / file)
    return sorted(set(found))


def check_hdf5(name: str, path: Path) -> None:
    """Looks through an HDF5 file for links out of it and for arrays that the file cannot hold.

    Raises:
        MeshError: external links, external or virtual storage, groups in a ring, too much data, too large a count.
    """
    import h5py

    size = path.stat().st_size
    with h5py.File(path, "r") as file:
        _Tree(name, size).look(file, 0)


class _Tree:
    """A walk through the groups of an HDF5 file."""

    def __init__(self, name: str, size: int):
        self._name, self._size, self._left, self._seen = name, size, allowance.of(size), set()

    def look(self, group, depth: int) -> None:
        """Looks at a group and all below it."""
        import h5py

        place = h5py.h5o.get_info(group.id).addr
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
        """MED's own counts, for which meshio makes room."""
        count = item.attrs.get("NBR", 0)
        if np.size(count) != 1 or int(np.max(count)) > self._size:
            raise MeshError(self._name, "as many numbers as the file has room for", f"a count of {count}")
