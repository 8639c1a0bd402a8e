"""Meshes from files and from bytes."""

import importlib
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote

from enf2enf.errors import MeshError
from enf2enf.io import allowance, cgns, curves, dialects, formats, gmsh, guard
from enf2enf.io.convert import from_meshio
from enf2enf.mesh.mesh import Mesh

_HDF5 = ("med", "cgns")


def read(path: str | os.PathLike[str]) -> Mesh:
    """The mesh in a file, its format told by its extension and checked against its first bytes.

    Raises:
        MeshError: no such file, an unknown format, or one that cannot be read; the sentence names the file.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MeshError(str(path), "a mesh file", error.strerror or type(error).__name__) from None
    return _read(data, path.name, path.parent)


def read_bytes(data: bytes, name_or_format: str) -> Mesh:
    """The mesh in the bytes of a file.

    Args:
        data: the whole file.
        name_or_format: the file's name, or a format's own name such as `vtu`.

    Raises:
        MeshError: an unknown format, bytes of another format, a damaged file, or one that refers to other files.
    """
    return _read(data, name_or_format, None)


def _read(data: bytes, name: str, beside: Path | None) -> Mesh:
    chosen = formats.named(name)
    shown = name if Path(name).suffix else "mesh"
    formats.check(shown, chosen, data)
    data, names = dialects.prepared(chosen.name, shown, data)
    files = guard.companions(shown, data, beside) if chosen.name == "xdmf" else []
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as temporary:
        folder = Path(temporary)
        target = folder / f"mesh{chosen.extensions[0]}"
        target.write_bytes(data)
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        hdf5 = [folder / file.name for file in files] + ([target] if chosen.name in _HDF5 else [])
        with guard.sentence(shown, f"a complete {chosen.label} file", "damaged or truncated data", folder):
            for file in hdf5:
                guard.check_hdf5(shown, file)
            reader = _reader(chosen.name)
            size = sum(path.stat().st_size for path in folder.iterdir())
            with allowance.kept(shown, size, chosen.name):
                raw = reader(str(target))
            if chosen.name == "vtk":
                raw.point_data = {unquote(key): values for key, values in raw.point_data.items()}
                raw.cell_data = {unquote(key): values for key, values in raw.cell_data.items()}
            try:
                return from_meshio(raw, names)
            except MeshError as error:
                raise MeshError(f"{shown}: {error.name}", error.expected, error.got) from None


def _reader(format_name: str):
    """The format's own reader: meshio's general one ends the whole process when a file is damaged."""
    match format_name:
        case "cgns":
            return cgns.read
        case "csv":
            return curves.read
        case "gmsh":
            return gmsh.read
    return importlib.import_module(f"meshio.{format_name}").read
