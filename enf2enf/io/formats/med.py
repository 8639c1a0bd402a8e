"""MED, Salome's format on HDF5, by meshio; patches are its families."""

from pathlib import Path

import numpy as np

from enf2enf.io import hdf5
from enf2enf.io.format import QUADRATIC, Format, meshio_reader


def _inspect(name: str, path: Path) -> None:
    hdf5.check(name, path, counts=("NBR",))


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    if names:
        raw.cell_data["cell_tags"] = [-tag for tag in tags]
        raw.cell_tags = {-number: [name] for number, name in enumerate(names, start=1)}
    meshio.med.write(str(path), raw)


FORMAT = Format(
    name="med",
    label="MED",
    extensions=(".med",),
    kinds=QUADRATIC,
    fields=True,
    patches=True,
    sniff=hdf5.sniff,
    distinctive=False,
    inspect=_inspect,
    read=meshio_reader("med"),
    plane=True,
    write=_write,
)
