"""Meshes to files and to bytes: the same bytes for the same mesh."""

import dataclasses
import importlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.files import replacing
from enf2enf.io import cgns, curves, dialects, formats, guard, nastran
from enf2enf.io.convert import to_meshio
from enf2enf.io.patches import PREFIX
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import Mesh

_SAFE = ":[]()+-*=@"  # of what a name in legacy VTK may hold; blanks end it


def write(path: str | os.PathLike[str], mesh: Mesh) -> None:
    """Writes a mesh in the format of the file's extension; an existing file is replaced whole or not at all.

    Formats without nodal fields refuse a mesh that has some; STL, OBJ and PLY keep no patches.

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


def _written(mesh: Mesh, name: str, chosen: formats.Format) -> bytes:
    _check(mesh, name, chosen)
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as temporary:
        folder = Path(temporary)
        target = folder / f"mesh{chosen.extensions[0]}"
        with guard.sentence(name, f"a mesh that {chosen.label} can hold", "another", folder):
            raw, tags, names = to_meshio(mesh if chosen.patches else _geometry_alone(mesh))
            _write(str(target), raw, tags, names, chosen.name, mesh.dim)
        return dialects.finished(chosen.name, target.read_bytes(), names)


def _check(mesh: Mesh, name: str, chosen: formats.Format) -> None:
    if mesh.point_data and not chosen.fields:
        able = ", ".join(other.name for other in formats.FORMATS.values() if other.fields)
        raise MeshError(name, f"a format that carries nodal fields ({able})", chosen.name)
    if chosen.name == "ply" and (wide := [key for key, values in mesh.point_data.items() if values.ndim > 1]):
        raise MeshError(name, "scalar fields, PLY carries no vectors", repr(wide[0]))
    kinds = [block.kind for block in mesh.cells if len(block.nodes)]
    filling = [kind for kind in kinds if not topology.is_curve(kind)]
    if chosen.name == "su2" and not filling:
        raise MeshError(name, "surface cells", "curves alone")
    for kind in filling or kinds:
        plain = "polygon" if kind.startswith("polygon") else kind
        if (topology.is_surface(kind) or topology.is_curve(kind)) and plain not in chosen.kinds:
            raise MeshError(name, f"cells among {', '.join(sorted(chosen.kinds))}", f"{kind} cells")


def _geometry_alone(mesh: Mesh) -> Mesh:
    kept = tuple(block for block in mesh.cells if not topology.is_curve(block.kind))
    return dataclasses.replace(mesh, cells=kept or mesh.cells, patches={})


def _write(target: str, raw, tags: list[np.ndarray], names: list[str], chosen: str, dim: int) -> None:
    if chosen in ("cgns", "csv", "su2", "med"):
        raw.points = raw.points[:, :dim]
    if chosen == "cgns":
        return cgns.write(target, raw, tags, names)
    if chosen == "csv":
        return curves.write(target, raw, tags, names)
    if chosen == "nastran":
        return nastran.write(target, raw, tags, names)
    if names or chosen == "su2":
        _mark(raw, tags, names, chosen)
    if chosen == "vtk":
        raw.point_data = {quote(name, safe=_SAFE): values for name, values in raw.point_data.items()}
    # VTK's own reader does not know the integer types that meshio writes into version 5.1.
    options = {"vtk": {"fmt_version": "4.2"}, "gmsh": {"fmt_version": "2.2"}, "xdmf": {"data_format": "XML"}}
    importlib.import_module(f"meshio.{chosen}").write(target, raw, **options.get(chosen, {}))


class _Pair(NamedTuple):
    """A block as meshio's SU2 writer wants it, which unpacks what meshio's own class does not let it."""

    type: str
    data: np.ndarray


def _mark(raw, tags: list[np.ndarray], names: list[str], chosen: str) -> None:
    """Marks patches the way a format does: by cell data of their name, by number, or by sets."""
    match chosen:
        case "vtu" | "vtk" | "xdmf":
            for number, name in enumerate(names, start=1):
                key = quote(PREFIX + name, safe=_SAFE) if chosen == "vtk" else PREFIX + name
                raw.cell_data[key] = [(tag == number).astype(np.int32) for tag in tags]
        case "gmsh":
            raw.cell_data["gmsh:physical"] = raw.cell_data["gmsh:geometrical"] = tags
            raw.field_data = {name: np.array([number, 1]) for number, name in enumerate(names, start=1)}
        case "med":
            raw.cell_data["cell_tags"] = [-tag for tag in tags]
            raw.cell_tags = {-number: [name] for number, name in enumerate(names, start=1)}
        case "su2":
            kept = [(tag > 0) | (block.dim > 1) for block, tag in zip(raw.cells, tags, strict=True)]
            raw.cells = [_Pair(b.type, b.data[keep]) for b, keep in zip(raw.cells, kept, strict=True)]
            raw.cell_data["su2:tag"] = [tag[keep] for tag, keep in zip(tags, kept, strict=True)]
        case "abaqus":
            for number, name in enumerate(names, start=1):
                raw.cell_sets[name] = [np.flatnonzero(tag == number) for tag in tags]
