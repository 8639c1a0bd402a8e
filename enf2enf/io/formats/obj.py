"""OBJ by meshio: faces alone."""

import re
from pathlib import Path

import numpy as np

from enf2enf.io import text
from enf2enf.io.format import Format, meshio_reader


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^v\s+[-+.\d]")


def _prepare(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    """Normals and textures are numbered apart from the points, which meshio does not bear."""
    return re.sub(r"^[ \t]*v[nt][ \t][^\n]*\n", "", text.decoded(data), flags=re.MULTILINE).encode(), {}


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    meshio.obj.write(str(path), raw)
    text.edit(path, lambda data: re.sub(rb"^# Created by [^\n]*\n", b"", data, count=1))  # it holds the date


FORMAT = Format(
    name="obj",
    label="OBJ",
    extensions=(".obj",),
    kinds=frozenset({"triangle", "quad"}),
    fields=False,
    patches=False,
    sniff=_sniff,
    distinctive=False,
    prepare=_prepare,
    read=meshio_reader("obj"),
    write=_write,
)
