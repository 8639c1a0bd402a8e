"""Meshes from files and from bytes."""

import codecs
import dataclasses
import os
import re
import tempfile
from pathlib import Path

from enf2enf.errors import MeshError
from enf2enf.files import read_file
from enf2enf.io import allowance, formats, guard, openfoam
from enf2enf.io.convert import from_meshio
from enf2enf.io.foreign import as_vtu, is_foreign
from enf2enf.mesh.doubled import merged
from enf2enf.mesh.mesh import Mesh
from enf2enf.mesh.source import Source
from enf2enf.plain import shown


def read(path: str | os.PathLike[str], merge: float | None = None) -> Mesh:
    """The mesh in a file, its format told by its extension and checked against its first bytes.

    Args:
        path: the file; or the folder of a case of OpenFOAM, one cell across, whose last step is read.
        merge: nodes at most so far apart, in the unit of the file, become one; for cells that should share nodes, and
            have some each. None leaves them as they are.

    Raises:
        MeshError: no such file, an unknown format, or one that cannot be read; the sentence names the file.
    """
    path = Path(path)
    mesh = _read(path)
    return mesh if merge is None else merged(mesh, merge)


def _read(path: Path) -> Mesh:
    if openfoam.is_case(path):
        return openfoam.read(path)
    if path.is_dir():
        raise MeshError(str(path), "a mesh file, or a case of OpenFOAM with its system/controlDict", "another folder")
    if is_foreign(path):
        return read_bytes(*as_vtu(path))
    return read_as(path, path.name if path.suffix else str(path))  # such as /dev/stdin


def read_as(path: Path, name: str) -> Mesh:
    """The mesh in a file as if it were called so, see `read_bytes`."""
    found = read_bytes(mesh_bytes(path), name, path.parent)
    return dataclasses.replace(found, source=Source(Path(name).name, path.absolute()))


def is_converted(path: Path) -> bool:
    """Whether a file, or a folder, is none of the formats that a server reads too."""
    return is_foreign(path) or openfoam.is_case(path)


def mesh_bytes(path: Path) -> bytes:
    """The bytes of a mesh file. Raises `MeshError` where there is none; the sentence names the file."""
    try:
        return read_file(path)
    except OSError as error:
        raise MeshError(str(path), "a mesh file", error.strerror or type(error).__name__) from None
    except ValueError:  # a zero byte, or half a character
        raise MeshError(str(path), "a mesh file", "a name that no file has") from None


def read_bytes(data: bytes, name_or_format: str | os.PathLike[str], beside: Path | None = None) -> Mesh:
    """The mesh in the bytes of a file.

    Args:
        data: the whole file, as bytes or what is like them.
        name_or_format: the file's name, or a format's own name (a key of `formats.FORMATS`).
        beside: the folder that files lie in which it refers to; None where it must not refer to any.

    Raises:
        MeshError: an unknown format, bytes of another format, a damaged file, or one that refers to other files.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise MeshError("mesh", "the bytes of a file", type(data).__name__)
    if not isinstance(name_or_format, str | os.PathLike):
        raise MeshError("name", "the name of a file or format", shown(name_or_format))
    data, name_or_format = bytes(data).removeprefix(codecs.BOM_UTF8), os.fspath(name_or_format)
    chosen = formats.named(name_or_format)
    label = name_or_format if Path(name_or_format).suffix else "mesh"
    formats.check(label, chosen, data)
    data, names = chosen.prepare(label, data)
    _check_counts(label, chosen, data)
    files = chosen.companions(label, data, beside) if chosen.companions else []
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as temporary:
        folder = Path(temporary)
        target = folder / f"mesh{chosen.extensions[0]}"
        target.write_bytes(data)
        del data  # which may be as large as all that is read from it
        for file in files:
            (folder / file.name).write_bytes(read_file(file))
        with guard.sentence(label, f"a complete {chosen.label} file", "damaged or truncated data", folder):
            chosen.inspect(label, target)
            size = sum(path.stat().st_size for path in folder.iterdir())
            with allowance.kept(label, size, chosen.name):
                raw = chosen.read(target)
            return from_meshio(raw, names)


def _check_counts(name: str, chosen: formats.Format, data: bytes) -> None:
    if chosen.counts and (found := re.search(chosen.counts + rb"(-\d+)", data, re.MULTILINE)):
        raise MeshError(name, f"{found[1].decode()} of at least 0", found[2][:40].decode())
