"""STL by meshio, text or binary: triangles alone."""

from pathlib import Path

import numpy as np

from enf2enf.io import text
from enf2enf.io.format import Format, meshio_reader


def _sniff(data: bytes) -> bool:
    count = int.from_bytes(data[80:84], "little")
    binary = len(data) == 84 + 50 * count > 84
    return binary or (text.is_text(data) and data[:65536].lstrip().startswith(b"solid"))


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    meshio.stl.write(str(path), raw)


FORMAT = Format(
    name="stl",
    label="STL",
    extensions=(".stl",),
    kinds=frozenset({"triangle"}),
    fields=False,
    patches=False,
    sniff=_sniff,
    read=meshio_reader("stl"),
    write=_write,
)
