"""Named arrays in an uncompressed npz file without objects: the same bytes for the same arrays."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enf2enf.errors import DatasetError
from enf2enf.files import replacing


def read(path: Path, label: str) -> dict[str, np.ndarray]:
    """All arrays of a file. Raises `DatasetError` about `label`: no such file, damaged, or objects in it."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise DatasetError(label, "an npz file of plain arrays", str(error) or type(error).__name__) from error


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file whole or not at all. Raises `DatasetError` where it cannot be written."""
    with replacing(path, DatasetError) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
