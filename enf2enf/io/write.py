"""Meshes to files and to bytes: the same bytes for the same mesh."""

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from enf2enf.errors import MeshError
from enf2enf.files import replacing
from enf2enf.io import formats, guard
from enf2enf.io.convert import to_meshio
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import CellBlock, Mesh


def write(path: str | os.PathLike[str], mesh: Mesh) -> None:
    """Writes a mesh in the format of the file's extension; an existing file is replaced whole or not at all.

    Formats without nodal fields refuse a mesh that has some; those without patches leave them out.

    Raises:
        MeshError: an unknown format, or one that cannot hold the mesh's cells or fields; the sentence names the file.
    """
    path = Path(path)
    data = _written(mesh, path.name, formats.named(path.name))
    with replacing(path, MeshError) as partial:
        partial.write_bytes(data)


def write_bytes(mesh: Mesh, format: str) -> bytes:
    """The bytes of a mesh file in the format of this name (or of a file so called).

    Raises:
        MeshError: as `write`.
    """
    return _written(mesh, format if Path(format).suffix else "mesh", formats.named(format))


def left_out(path: Path, mesh: Mesh) -> Iterator[str]:
    """Sentences on what is lost, of a mesh and of the file that it was read from, by writing it to another file."""
    chosen = formats.named(path.name)
    held = {
        "patches": chosen.patches or not mesh.patches,
        "points as cells": "vertex" in chosen.kinds or all(block.kind != "vertex" for block in mesh.cells),
        "values of cells": chosen.cell_fields or not mesh.cell_data,
        "curved lines": "line3" in chosen.kinds or all(block.kind != "line3" for block in mesh.cells),
    }
    if missing := [what for what, is_held in held.items() if not is_held]:
        yield f"{path.name}: expected a format that holds {' and '.join(missing)}, got {chosen.label}: left out"
    yield from (f"{path.name}: expected {what}" for what in mesh.unheld)


def _written(mesh: Mesh, name: str, chosen: formats.Format) -> bytes:
    check(mesh, name, chosen)
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as temporary:
        folder = Path(temporary)
        target = folder / f"mesh{chosen.extensions[0]}"
        with guard.sentence(name, f"a mesh that {chosen.label} can hold", "another", folder):
            raw, tags, names = to_meshio(_fitted(mesh, chosen))
            if chosen.plane:
                raw.points = raw.points[:, : mesh.dim]
            chosen.write(target, raw, tags, names)
        return target.read_bytes()


def check(mesh: Mesh, name: str, chosen: formats.Format) -> None:
    """Raises `MeshError` where a format cannot hold a mesh's cells or fields; the sentence names the file."""
    if mesh.point_data and not chosen.fields:
        able = ", ".join(other.name for other in formats.FORMATS.values() if other.fields)
        raise MeshError(name, f"a format that carries nodal fields ({able})", chosen.name)
    chosen.validate(name, mesh)
    kinds = [block.kind for block in mesh.cells if len(block.nodes)]
    largest = max(_dim(kind) for kind in kinds)  # all others may be left out
    for kind in (kind for kind in kinds if _dim(kind) == largest):
        plain = "polygon" if kind.startswith("polygon") else kind
        if (topology.is_surface(kind) or largest < 2) and plain not in chosen.kinds:
            raise MeshError(name, f"cells among {', '.join(sorted(chosen.kinds))}", f"{kind} cells")


def _dim(kind: str) -> int:
    return 0 if kind == "vertex" else 1 if topology.is_curve(kind) else 2


def _fitted(mesh: Mesh, chosen: formats.Format) -> Mesh:
    """The mesh without what the format cannot hold; curved lines become straight if it knows no others."""
    cells, patches, cell_data = mesh.cells, mesh.patches, mesh.cell_data if chosen.cell_fields else {}
    if not chosen.patches:
        kept = tuple(block for block in cells if not topology.is_curve(block.kind))
        cells, patches, cell_data = kept or cells, {}, {}
    if "vertex" not in chosen.kinds:  # nor then values of cells
        cells = tuple(block for block in cells if block.kind != "vertex")
    if "line3" not in chosen.kinds:
        cells = tuple(CellBlock("line", b.nodes[:, :2]) if b.kind == "line3" else b for b in cells)
    return dataclasses.replace(mesh, cells=cells, patches=patches, cell_data=cell_data)
