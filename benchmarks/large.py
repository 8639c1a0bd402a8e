"""How much memory does a large data set take to pack and to train on, and what does its loader cost a step?

    python -m benchmarks.large
    python -m benchmarks.large --cases 1000 --points 180000 --most 1024

Flows around Joukowski aerofoils at so many points each, four fifths of the cases for training, seen in a mirror too.
Packing and training have a process of their own each; resident memory is told apart into that of the process itself and
pages of files, which the system takes back where it needs them. Training is begun as a run begins and then steps, as
the loop does it, without validation, its points in a file where they take more than `--most` MiB (1,024 in a run); and
once more with all points in memory, where these take less than 2 GiB. Everything is made below `--folder`, and removed.
Linux only.
"""

import argparse
import contextlib
import dataclasses
import functools
import itertools
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.rows import Row, plain, seconds, table, write_json
from enf2enf import io as mesh_io
from enf2enf.data import PackedData, npz, pack, proportional, write_manifest
from enf2enf.problems.joukowski import sampling
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.train import arrays
from enf2enf.train.ahead import ahead
from enf2enf.train.arrays import Batch
from enf2enf.train.config import RunConfig
from enf2enf.train.loop import Trainer
from enf2enf.train.measured import point_type
from enf2enf.train.step import TrainState, make_step

CONFIG = Path("examples/joukowski.toml")
SHARES = (8, 1, 0, 1)
WATCHED = ("VmHWM", "RssAnon", "RssFile")
MOST, COMPARED = 4096, 2.0  # MiB of a process; GiB of points that are held in memory for comparison


def make(folder: Path, cases: int, points: int) -> None:
    """A data-set folder with so many points off the walls of every case."""
    problem, entries = Joukowski(), {}
    calls = -(-points // (sampling.NEAR + sampling.SPREAD))
    for number in track(range(cases), f"{cases:,} cases of {points:,} points", transient=True):
        name = f"case_{number}"
        flow, entropy = problem.draw(0, number, 0)
        solved, rng = problem.solve((flow, entropy)), np.random.default_rng([*entropy, 2])
        drawn = np.concatenate([sampling.sample(flow, rng) for _ in range(calls)])[:points]
        mesh_io.write(folder / f"{name}.vtu", solved.mesh)
        npz.write(folder / f"{name}.npz", {"points": drawn, **flow.fields(drawn)})
        npz.write(folder / f"{name}-wall.npz", {"points": solved.wall.points, **solved.wall.values})
        files = {"mesh": f"{name}.vtu", "samples": f"{name}.npz", "wall": f"{name}-wall.npz"}
        entries[name] = files | {"conditions": solved.conditions}
    write_manifest(folder, problem.schema, entries, proportional(list(entries), SHARES), name="large")


@contextlib.contextmanager
def watched() -> Iterator[dict[str, float]]:
    """The largest resident memory of this process so far, and of either kind while it runs, in MiB."""
    peak: dict[str, float] = dict.fromkeys(WATCHED, 0.0)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            look()

    def look() -> None:
        for line in Path("/proc/self/status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key in peak:
                peak[key] = max(peak[key], int(value.split()[0]) / 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        look()


def packed(folder: Path) -> dict[str, float]:
    """Memory and seconds of packing."""
    with watched() as peak:
        taken = seconds(lambda: pack(folder, iter))
    return {**peak, "seconds": taken, "GiB": (folder / "cache.npz").stat().st_size / 2**30}


def trained(folder: Path, steps: int, most: int) -> dict[str, float]:
    """Memory, the seconds of what comes before the first step, of a step, and of its batch alone.

    Args:
        folder: of the data.
        steps: as many as are timed.
        most: bytes of points above which they are in a file.
    """
    arrays.LARGE = most
    with watched() as peak:
        config = RunConfig.read(CONFIG)
        config = dataclasses.replace(config, dataset=folder, out=folder / "run")
        began = time.perf_counter()
        trainer = Trainer(config, PackedData.load(folder), quiet=True)
        ready = time.perf_counter() - began
        size = trainer.data.everything.valid.shape
        found = _steps(trainer, steps)
        trainer.folder.close()
    file = size[0] * size[1] * point_type(trainer.packed.schema).itemsize
    return {**peak, "before": ready, **found, "GiB": file / 2**30}


def _steps(trainer: Trainer, steps: int) -> dict[str, float]:
    """Median seconds of a step as the loop takes it, of one whose batch is there, and of a batch; of processors."""
    stage, data, groups = trainer.stages[0], trainer.data, trainer.packed.schema.field_columns.groups
    optimiser = trainer.optimiser(stage)
    step = make_step(stage.loss, optimiser.update, groups, trainer.config.train.average)
    state = TrainState.start(trainer.surrogate.model, optimiser)

    def several(batches: Iterator[Batch]) -> None:
        nonlocal state
        for batch in itertools.islice(batches, 10):
            state, loss = step(state, batch)
        loss.block_until_ready()

    def timed(batches: Iterator[Batch]) -> float:
        return statistics.median(seconds(lambda: several(batches)) / 10 for _ in range(blocks))

    prepare, blocks = functools.partial(trainer.batch, stage, data), max(1, steps // 10)
    with contextlib.closing(ahead(prepare, range(10 * blocks + 20))) as batches:
        several(batches)
        began = time.process_time()
        each = timed(batches)
        used = (time.process_time() - began) / (10 * blocks)
    there = timed(itertools.repeat(prepare(0)))
    alone = [seconds(lambda n=n: prepare(n)) for n in range(20 + steps, 20 + 2 * steps)]
    return {"step": each, "used": used, "there": there, "batch": statistics.median(alone)}


def alone(work: Callable[..., dict[str, float]], *arguments: Any) -> dict[str, float]:
    """What a function comes to in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def memory(what: str, found: dict[str, float]) -> list[Row]:
    """The rows of a process."""
    return [
        Row(f"{what}: peak resident memory", found["VmHWM"], "MiB", MOST),
        Row(f"{what}: of the process itself", found["RssAnon"], "MiB"),
        Row(f"{what}: pages of files", found["RssFile"], "MiB"),
    ]


def measure(cases: int, points: int, steps: int, most: int, below: Path) -> list[Row]:
    """All figures."""
    below.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=below) as folder:
        make(Path(folder), cases, points)
        packing, filed = alone(packed, Path(folder)), alone(trained, Path(folder), steps, most)
        held = alone(trained, Path(folder), steps, 2**40) if filed["GiB"] < COMPARED else None
    rows = [
        *memory("packing", packing),
        Row("packing: time", packing["seconds"], "s"),
        Row("packing: the cache", packing["GiB"], "GiB"),
        *memory("training", filed),
        Row("training: time before the first step", filed["before"], "s"),
        Row("training: the points, in a file", filed["GiB"], "GiB"),
        Row("training: a step", 1e3 * filed["step"], "ms"),
        Row("training: a step, of all processors", 1e3 * filed["used"], "ms"),
        Row("training: its batch alone", 1e3 * filed["batch"], "ms"),
        Row("training: a step over one whose batch is there", filed["step"] / filed["there"], "", 1.1),
    ]
    if held is None:
        return rows
    return [
        *rows,
        *memory("all points in memory", held),
        Row("all points in memory: a step", 1e3 * held["step"], "ms"),
        Row("all points in memory: a step, of all processors", 1e3 * held["used"], "ms"),
        Row("all points in memory: its batch alone", 1e3 * held["batch"], "ms"),
        Row("a step from a file over one in memory", filed["step"] / held["step"], "", 1.1),
        Row("the same, of all processors, which others do not slow", filed["used"] / held["used"], "", 1.1),
    ]


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--most", type=int, default=1, help="MiB of points above which they go to a file")
    parser.add_argument("--folder", type=Path, default=Path("out"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measure(options.cases, options.points, options.steps, options.most * 2**20, options.folder)
    title = f"{options.cases:,} cases of {options.points:,} points: memory, and what the loader costs"
    Console(width=120).print(table(title, rows))
    write_json(options.json, {"cases": options.cases, "points": options.points, "rows": plain(rows)})


if __name__ == "__main__":
    main()
