"""Gmsh by meshio, also where only some elements are in physical groups."""

from pathlib import Path

import numpy as np

from enf2enf.io.format import QUADRATIC, Format


def _sniff(data: bytes) -> bool:
    return data[:65536].lstrip().startswith((b"$MeshFormat", b"$Comments"))


def _read(path: Path):
    """The file as a `meshio.Mesh`.

    meshio gathers the numbers of physical groups from those elements that have one and then misses the others; the
    names of the groups it keeps apart, and completely. To be called by one thread at a time.
    """
    import meshio
    from meshio.gmsh import _gmsh41

    gathered = _gmsh41._read_elements

    def complete(*arguments):
        cells, cell_data, cell_sets = gathered(*arguments)
        if len(cell_data.get("gmsh:physical", cells)) != len(cells):
            del cell_data["gmsh:physical"]
        return cells, cell_data, cell_sets

    _gmsh41._read_elements = complete
    try:
        return meshio.gmsh.read(str(path))
    finally:
        _gmsh41._read_elements = gathered


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    if names:
        raw.cell_data["gmsh:physical"] = raw.cell_data["gmsh:geometrical"] = tags
        raw.field_data = {name: np.array([number, 1]) for number, name in enumerate(names, start=1)}
    meshio.gmsh.write(str(path), raw, fmt_version="2.2")


FORMAT = Format(
    name="gmsh",
    label="Gmsh",
    extensions=(".msh",),
    kinds=QUADRATIC | {"quad9"},
    fields=True,
    patches=True,
    sniff=_sniff,
    counts=rb"^\$(Nodes|Elements|PhysicalNames|Entities)\s+",
    read=_read,
    write=_write,
)
