"""The public folder of AirfRANS becomes a data-set folder, case after case; what was interrupted goes on."""

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.data import npz
from enf2enf.data.airfrans.layout import PublicFolder, inflow_of
from enf2enf.data.airfrans.record import Record
from enf2enf.data.airfrans.schema import SCHEMA, VISCOSITY
from enf2enf.data.cache import Track, bar
from enf2enf.data.manifest import write_manifest
from enf2enf.data.stored import is_readable
from enf2enf.errors import DatasetError
from enf2enf.field import Field
from enf2enf.io import write

_PARTS = ("meshes", "samples", "wall")
_DESCRIPTION = (
    "Steady incompressible flow of air (RANS, k-omega SST) around NACA sections of 4 and 5 digits of 1 m chord: the "
    "task {task!r} of AirfRANS. Fields are at the nodes of the solver's mesh, those on the wall at its nodes; its "
    "authors cropped it to the cells that meet [-2, 4] x [-1.5, 1.5] m. Of their cases to train with the last tenth "
    "chooses. Where their files have no stress on the wall, it is what the velocity's gradient there makes of it, as "
    "in their own code."
)

_bar = functools.partial(bar, doing="Reading AirfRANS")


def convert(folder: str | os.PathLike[str], out: str | os.PathLike[str], task: str, progress: Track = _bar) -> Path:
    """Writes a task of AirfRANS as a data set, or finishes one that was interrupted.

    Args:
        folder: with the public `manifest.json`, and a folder a case.
        out: the data-set folder: new, empty, or of an interrupted run.
        task: one of `TASKS`.
        progress: says how far it has got.

    Returns:
        The `dataset.json` that was written.

    Raises:
        DatasetError: as `PublicFolder.split` and `Record.read`; a folder that holds something else.
    """
    source, target = PublicFolder(Path(folder)), Path(out)
    split = source.split(task)
    _claim(target)
    names = [name for part in split.values() for name in part]
    cases = {name: _stored(source, target, name) for name in progress(names)}
    return write_manifest(
        target, SCHEMA, cases, split, name=f"airfrans-{task}", licence="ODbL-1.0",
        description=_DESCRIPTION.format(task=task), source=f"AirfRANS (Bonnet et al. 2022, arXiv 2212.07564), {task}",
    )  # fmt: skip


def _claim(target: Path) -> None:
    there = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if not there <= set(_PARTS) or (target.exists() and not target.is_dir()):
        raise DatasetError(str(target), "a folder that is new, empty or of an interrupted run", "another")
    for part in _PARTS:
        (target / part).mkdir(parents=True, exist_ok=True)


def _stored(source: PublicFolder, target: Path, name: str) -> dict[str, Any]:
    """The entry of a case, which is read and written unless it was and is whole."""
    files = {"mesh": f"meshes/{name}.vtu", "samples": f"samples/{name}.npz", "wall": f"wall/{name}.npz"}
    entry = {**files, "conditions": {"inflow": inflow_of(name).tolist(), "viscosity": VISCOSITY}}
    if not is_readable(target, SCHEMA, (), name, entry):
        record = Record.read(source, name)
        write(target / files["mesh"], record.geometry.to_mesh())
        npz.write(target / files["samples"], _arrays(record.flow))
        npz.write(target / files["wall"], _arrays(record.wall))
    return entry


def _arrays(field: Field) -> dict[str, np.ndarray]:
    return {"points": field.points, **{name: values.astype(np.float32) for name, values in field.values.items()}}
