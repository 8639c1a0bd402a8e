"""Meshes in every form that people hold them in."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.errors import GeometryError, MeshError
from enf2enf.io import formats
from enf2enf.io.convert import from_meshio
from enf2enf.io.read import is_converted, read, read_as, read_bytes
from enf2enf.mesh.curves import closed_curves, without_repeat
from enf2enf.mesh.mesh import Mesh
from enf2enf.mesh.source import Source
from enf2enf.mesh.units import metres
from enf2enf.numeric import numbers_of
from enf2enf.plain import shown

MeshLike = str | os.PathLike[str] | bytes | Mesh | np.ndarray | Sequence[np.ndarray] | Any
"""A file's path, its bytes, a `Mesh`, one of pyvista or meshio, or closed curves: an array (points, 2), or several."""
_WANTED = "a file, its bytes, a Mesh, one of pyvista or meshio, or closed curves (points, 2)"


def checked_options(
    name: Any, walls: Any, symmetry: Any, length_unit: Any
) -> tuple[str, tuple[str, ...], tuple[str, ...], str]:
    """How a mesh is to be read, as text.

    Args:
        name: of its file or format: text or a path.
        walls, symmetry: names of patches, or one of them; None for none.
        length_unit: of its coordinates.

    Raises:
        MeshError: a name or unit that is none.
        GeometryError: walls or planes of symmetry that are no names.
    """
    if not isinstance(name, str | os.PathLike) or not isinstance(text := os.fspath(name), str):
        raise MeshError("name", "the name of a file or format", shown(name))
    patches = _names("walls", walls), _names("symmetry", symmetry)
    metres(length_unit)
    return text, *patches, length_unit


def _names(option: str, patches: Any) -> tuple[str, ...]:
    patches = (patches,) if isinstance(patches, str) else () if patches is None else patches
    if not isinstance(patches, Sequence) or not all(isinstance(patch, str) for patch in patches):
        raise GeometryError(option, "names of patches", shown(patches))
    return tuple(patches)


def accept(mesh: MeshLike, name: str = "", length_unit: str = "m") -> Mesh:
    """The mesh, in metres.

    Args:
        mesh: in any of these forms.
        name: the file name or format of bytes, or of a file whose own name does not say it.
        length_unit: of its coordinates.

    Raises:
        MeshError: none of these forms, a file that cannot be read, or an unknown unit.
    """
    if isinstance(mesh, (str, os.PathLike)):
        given = _from_file(Path(mesh), name)
    elif isinstance(mesh, (bytes, bytearray, memoryview)):
        if not name:
            raise MeshError("name", "the file name or format of these bytes", "none")
        data = bytes(mesh)
        given = dataclasses.replace(read_bytes(data, name), source=Source(name, data))
    else:
        given = mesh if isinstance(mesh, Mesh) else _converted(mesh)
    return given if length_unit == "m" else given.scaled(length_unit)


def _from_file(path: Path, name: str) -> Mesh:
    if not name or is_converted(path) or path.is_dir() or formats.is_known(path.name):
        return read(path)
    return read_as(path, name)


def _converted(mesh: Any) -> Mesh:
    if hasattr(mesh, "cast_to_unstructured_grid") and not isinstance(mesh, type):
        return _from_pyvista(mesh)
    if type(mesh).__module__.partition(".")[0] == "meshio":
        return from_meshio(mesh, {})
    if hasattr(mesh, "__array__") and not isinstance(mesh, type):
        return mesh_of_curves([mesh])
    if isinstance(mesh, Sequence) and len(mesh) and not isinstance(mesh, str):
        try:
            depth = np.ndim(mesh[0])
            if depth in (1, 2):
                return mesh_of_curves([np.asarray(mesh)] if depth == 1 else mesh)
        except (TypeError, ValueError) as error:
            if isinstance(error, MeshError):
                raise  # else rows of different lengths
    raise MeshError("mesh", _WANTED, f"{type(mesh).__name__}: {shown(mesh)}"[:120])


def _from_pyvista(mesh: Any) -> Mesh:
    import meshio
    import pyvista

    if isinstance(mesh, pyvista.PolyData) and mesh.n_lines == mesh.n_cells > 0:
        pieces = [np.asarray(line.point_ids) for line in mesh.cell]
        lines = np.concatenate([np.stack([piece[:-1], piece[1:]], axis=1) for piece in pieces])
        return from_meshio(meshio.Mesh(np.asarray(mesh.points), [("line", lines)]), {})
    try:
        return from_meshio(pyvista.to_meshio(mesh.cast_to_unstructured_grid()), {})
    except KeyError as error:
        raise MeshError("mesh", "cells of a plane mesh, or lines", f"VTK's cells of type {error}") from None


def mesh_of_curves(curves: Sequence[np.ndarray]) -> Mesh:
    """Line cells around closed curves; a first point that is repeated at the end counts once.

    Raises:
        MeshError: an array that is no curve of the plane.
    """
    return closed_curves([_curve(number, curve) for number, curve in enumerate(curves)])


def _curve(number: int, curve: Any) -> np.ndarray:
    wanted = "at least three points (points, 2) around a closed curve"
    points = numbers_of(curve)
    if points is None:
        raise MeshError(f"curve {number}", wanted, "an array of which some are masked or no real numbers")
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise MeshError(f"curve {number}", wanted, f"an array of shape {points.shape}")
    points = points.astype(np.float64)
    if points.shape[1] == 3:
        if np.ptp(points[:, 2]):
            raise MeshError(f"curve {number}", wanted, "points of different z")
        points = points[:, :2]
    points = without_repeat(points)
    if len(points) < 3:
        raise MeshError(f"curve {number}", wanted, str(len(points)))
    return points
