"""`enf2enf generate elasticity`: many solved unit cells as a data-set folder, in parallel and resumable."""

import concurrent.futures
import contextlib
import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from enf2enf import io as mesh_io
from enf2enf.errors import ConfigError, DatasetError, SolverError
from enf2enf.files import replacing
from enf2enf.problems.elasticity.ogrid import Resolution
from enf2enf.problems.elasticity.problem import split, write_elasticity
from enf2enf.problems.elasticity.unit_cell import RESOLUTION, Load, fine_sampling, make_unit_cell

FINE_CASES = 50
FLOOR_CASES = 12
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that decides the contents of the folder.

    Args:
        cases: how many, at least 3.
        seed: of all randomness.
        load: `"fixed"` or `"varied"`.
        floor_cases: on how many cases the discretisation error is measured.
        resolution: the solver's grid.
    """

    cases: int
    seed: int
    load: Load
    floor_cases: int
    resolution: Resolution

    def __post_init__(self):
        if self.cases < 3:
            raise ConfigError("cases", "at least 3, one for each split", str(self.cases))
        if self.seed < 0:
            raise ConfigError("seed", "a number that is not negative", str(self.seed))
        if self.load not in get_args(Load):
            raise ConfigError("load", " or ".join(get_args(Load)), repr(self.load))
        if not 0 <= self.floor_cases <= self.cases:
            raise ConfigError("floor_cases", f"from 0 to {self.cases}", str(self.floor_cases))

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {"problem": "elasticity", "version": 1} | json.loads(json.dumps(dataclasses.asdict(self)))

    def ids(self) -> list[str]:
        """The cases' ids, in order."""
        return [f"case_{index:04d}" for index in range(self.cases)]

    def fine(self) -> set[int]:
        """Numbers of the cases with a fine sampling: the first of the test split."""
        return {int(name.split("_")[1]) for name in split(self.ids(), self.load)["test"][:FINE_CASES]}

    def floor(self) -> list[int]:
        """Numbers of the cases on which the discretisation error is measured, spread over all."""
        return [k * self.cases // self.floor_cases for k in range(self.floor_cases)]


def generate(
    out: str | os.PathLike[str],
    cases: int = 1200,
    seed: int = 0,
    load: Load = "fixed",
    jobs: int | None = None,
    floor_cases: int | None = None,
    resolution: Resolution = RESOLUTION,
    progress: bool = True,
) -> Path:
    """Makes the data set, or finishes one that was interrupted; the same bytes for the same arguments.

    Args:
        out: the folder; made where it is missing.
        cases, seed, load, resolution: see `Plan`.
        floor_cases: see `Plan`; if not given, 12, or all of fewer.
        jobs: processes, each with one thread; None for one per core. It does not change the result.
        progress: draw a progress bar on the terminal.

    Returns:
        The folder.

    Raises:
        ConfigError: an argument is out of range.
        DatasetError: the folder holds something else, or was made with other arguments.
    """
    floor_cases = min(FLOOR_CASES, max(cases, 0)) if floor_cases is None else floor_cases
    plan = Plan(cases, seed, load, floor_cases, resolution)
    jobs = (os.cpu_count() or 1) if jobs is None else jobs
    if jobs < 1:
        raise ConfigError("jobs", "at least 1", str(jobs))
    folder = Path(out)
    _claim(folder, plan)
    if not (folder / "dataset.json").exists():
        _run(folder, plan, jobs, progress)
        _finish(folder, plan)
    return folder


def _claim(folder: Path, plan: Plan) -> None:
    """Marks the folder with its plan, or checks the mark that is there."""
    mark = folder / "generate.json"
    try:
        found = json.loads(mark.read_text())
    except FileNotFoundError:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DatasetError(str(folder), "an empty or a new folder", "something else's files") from None
        for part in ("meshes", "fine", "progress"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        _write(mark, plan.to_dict())
        return
    except (OSError, ValueError):
        raise DatasetError(str(mark), "a readable JSON file", "another") from None
    if differing := [key for key, value in plan.to_dict().items() if found.get(key) != value]:
        key = differing[0]
        raise DatasetError(str(folder), f"{key} = {found.get(key)}, with which it was begun", str(plan.to_dict()[key]))


def _run(folder: Path, plan: Plan, jobs: int, progress: bool) -> None:
    work = [(_make_case, index) for index in range(plan.cases)] + [(_measure, index) for index in plan.floor()]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), disable=not progress) as bar, _workers(jobs) as pool:
        task = bar.add_task(f"elasticity, {plan.load} load", total=len(work))
        futures = [pool.submit(function, folder, plan, index) for function, index in work]
        for future in concurrent.futures.as_completed(futures):
            future.result()
            bar.advance(task)


@contextlib.contextmanager
def _workers(jobs: int) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """Single-threaded processes that leave Ctrl-C to their parent; no unfinished work outlives the block."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(jobs, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _make_case(folder: Path, plan: Plan, index: int) -> None:
    """Solves and stores one case, unless it is there; its entry under `progress` comes last and says so."""
    name = plan.ids()[index]
    entry = folder / "progress" / f"{name}.json"
    if entry.exists():
        return
    cell = make_unit_cell(plan.seed, index, plan.load, plan.resolution)
    mesh_io.write(folder / "meshes" / f"{name}.vtu", cell.mesh())
    record: dict[str, Any] = {"mesh": f"meshes/{name}.vtu", "conditions": {}}
    if plan.load == "varied":
        record["conditions"]["traction"] = cell.traction.tolist()
    if index in plan.fine():
        points, values = fine_sampling(cell, plan.seed, index, plan.load)
        np.savez(folder / "fine" / f"{name}.npz", points=points, von_mises=values.astype(np.float32))
        record["fine"] = f"fine/{name}.npz"
    _write(entry, {"case": record, "redraws": cell.redraws})


def _measure(folder: Path, plan: Plan, index: int) -> None:
    """Measures the discretisation error of one case, unless that was done."""
    entry = folder / "progress" / f"floor_{index:04d}.json"
    if entry.exists():
        return
    cell = make_unit_cell(plan.seed, index, plan.load, plan.resolution)
    try:
        error = cell.refined_error(plan.resolution)
    except SolverError:  # at twice the resolution the sheet can buckle a little earlier
        error = None
    _write(entry, {"relative_l2": error})


def _finish(folder: Path, plan: Plan) -> None:
    """Writes `dataset.json` from the cases' entries, which have then done their service."""
    entries = {name: json.loads((folder / "progress" / f"{name}.json").read_text()) for name in plan.ids()}
    measured = [json.loads((folder / "progress" / f"floor_{i:04d}.json").read_text()) for i in plan.floor()]
    errors = [m["relative_l2"] for m in measured if m["relative_l2"] is not None]
    redraws = sum(entry["redraws"] for entry in entries.values())
    write_elasticity(folder, plan.to_dict(), {name: e["case"] for name, e in entries.items()}, errors, redraws)
    shutil.rmtree(folder / "progress")


def _write(path: Path, plain: dict[str, Any]) -> None:
    with replacing(path, DatasetError) as partial:
        partial.write_text(json.dumps(plain, indent=1) + "\n")
