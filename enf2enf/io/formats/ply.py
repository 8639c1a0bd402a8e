"""PLY: a reader of ours, meshio's writer; faces, edges and scalar fields, no patches."""

import re
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import ply_elements, ply_fields, text
from enf2enf.io.format import Format
from enf2enf.mesh.mesh import Mesh


def _sniff(data: bytes) -> bool:
    return data.startswith((b"ply\n", b"ply\r"))


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    """A count that the file has no room for would keep meshio counting, a header without end reading."""
    if not re.search(rb"^[ \t]*end_header[ \t\r]*$", data, re.MULTILINE):
        raise MeshError(name, "a PLY header that ends", "one that breaks off")
    head = data[: max(data.find(b"end_header"), 0)]
    for kind, count in re.findall(rb"^element\s+(\w+)\s+(\d+)", head, re.MULTILINE):
        if int(count) > len(data):
            raise MeshError(name, "as many elements as the file has room for", f"{int(count)} {kind.decode()} elements")
    return data, {}


def _validate(name: str, mesh: Mesh) -> None:
    if wide := [key for key, values in mesh.point_data.items() if values.ndim > 1]:
        raise MeshError(name, "scalar fields, PLY carries no vectors", repr(wide[0]))


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    meshio.ply.write(str(path), raw)
    text.edit(path, _undated)


def _undated(data: bytes) -> bytes:
    return re.sub(rb"^(comment Created by meshio[^,\n]*)[^\n]*", rb"\1", data, count=1, flags=re.MULTILINE)


FORMAT = Format(
    name="ply",
    label="PLY",
    extensions=(".ply",),
    kinds=frozenset({"triangle", "quad"}),
    fields=True,
    patches=False,
    sniff=_sniff,
    prepare=_prepare,
    read=ply_elements.read,
    validate=_validate,
    write=_write,
    attach=ply_fields.attach,
)
