"""How far does Transolver get on our data in the wall-clock time that our surrogate is given?

    export OMP_NUM_THREADS=1 MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592
    taskset -c 0 python -m benchmarks.peers.train_transolver train --mirror --minutes 30
    taskset -c 0 python -m benchmarks.peers.train_transolver speed
    python -m benchmarks.peers.train_transolver evaluate --split test
    taskset -c 0 python -m benchmarks.peers.train_transolver train --dataset data/aerofoil \
        --out runs/transolver-aerofoil --mirror --nodes 2048 --minutes 180

The last is for flows, whose table is `benchmarks.aerofoil`. Its loss is the root of the mean squares, in the domain and
on the wall with equal weight, of all fields without dimensions; a step draws some of the nodes of its case, as the
paper's does for AirfRANS. All else is the same.

Loss, AdamW, one-cycle rate and clipping are the paper's for Elasticity (Wu et al. 2024, arXiv 2402.02366, and its
published settings), and so is the batch of one case, which on a CPU core is the fastest per case too. The paper's 500
epochs are not kept: the cycle ends when the time does. A run that was stopped goes on where it was saved when it is
started again. The validation split chooses the weights. The MALLOC settings keep glibc from handing the activations'
memory back after every step and faulting it in again, a seventh of the time of a step.
"""

import argparse
import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PyTree
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.peers.cases import Cases, Scale, dimensionless, summary, told
from benchmarks.peers.transolver import Transolver
from benchmarks.rows import median_seconds
from enf2enf.data.cache import PackedData
from enf2enf.errors import ConfigError
from enf2enf.train.interrupt import Interrupt
from enf2enf.train.sampling import draw_batch

_TICKS = 1_000_000  # the schedule's resolution
_RATE = optax.cosine_onecycle_schedule(_TICKS, 1e-3)
_MOMENTUM = optax.piecewise_interpolate_schedule("cosine", 0.95, {3 * _TICKS // 10: 0.85 / 0.95, _TICKS: 0.95 / 0.85})
_DECAY, _CLIP = 1e-5, 0.1


@dataclasses.dataclass(frozen=True)
class Settings:
    """What decides the numbers of a run, but for the pace of the machine.

    Args:
        minutes: wall-clock time of training, compilation and validation included, loading excluded.
        mirror: train on the mirror image of every case too.
        nodes: of a case drawn for every step; 0 for all.
        validate_every: steps between readings of the validation split.
        seed: of the weights and of the order of the cases.
    """

    minutes: float = 30.0
    mirror: bool = False
    nodes: int = 0
    validate_every: int = 500
    seed: int = 0


class State(eqx.Module):
    """Everything that a resumed run needs.

    Attributes:
        moments: of the optimiser.
        seconds: wall-clock time spent.
    """

    model: Transolver
    moments: PyTree
    step: int
    seconds: float

    @classmethod
    def start(cls, model: Transolver) -> Self:
        """Before the first step."""
        return cls(model, optimiser(0.0).init(eqx.filter(model, eqx.is_array)), 0, 0.0)


def optimiser(progress: float | Float[Array, ""]) -> optax.GradientTransformation:
    """AdamW at a place of its one cycle (Smith & Topin 2018, arXiv 1708.07120), from 0 at the start to 1 at the end.

    The rate rises from 4e-5 to 1e-3 over three tenths and falls to 4e-9; the momentum goes from 0.95 to 0.85 and back.
    """
    rule = optax.adamw(_RATE(progress * _TICKS), b1=_MOMENTUM(progress * _TICKS), weight_decay=_DECAY)
    return optax.chain(optax.clip_by_global_norm(_CLIP), rule)


def network(packed: PackedData, seed: int) -> Transolver:
    """Untrained, for what a data set tells and asks."""
    index = packed.ids("train")[0]
    inputs, outputs = told(packed, index).shape[1], packed.schema.field_width
    return Transolver(inputs, outputs, key=jax.random.key(seed))


@eqx.filter_jit
def relative_error(model: Transolver, case: Cases) -> Float[Array, ""]:
    """The root of the squared errors at the nodes of a case, by their shares: |u_hat - u| / |u| of a single field.

    No `vmap`: over one case it doubles the time on a CPU.
    """
    is_known = jnp.isfinite(case.target)
    off = jnp.where(is_known, model(case.inputs, case.valid) - jnp.where(is_known, case.target, 0.0), 0.0)
    return jnp.sqrt((off**2).sum(axis=0) @ case.shares)


@eqx.filter_jit(donate="all-except-first")
def advance(
    lesson: tuple[Cases, Float[Array, ""]], model: Transolver, moments: PyTree
) -> tuple[Transolver, PyTree, Float[Array, ""]]:
    """One step on a case at a progress of the cycle. Returns new model and moments, and the loss."""
    case, progress = lesson
    loss, gradient = eqx.filter_value_and_grad(relative_error)(model, case)
    updates, moments = optimiser(progress).update(gradient, moments, eqx.filter(model, eqx.is_array))
    return eqx.apply_updates(model, updates), moments, loss


def all_errors(model: Transolver, cases: Cases) -> Float[np.ndarray, " cases"]:
    """The relative errors of many cases, one at a time."""
    return np.array([float(relative_error(model, cases.case(row))) for row in range(len(cases.valid))])


class Folder:
    """Where a run lives: `state.eqx` to resume, `weights.eqx` that validated best, `curve.json`.

    Args:
        identity: what a resumed run must have in common with the one that is there.
    """

    def __init__(self, path: Path, identity: dict[str, Any]):
        self.path, self.identity = path, identity
        self.curve: list[tuple[float, float]] = []
        path.mkdir(parents=True, exist_ok=True)

    def resume(self, state: State) -> State:
        """The saved state, or the given one where there is none. Raises `ConfigError` if it is another run's."""
        if not (self.path / "state.eqx").exists():
            return state
        record = json.loads((self.path / "curve.json").read_text())
        if record["identity"] != self.identity:
            raise ConfigError(str(self.path), f"a run of {self.identity}", f"one of {record['identity']}")
        state = eqx.tree_deserialise_leaves(self.path / "state.eqx", state)
        self.curve = [(seconds, error) for seconds, error in record["curve"] if seconds <= state.seconds]
        return state

    def log(self, state: State, error: float) -> None:
        """Add to the curve; keep the weights if they are the best so far."""
        if error <= min((error for _, error in self.curve), default=np.inf):
            self._write("weights.eqx", lambda path: eqx.tree_serialise_leaves(path, state.model))
        self.curve.append((round(state.seconds, 1), error))

    def save(self, state: State) -> None:
        """Write curve and state, each whole or not at all."""
        record = {"identity": self.identity, "step": state.step, "curve": self.curve}
        self._write("curve.json", lambda path: path.write_text(json.dumps(record, indent=1) + "\n"))
        self._write("state.eqx", lambda path: eqx.tree_serialise_leaves(path, state))

    def _write(self, name: str, write: Callable[[Path], object]) -> None:
        partial = self.path / f"partial.{name}"
        write(partial)
        os.replace(partial, self.path / name)


def train(settings: Settings, packed: PackedData, folder: Folder) -> State:
    """Train until the time is over or somebody interrupts, from where the folder says."""
    scale = Scale.fit(packed)
    data, validation = Cases.build(packed, "train", scale, settings.mirror), Cases.build(packed, "validation", scale)
    state = folder.resume(State.start(network(packed, settings.seed)))
    budget, began = 60 * settings.minutes, time.monotonic() - state.seconds
    counts = data.counts if settings.nodes else np.ones(len(data.valid), np.int64)
    with Interrupt() as interrupt, _bar() as bar:
        task = bar.add_task("", total=budget, note="")
        while state.seconds < budget and not interrupt.requested:
            (row,), (drawn,) = draw_batch(settings.seed, state.step, counts, 1, settings.nodes or 1)
            lesson = data.case(row, drawn if settings.nodes else None), jnp.float32(state.seconds / budget)
            model, moments, loss = advance(lesson, state.model, state.moments)
            if not np.isfinite(loss):
                raise ConfigError("loss", "a finite number", f"{loss} by step {state.step}")
            state = State(model, moments, state.step + 1, time.monotonic() - began)
            if state.step % settings.validate_every == 0 or state.seconds >= budget:
                folder.log(state, float(all_errors(model, validation).mean()))
                state = dataclasses.replace(state, seconds=time.monotonic() - began)
                folder.save(state)
            last = f"{folder.curve[-1][1]:.4f}" if folder.curve else "none yet"
            bar.update(task, completed=state.seconds, note=f"step {state.step}, validation {last}")
        folder.save(state)
    return state


def trained(packed: PackedData, folder: Folder) -> tuple[Transolver, dict[str, Any]]:
    """The best weights, and what the run was. Raises `ConfigError` if they learnt from other data."""
    identity = json.loads((folder.path / "curve.json").read_text())["identity"]
    if identity["data"] != packed.digest:
        raise ConfigError("dataset", "the data of the training run", "others")
    return eqx.tree_deserialise_leaves(folder.path / "weights.eqx", network(packed, 0)), identity


def evaluate(packed: PackedData, folder: Folder, split: str) -> dict[str, Any]:
    """The relative errors of the best weights on a split. Raises `ConfigError` as `trained` does."""
    model, identity = trained(packed, folder)
    errors = all_errors(model, Cases.build(packed, split, Scale.fit(packed)))
    report = {"dataset": packed.manifest["name"], "split": split, "cases": len(errors), **summary(errors)}
    return {**report, "trained": identity}


def answers(packed: PackedData, folder: Folder, split: str) -> Callable[[int], Float[np.ndarray, "points components"]]:
    """What the best weights say of the cases of a split, in SI units. Raises `ConfigError` as `trained` does."""
    (model, _), scale = trained(packed, folder), Scale.fit(packed)
    cases, rows = Cases.build(packed, split, scale), {int(index): row for row, index in enumerate(packed.ids(split))}
    forward = eqx.filter_jit(model)

    def guess(index: int) -> Float[np.ndarray, "points components"]:
        case = cases.case(rows[int(index)])
        found = np.asarray(forward(case.inputs, case.valid), np.float64)[case.valid]
        return dimensionless(packed, index).backward(found, scale.deviation, scale.mean)

    return guess


def speed(packed: PackedData, model: Transolver, repetitions: int = 20) -> dict[str, float]:
    """Median milliseconds and nodes per second of the first validation case, compiled and warm."""
    case = Cases.build(packed, "validation", Scale.fit(packed)).case(0)
    known, valid = jnp.asarray(case.inputs[case.valid]), jnp.ones(case.valid.sum(), bool)
    forward = eqx.filter_jit(model)
    seconds = median_seconds(lambda: forward(known, valid).block_until_ready(), repetitions)
    return {"nodes": len(known), "milliseconds": 1e3 * seconds, "nodes_per_second": len(known) / seconds}


def _bar() -> Progress:
    columns = TextColumn("Transolver {task.fields[note]}"), BarColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True))


def main() -> None:
    """Train, evaluate, or measure the speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("train", "evaluate", "speed"))
    parser.add_argument("--dataset", type=Path, default=Path("data/elasticity"))
    parser.add_argument("--out", type=Path, default=Path("runs/transolver"))
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--minutes", type=float, default=Settings.minutes)
    parser.add_argument("--mirror", action="store_true")
    parser.add_argument("--nodes", type=int, default=Settings.nodes)
    parser.add_argument("--validate-every", type=int, default=Settings.validate_every)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    options = parser.parse_args()
    settings = Settings(options.minutes, options.mirror, options.nodes, options.validate_every, options.seed)
    packed = PackedData.load(options.dataset)
    folder = Folder(options.out, {**dataclasses.asdict(settings), "data": packed.digest})
    if options.command == "train":
        state = train(settings, packed, folder)
        figures = {"step": state.step, "seconds": state.seconds, "curve": folder.curve}
    elif options.command == "evaluate":
        figures = evaluate(packed, folder, options.split)
    else:
        figures = speed(packed, network(packed, settings.seed))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
