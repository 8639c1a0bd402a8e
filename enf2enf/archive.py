"""A zip of `manifest.json` and one array per tree path. Data only, nothing is executed."""

import io
import json
import math
import os
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from enf2enf.errors import CheckpointError
from enf2enf.files import open_file, replacing
from enf2enf.plain import DAMAGE

_LARGEST_MANIFEST = 4 << 20
_ENCRYPTED = 1  # flag of a zip entry
_NONE: Mapping[str, str] = {}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # so that equal contents are equal bytes


def named_arrays(tree: PyTree) -> dict[str, Any]:
    """Every array of a tree by its path."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    is_array = lambda leaf: eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)  # noqa: E731
    return {jax.tree_util.keystr(path).lstrip("."): leaf for path, leaf in leaves if is_array(leaf)}


def write_archive(path: str | os.PathLike, manifest: Mapping[str, Any], tree: PyTree) -> None:
    """Write `manifest.json` and the tree's arrays, atomically and byte for byte reproducibly."""
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target, CheckpointError) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("manifest.json", _EPOCH), text)
        for name, leaf in named_arrays(tree).items():
            with archive.open(zipfile.ZipInfo(f"arrays/{name}.npy", _EPOCH), "w") as entry:
                np.lib.format.write_array(entry, np.asarray(leaf), allow_pickle=False)


class open_archive:  # noqa: N801, reads as a function at its call
    """Context manager: (archive, manifest) of a file written by `write_archive`.

    Args:
        path: of the file.
        kind: the `format` that its manifest states.
        versions: those that are read, the newest first.
    """

    def __init__(self, path: str | os.PathLike, kind: str, *versions: int):
        self.path, self.kind, self.versions = Path(path), kind, versions

    def __enter__(self) -> tuple[zipfile.ZipFile, dict[str, Any]]:
        """Check the file's kind and version before anything else is believed."""
        name = self.path.name
        try:
            self._file = open_file(self.path)
        except FileNotFoundError:
            raise CheckpointError(name, "a file", "nothing at that place") from None
        except OSError as error:
            raise CheckpointError(name, "a checkpoint", f"a file that is not one ({_reason(error)})") from error
        try:
            archive = zipfile.ZipFile(self._file)
            _check_members(archive, name)
            manifest = json.loads(_stored(archive, "manifest.json", _LARGEST_MANIFEST), object_pairs_hook=_table)
            version, wanted = manifest["version"], f"{self.kind} of version {self.versions[0]}"
            if manifest["format"] != self.kind:
                raise CheckpointError(name, wanted, "another kind of file")
            if isinstance(version, bool) or version not in self.versions:
                raise CheckpointError(name, wanted, f"version {version!r}"[:80])
        except (OSError, *DAMAGE) as error:
            self._file.close()
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(name, "a checkpoint", f"a file that is not one ({_reason(error)})") from error
        return archive, manifest

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()


def _check_members(archive: zipfile.ZipFile, name: str) -> None:
    if twice := [member for member, count in Counter(archive.namelist()).items() if count > 1]:
        raise CheckpointError(name, "every member once", f"{twice[0]!r} more than once")


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of the manifest, its keys unique: what reads it next might take the other value."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key more than once")
    return table


def _reason(error: Exception) -> str:
    """What is wrong, without the path that the words of an `OSError` have."""
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def read_arrays(archive: zipfile.ZipFile, template: PyTree, renamed: Mapping[str, str] = _NONE) -> PyTree:
    """The template with its arrays read by path; a missing, surplus or differently shaped one is refused by name.

    Args:
        archive, template: where they are, and what they shall be.
        renamed: parts of paths in the archive -> in the template.
    """
    wanted = named_arrays(template)
    members = [name for name in archive.namelist() if name.startswith("arrays/")]
    stored = {_path(name[7:-4], renamed): name for name in members}
    if len(stored) < len(members):
        raise CheckpointError("arrays", "every path once", "two members of one path")
    if missing := sorted(wanted.keys() - stored.keys()):
        raise CheckpointError(f"array {missing[0]!r}", "its values in the checkpoint", "none")
    if surplus := sorted(stored.keys() - wanted.keys()):
        raise CheckpointError(f"array {surplus[0]!r}", "an array of the configured model", "a stranger")
    arrays = iter([_read_array(archive, name, stored[name], leaf) for name, leaf in wanted.items()])
    is_leaf = lambda leaf: eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)  # noqa: E731
    return jax.tree.map(lambda leaf: next(arrays) if is_leaf(leaf) else leaf, template)


def _path(stored: str, renamed: Mapping[str, str]) -> str:
    for old, new in renamed.items():
        stored = stored.replace(old, new)
    return stored


def _read_array(archive: zipfile.ZipFile, name: str, entry: str, like: Any) -> jax.Array:
    wanted = (like.shape, False, like.dtype)
    try:
        data = _stored(archive, entry)
        stream = io.BytesIO(data)
        np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0(stream)
        if header != wanted:
            got = f"{header[2]}{list(header[0])}" + " in Fortran order" * header[1]
            raise CheckpointError(f"array {name!r}", f"{like.dtype}{list(like.shape)}", got)
        values = np.frombuffer(data, like.dtype, offset=stream.tell()).reshape(like.shape)
    except (OSError, *DAMAGE) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"array {name!r}", "its values", f"damaged bytes ({_reason(error)})") from error
    if not np.isfinite(values).all():
        raise CheckpointError(f"array {name!r}", "finite values", "NaN or infinity")
    return jax.numpy.asarray(values)


def _stored(archive: zipfile.ZipFile, name: str, most: float = math.inf) -> bytes:
    """An entry's bytes, checked against their CRC; no longer than the file itself, since nothing is compressed."""
    assert archive.filename is not None and archive.fp is not None  # `open_archive` opens a file
    label, info = f"{name} of {Path(archive.filename).name}", archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & _ENCRYPTED:
        raise CheckpointError(label, "bytes as they are", "compressed ones")
    most = min(most, os.fstat(archive.fp.fileno()).st_size)
    if not info.compress_size == info.file_size <= most:
        raise CheckpointError(label, f"{most} bytes at most", str(info.file_size))
    return archive.read(info)
