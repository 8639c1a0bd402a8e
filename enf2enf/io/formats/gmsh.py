"""Gmsh: a reader of ours, meshio's writer."""

from pathlib import Path

import numpy as np

from enf2enf.io import gmsh_fields, gmsh_file
from enf2enf.io.format import QUADRATIC, Format


def _sniff(data: bytes) -> bool:
    return data[:65536].lstrip().startswith((b"$MeshFormat", b"$Comments"))


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
    kinds=QUADRATIC | {"quad9", "vertex"},
    fields=True,
    patches=True,
    sniff=_sniff,
    counts=rb"^\$(Nodes|Elements|PhysicalNames|Entities)\s+",
    read=gmsh_file.read,
    write=_write,
    attach=gmsh_fields.attach,
)
