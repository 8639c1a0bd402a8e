"""`enf2enf subsample`: a data set whose fields are known at a drawn share of another's points, and nowhere else.

What was not drawn is not in the new folder at all, so nothing that is learnt from it can have read it.
"""

import dataclasses
import functools
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from jaxtyping import Int

from enf2enf import io as mesh_io
from enf2enf.data import npz
from enf2enf.data.cache import Track, bar
from enf2enf.data.dataset import Dataset
from enf2enf.data.manifest import NAME, write_manifest
from enf2enf.errors import ConfigError, DatasetError
from enf2enf.files import check_folder

_PARTS = ("meshes", "samples", "wall", "fine")
_bar = functools.partial(bar, doing="Subsampling the data set")


def subsample(
    folder: str | os.PathLike,
    out: str | os.PathLike,
    share: float,
    seed: int = 0,
    progress: Track = _bar,
    keep_walls: bool = False,
) -> dict[str, int]:
    """Write a data set with the same cases, conditions, splits and fine samplings, but fewer known values.

    The meshes keep their nodes and cells, which are the geometry, and lose all nodal values; `samples` hold what was
    drawn. The same arguments give the same bytes. `dataset.json` comes last: without it, interrupted or refused, the
    folder is left as empty as it was.

    Args:
        folder: the data set to subsample.
        out: the folder to write; new or empty.
        share: part of every case's points that is kept, above 0 and below 1, and of those on its walls; see
            `draw_share`.
        seed: of the draw.
        progress: says how far it has got.
        keep_walls: whether all points on walls are kept.

    Returns:
        How many points of every case were kept.

    Raises:
        ConfigError: a share or a seed out of range.
        DatasetError, SchemaError: `out` holds something, or a case cannot be read.
    """
    if not 0 < share < 1:
        raise ConfigError("share", "a part above 0 and below 1", str(share))
    if seed < 0:
        raise ConfigError("seed", "a number that is not negative", str(seed))
    dataset, target = Dataset.open(folder), Path(out)
    check_folder(target, DatasetError)
    if target.exists() and any(target.iterdir()):
        raise DatasetError(str(target), "an empty or a new folder", "something else's files")
    cases, counts = {}, {}
    try:
        for part in _PARTS:
            (target / part).mkdir(parents=True, exist_ok=True)
        for name in progress(dataset.manifest["cases"]):
            cases[name], counts[name] = _subsample_case(dataset, name, target, share, seed, keep_walls)
        _write_manifest(dataset, target, cases, share, seed, keep_walls)
    finally:
        if not (target / NAME).exists():
            for part in _PARTS:
                shutil.rmtree(target / part, ignore_errors=True)
    return counts


def draw_share(seed: int, name: str, count: int, share: float) -> Int[np.ndarray, " kept"]:
    """Which of the `count` points of the case `name` are kept: round(share * count), at least one, in their order.

    A function of its arguments alone; what a smaller share of the same seed keeps, a larger one keeps too.
    """
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4")
    order = np.random.default_rng([seed, *words.tolist()]).permutation(count)
    return np.sort(order[: max(1, round(share * count))])


def _subsample_case(
    dataset: Dataset, name: str, target: Path, share: float, seed: int, keep_walls: bool
) -> tuple[dict[str, Any], int]:
    case, path, stem = dataset.case(name), dataset.mesh_path(name), quote(name, safe="")
    entry = {"mesh": f"meshes/{stem}{path.suffix}", "conditions": dataset.conditions(name)}
    mesh_io.write(target / entry["mesh"], dataclasses.replace(mesh_io.read(path), point_data={}))
    count = 0
    on_walls = 1.0 if keep_walls else share
    for part, field, own in (("samples", case.solution, share), ("wall", case.wall, on_walls)):
        if field is None:
            continue
        kept = draw_share(seed, name, len(field.points), own)
        entry[part] = f"{part}/{stem}.npz"
        values = {quantity: column[kept] for quantity, column in field.values.items()}
        npz.write(target / entry[part], {"points": field.points[kept], **values})
        count += len(kept)
    if (fine := dataset.fine_path(name)) is not None:
        dataset.fine(name)  # refused where it is damaged
        entry["fine"] = f"fine/{stem}.npz"
        shutil.copyfile(fine, target / entry["fine"])
    return entry, count


def _write_manifest(
    dataset: Dataset, target: Path, cases: Mapping[str, Mapping[str, Any]], share: float, seed: int, keep_walls: bool
) -> None:
    old = dataset.manifest
    floor, command = old.get("floor"), f"enf2enf subsample --share {share} --seed {seed}{' --keep-walls' * keep_walls}"
    if floor is not None:
        floor = {**floor, "how": f"{floor.get('how', 'not stated')}; measured before thinning"}
    thinned = (
        f"Thinned: of every case, the fields are known at a share of {share} of the points at which they were before, "
        f"drawn once (seed {seed}){', and at all on walls' * keep_walls}; the meshes carry no fields."
    )
    write_manifest(
        target, dataset.schema, cases, dataset.split, name=f"{old['name']}, {share} of the points",
        description=f"{old.get('description', '')} {thinned}".strip(), licence=old.get("licence", ""),
        source="; ".join(filter(None, [old.get("source", ""), command])), length_unit=old.get("length_unit", "m"),
        walls=old.get("walls", ()), symmetry=old.get("symmetry", ()), floor=floor,
    )  # fmt: skip
