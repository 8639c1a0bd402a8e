"""`enf2enf generate PROBLEM`: many solved cases of a problem as a data-set folder, in parallel and resumable."""

import concurrent.futures
import contextlib
import functools
import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from enf2enf import io as mesh_io
from enf2enf.data import npz, write_manifest
from enf2enf.data.manifest import condition_arrays
from enf2enf.data.stored import is_readable, read_again
from enf2enf.errors import ConfigError, DatasetError, SolverError
from enf2enf.field import Field
from enf2enf.files import alone_in, check_folder, replacing
from enf2enf.plain import is_number, is_whole, shown
from enf2enf.problems.plan import Plan
from enf2enf.problems.problem import REDRAWS, AbstractProblem, Floor, SolvedCase, naming
from enf2enf.problems.workers import finished, workers
from enf2enf.schema import Schema

_MARK, _PARTS = "generate.json", ("meshes", "fine", "progress")
_EVERY = 60.0  # seconds from line to line where there is no terminal


def generate(
    problem: AbstractProblem,
    out: str | os.PathLike[str],
    cases: int = 1200,
    seed: int = 0,
    jobs: int | None = None,
    floor_cases: int | None = None,
    progress: bool = True,
) -> Path:
    """Makes the data set, or finishes one that was interrupted; the same bytes for the same arguments.

    Args:
        problem: whose cases; worker processes must be able to import its class.
        out: the folder; made where it is missing.
        cases, seed: see `Plan`.
        jobs: processes, each with one thread; None for one per core. It does not change the result.
        floor_cases: see `Plan`; if not given, as many as the problem's `floor` says, or all of fewer.
        progress: draw a progress bar on the terminal.

    Returns:
        The folder.

    Raises:
        ConfigError: an argument is out of range.
        DatasetError: the folder holds something else, or was made with other arguments; or a case that was solved lacks
            what the problem's schema names, or could not be read again.
        SolverError: a case that cannot be solved.
    """
    if floor_cases is None:
        floor_cases = 0 if problem.floor is None else min(problem.floor.cases, max(cases, 0))
    plan = Plan(problem, cases, seed, floor_cases)
    jobs = (os.cpu_count() or 1) if jobs is None else jobs
    if jobs < 1:
        raise ConfigError("jobs", "at least 1", str(jobs))
    folder = Path(out)
    check_folder(folder, DatasetError)
    _claim(folder, plan)
    with alone_in(folder, DatasetError):
        if not (folder / "dataset.json").exists():
            _fill(folder, plan, jobs, progress)
    return folder


def _claim(folder: Path, plan: Plan) -> None:
    """Marks the folder with its plan, or checks the mark that is there."""
    mark = folder / _MARK
    try:
        found = json.loads(mark.read_text())
    except FileNotFoundError:
        if folder.exists() and any(folder.iterdir()):
            raise DatasetError(str(folder), "an empty or a new folder", "something else's files") from None
        folder.mkdir(parents=True, exist_ok=True)
        _write(mark, plan.to_dict())
        return
    except (OSError, ValueError):
        raise DatasetError(str(mark), "a readable JSON file", "another") from None
    if not isinstance(found, dict):
        raise DatasetError(str(mark), "a table in JSON", shown(found))
    if differing := [key for key, value in plan.to_dict().items() if found.get(key) != value]:
        key = differing[0]
        raise DatasetError(str(folder), f"{key} = {found.get(key)}, with which it was begun", str(plan.to_dict()[key]))


def _fill(folder: Path, plan: Plan, jobs: int, progress: bool) -> None:
    try:
        for part in _PARTS:
            if part != "fine" or plan.problem.fine_cases:
                (folder / part).mkdir(exist_ok=True)
        _run(folder, plan, jobs, progress)
    except BaseException:
        _release(folder)
        raise
    _finish(folder, plan)


def _release(folder: Path) -> None:
    """Leaves nothing of a campaign that failed before its first case was solved."""
    if (folder / "progress").exists() and any((folder / "progress").iterdir()):
        return
    for part in _PARTS:
        shutil.rmtree(folder / part, ignore_errors=True)
    (folder / _MARK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # whoever made it may have put something into it
        folder.rmdir()


def _run(folder: Path, plan: Plan, jobs: int, progress: bool) -> None:
    work = [functools.partial(_make_case, folder, plan, index) for index in range(plan.cases)]
    work += [functools.partial(_measure, folder, plan, index) for index in plan.floor()]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, TimeRemainingColumn(), console=console, disable=not (progress and console.is_terminal))

    def stopping() -> None:
        if progress:
            sentence = "Stopping once the cases that are being solved are; they stay. Ctrl-C now gives them up."
            console.print(sentence, markup=False, soft_wrap=True)

    with bar, workers(jobs, stopping) as pool:
        task = bar.add_task(plan.title(), total=len(work))
        said = time.monotonic()
        try:
            for done, future in enumerate(finished(pool, work, jobs), 1):
                future.result()
                bar.advance(task)
                if bar.disable and progress and time.monotonic() - said > _EVERY:
                    said = time.monotonic()
                    console.print(f"{plan.title()}: {done} of {len(work)}", markup=False, soft_wrap=True)
        except concurrent.futures.BrokenExecutor as error:
            raise SolverError("jobs", "processes that live as long as their cases", "one that was ended") from error


def _make_case(folder: Path, plan: Plan, index: int) -> None:
    """Solves and stores one case, unless it is there whole; its entry under `progress` comes last and says so."""
    name = plan.ids()[index]
    entry = folder / "progress" / f"{name}.json"
    known = _entry(entry, "case", "redraws")
    problem = plan.problem
    if (
        known
        and is_whole(known["redraws"], 0, REDRAWS)
        and is_readable(folder, problem.schema, problem.walls, name, known["case"])
    ):
        return
    solved, redraws = problem.make(plan.seed, index)
    record = _record(name, solved, problem.schema)
    mesh_io.write(folder / record["mesh"], solved.mesh)
    for part, field in (("samples", solved.samples), ("wall", solved.wall)):
        if field is not None:
            record[part] = _store(folder, part, name, field)
    if name in plan.fine() and solved.fine is not None:
        with naming(plan.seed, index):
            record["fine"] = _store(folder, "fine", name, solved.fine())
    read_again(folder, problem.schema, problem.walls, name, record)
    _write(entry, {"case": record, "redraws": redraws})


def _entry(path: Path, *keys: str) -> dict[str, Any] | None:
    """What is stored under all of these keys; None where nothing is, or it was damaged."""
    try:
        stored = json.loads(path.read_text())
        return {key: stored[key] for key in keys}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(folder: Path, part: str, name: str, field: Field) -> str:
    """Writes a sampling, and returns its path in the data set."""
    (folder / part).mkdir(exist_ok=True)
    values = {key: column.astype(np.float32) for key, column in field.values.items()}
    npz.write(folder / part / f"{name}.npz", {"points": field.points, **values})
    return f"{part}/{name}.npz"


def _record(name: str, solved: SolvedCase, schema: Schema) -> dict[str, Any]:
    """The entry of a case in `dataset.json`, once it is known to have what the schema names."""
    conditions = {key: np.asarray(value).tolist() for key, value in solved.conditions.items()}
    record: dict[str, Any] = {"mesh": f"meshes/{name}.vtu", "conditions": conditions}
    condition_arrays(name, record, schema)
    known, what = (solved.mesh.point_data, "nodal") if solved.samples is None else (solved.samples.values, "sampled")
    on_walls = {} if solved.wall is None else solved.wall.values
    if solved.wall is not None and not any(schema.is_on("wall")):
        raise DatasetError(
            f"case {name!r}", "no values on walls, where the schema has no fields", str(sorted(on_walls))
        )
    for field in schema.fields:
        there, kind = (known, what) if field.on == "domain" else (on_walls, "wall")
        if field.name not in there:
            raise DatasetError(f"case {name!r}", f"{kind} values of {field.name!r}", f"only {sorted(there)}")
    return record


def _measure(folder: Path, plan: Plan, index: int) -> None:
    """Measures the error of the stored fields of one case, unless that was done."""
    entry = folder / "progress" / f"floor_{index:04d}.json"
    if _entry(entry, "relative_l2") is None:
        solved, _ = plan.problem.make(plan.seed, index)
        if solved.error is None:
            raise DatasetError(f"case {index}", "a measure of its error, since the problem states a floor", "none")
        with naming(plan.seed, index):
            error = _plain(solved.error())
        if error is not None and not (is_number(error) and error >= 0):
            raise DatasetError(f"error of case {index}", "a number from 0 up, or None", shown(error))
        _write(entry, {"relative_l2": error})


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _finish(folder: Path, plan: Plan) -> None:
    """Writes `dataset.json` from the cases' entries under `progress`, and then deletes these."""
    entries = {name: json.loads((folder / "progress" / f"{name}.json").read_text()) for name in plan.ids()}
    measured = [json.loads((folder / "progress" / f"floor_{i:04d}.json").read_text()) for i in plan.floor()]
    errors = [m["relative_l2"] for m in measured if m["relative_l2"] is not None]
    problem, redraws = plan.problem, sum(entry["redraws"] for entry in entries.values())
    write_manifest(
        folder, problem.schema, {name: entry["case"] for name, entry in entries.items()}, plan.split(),
        name=plan.title(), description=problem.describe(redraws), licence=problem.licence, source=plan.command(),
        walls=problem.walls,
        floor=_floor(problem.floor, plan.floor_cases, errors) if problem.floor is not None and errors else None,
    )  # fmt: skip
    shutil.rmtree(folder / "progress")


def _floor(floor: Floor, cases: int, errors: Sequence[float]) -> dict[str, Any]:
    how = f"mean over cases of {floor.how}; largest {max(errors):.2e}"
    if missing := cases - len(errors):
        how += f"; {missing} more {floor.failed}"
    return {"relative_l2": float(np.mean(errors)), "cases": len(errors), "how": how}


def _write(path: Path, plain: dict[str, Any]) -> None:
    with replacing(path, DatasetError) as partial:
        partial.write_text(json.dumps(plain, indent=1) + "\n")
