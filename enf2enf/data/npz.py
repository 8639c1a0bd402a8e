"""Named arrays in an uncompressed npz file without objects: the same bytes for the same arrays."""

import math
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile

from enf2enf.data.mapped import is_mapped, mapped, taken
from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.files import open_file, replacing
from enf2enf.plain import DAMAGE

LARGE = 2**28  # bytes: what has more stays in its file
_PIECE = 2**24  # bytes, that are read or written at once


def read(path: Path, label: str) -> dict[str, np.ndarray]:
    """All arrays of a file. Raises `DatasetError` about `label`: no such file, damaged, or objects in it."""
    wanted = "an npz file of plain arrays"
    try:
        with open_file(path) as file:
            if not zipfile.is_zipfile(file):
                raise DatasetError(label, wanted, "a file of another kind, or a part of one")
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                arrays = {key: stored[key] for key in stored.files}
    except (OSError, *DAMAGE) as error:
        if isinstance(error, Enf2EnfError):
            raise
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DatasetError(label, wanted, reason) from error
    if strange := [key for key, value in arrays.items() if not isinstance(value, np.ndarray)]:
        raise DatasetError(label, wanted, f"other bytes under {strange[0]!r}")
    return arrays


def member(stored: NpzFile, file: BinaryIO, name: str) -> np.ndarray:
    """An array of an opened file: a large one stays there, once its bytes have been checked.

    Args:
        stored: the opened file.
        file: the same one.
        name: of the array.

    Raises:
        whatever NumPy and zipfile do of a damaged file.
    """
    with zipfile.ZipFile(file) as archive:
        info = next((info for info in archive.infolist() if info.filename == f"{name}.npy"), None)
        if info is None or info.file_size <= LARGE or info.compress_type != zipfile.ZIP_STORED:
            return stored[name]
        with archive.open(info) as stream:
            if npy.read_magic(stream) != (1, 0):
                return stored[name]
            shape, is_fortran, dtype = npy.read_array_header_1_0(stream)
            header = stream.tell()
            while stream.read(_PIECE):  # to the end, where the check sum is compared
                pass
    if is_fortran or dtype.hasobject or info.file_size != header + dtype.itemsize * math.prod(shape):
        return stored[name]
    return mapped(file, shape, dtype, _beginning(file, info) + header)


def _beginning(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin: after a header, and a name and extras of the lengths that stand in it."""
    file.seek(info.header_offset)
    *_, name, extra = struct.unpack("<4s5H3L2H", file.read(30))
    return info.header_offset + 30 + name + extra


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file whole or not at all. Raises `DatasetError` where it cannot be written."""
    with replacing(path, DatasetError) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                if not is_mapped(array):
                    npy.write_array(stream, np.asanyarray(array), allow_pickle=False)
                    continue
                npy.write_array_header_1_0(stream, npy.header_data_from_array_1_0(array))
                step = max(1, _PIECE // array[0].nbytes)
                for start in range(0, len(array), step):
                    stream.write(taken(array, slice(start, start + step)).tobytes())
