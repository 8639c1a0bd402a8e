"""Fields added to the mesh that was asked about: to its own file where that is of the same format."""

import codecs
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.files import replacing
from enf2enf.io import allowance, formats, guard
from enf2enf.io.convert import spatial
from enf2enf.io.read import mesh_bytes, read_bytes
from enf2enf.io.write import left_out, write
from enf2enf.mesh import Mesh, topology
from enf2enf.mesh.source import Source


def attach(path: str | os.PathLike[str], mesh: Mesh, fields: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Writes a mesh with fields at its nodes, in the unit of the file that it came from.

    Where that is of the same format, it is that file with the fields added, and nothing else changed in it; else the
    mesh is written in the format of the new one. An existing file is replaced whole or not at all.

    Args:
        path: the file, in any format that carries nodal fields.
        mesh: the mesh.
        fields: values at its nodes, by name; they replace those that it has.

    Returns:
        Sentences about what is not in the file.

    Raises:
        MeshError: a format that cannot hold them.
    """
    path, own = Path(path), mesh.in_own_unit()
    chosen, said = formats.named(path.name), []
    if mesh.source is not None and is_of(chosen, mesh.source.name):
        try:
            data = _added(mesh.source, chosen, mesh, fields)
        except MeshError as error:
            wanted = f"the fields added to {mesh.source.name} as it is"
            said.append(f"{path.name}: expected {wanted}, got {error.got}; the mesh is written anew")
        else:
            with replacing(path, MeshError) as partial:
                partial.write_bytes(data)
            return ()
    write(path, own.with_point_data(fields))
    return (*said, *left_out(path, own))


def is_of(chosen: formats.Format, name: str) -> bool:
    """Whether a file of this name is of a format that carries nodal fields."""
    return chosen.fields and Path(name).suffix.lower() in chosen.extensions


def _added(source: Source, chosen: formats.Format, mesh: Mesh, fields: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of a file with fields added. Raises `MeshError` where they cannot be, or it holds another mesh."""
    if chosen.attach is None:
        raise MeshError(source.name, "a format that takes more fields", chosen.label)
    data = (mesh_bytes(source.place) if isinstance(source.place, Path) else source.place).removeprefix(codecs.BOM_UTF8)
    values = {name: spatial(np.asarray(part, np.float64)) for name, part in fields.items()}
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as temporary:
        folder = Path(temporary)
        target = folder / f"mesh{chosen.extensions[0]}"
        target.write_bytes(data)
        with (
            guard.sentence(source.name, "a file that takes more fields", "a form that they cannot be added to", folder),
            allowance.kept(source.name, len(data), chosen.name),
        ):
            chosen.attach(target, values)
        made = target.read_bytes()
    differing = next(_differences(read_bytes(made, source.name), mesh, fields), None)
    if differing is not None:
        raise MeshError(source.name, "the mesh that was asked about", f"other {differing}")
    return made


def _differences(made: Mesh, mesh: Mesh, fields: Mapping[str, np.ndarray]) -> Iterator[str]:
    """What of a mesh, as its file was read again, is another than it was, or of the fields."""
    if not np.array_equal(made.scaled(mesh.unit).points, mesh.points):
        yield "nodes"
    cells = [{b.kind: b.nodes for b in one.cells if topology.is_surface(b.kind)} for one in (made, mesh)]
    if cells[0].keys() != cells[1].keys() or any(not np.array_equal(cells[0][k], cells[1][k]) for k in cells[0]):
        yield "cells"
    if made.patches.keys() != mesh.patches.keys() or not mesh.cell_data.keys() <= made.cell_data.keys():
        yield "patches or values of cells"
    wanted = {**mesh.point_data, **fields}
    if made.point_data.keys() != wanted.keys():
        yield "fields"
    for name, values in wanted.items():
        found = made.point_data.get(name, np.zeros(0))
        if not np.array_equal(found, np.asarray(values, np.float64), equal_nan=True):
            yield f"values of {name!r}"
