"""Named arrays in an uncompressed npz file without objects: the same bytes for the same arrays."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.files import open_file, replacing
from enf2enf.plain import DAMAGE


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


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file whole or not at all. Raises `DatasetError` where it cannot be written."""
    with replacing(path, DatasetError) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
