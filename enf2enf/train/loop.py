"""Training from the packed cache: stages, validation, interruption, resumption."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from enf2enf import checkpoint
from enf2enf.data import cache
from enf2enf.data.cache import PackedData
from enf2enf.errors import ConfigError, QueryError
from enf2enf.inference.encoding import panels_of
from enf2enf.model.encoder import Measurements
from enf2enf.model.field_decoder import FieldDecoder
from enf2enf.model.network import Network
from enf2enf.surrogate import Surrogate
from enf2enf.threads import cores, threads
from enf2enf.train.arrays import SplitArrays, fit_normaliser
from enf2enf.train.config import RunConfig
from enf2enf.train.evaluate import evaluate
from enf2enf.train.interrupt import Interrupt
from enf2enf.train.loss import shape_loss
from enf2enf.train.run import Progress, RunFolder
from enf2enf.train.sampling import draw, draw_panels, draw_placements
from enf2enf.train.step import TrainState, make_optimiser, make_step

_misfit = eqx.filter_jit(shape_loss)
_SMOOTH_RATE = 0.06  # of the learning rate: what is learnt is to be kept
_PANELS = 16  # of a case and step, at which fields are to be smooth


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a call of `train` came to: `finished`, or stopped by Ctrl-C or the clock and ready to resume."""

    finished: bool
    step: int
    validation: float | None
    seconds: float


def train(config: RunConfig, minutes: float | None = None, quiet: bool = False) -> Outcome:
    """Train, or go on training, the run that `config` describes; the best weights land in `out/model.enf`.

    The order of the data is a function of (seed, step), so a run that was stopped and resumed on the same
    machine ends in the same numbers, bit for bit, as one that was not.

    Args:
        minutes: stop after this much wall-clock time, resumable; None to train to the end.
        quiet: no progress bar.

    Raises:
        ConfigError: the configuration does not fit the data, `out` holds another run, or the loss diverged.
        DatasetError: the data set or its cache is damaged.
    """
    deadline = time.monotonic() + 60 * minutes if minutes is not None else np.inf
    trainer = Trainer(config, PackedData.load(config.dataset), quiet)
    try:
        return trainer.run(deadline)
    finally:
        trainer.folder.close()


class Trainer:
    """One run: the data as arrays, the folder, and the stages still to do."""

    def __init__(self, config: RunConfig, packed: PackedData, quiet: bool):
        self.config, self.packed, self.quiet = config, packed, quiet
        also = None if config.also is None else PackedData.load(config.also.dataset)
        also = also and also.under(packed.schema, config.also.conditions)
        self.folder = RunFolder(config, packed.digest + (also.digest if also else ""))
        self._resumed = self.folder.peek()
        normaliser = fit_normaliser(packed)
        self.groups = packed.schema.field_columns.groups
        self.surrogate = Surrogate.untrained(config.model, normaliser, config.train.seed)
        encoder, panels = self.surrogate.model.encoder, config.model.panels
        progress = iter if quiet else functools.partial(cache.bar, doing="Measuring the geometries")
        build = functools.partial(
            SplitArrays.build, split="train", normaliser=normaliser, encoder=encoder, panels=panels,
            frames=config.model.frames, placements=config.train.placements, progress=progress,
        )  # fmt: skip
        self.data = build(packed)
        self.order = np.arange(len(self.data.counts))
        if also:
            more = build(also)
            self.order = mixed(len(self.data.counts), len(more.counts), config.also.share)
            self.data = self.data.joined(more)
        self.stages = ("shape",) * config.staged + ("field",) + ("smooth",) * (config.train.smooth_steps > 0)

    def run(self, deadline: float) -> Outcome:
        """All stages from where the folder says, until a time of `time.monotonic`."""
        progress = self._resumed or Progress(self.stages[0])
        resume, model = self._resumed is not None, self.surrogate.model
        with Interrupt() as interrupt:
            for stage in self.stages[self.stages.index(progress.stage) :]:
                progress = progress if progress.stage == stage else Progress(stage, None, progress.seconds)
                state, finished = self._stage(stage, model, progress, resume, deadline, interrupt)
                if not finished:
                    break
                resume, model = False, state.average
        return Outcome(finished, int(state.step), progress.best, progress.seconds)

    def _stage(
        self, stage: str, model: Network, progress: Progress, resume: bool, deadline: float, interrupt: Interrupt
    ) -> tuple[TrainState, bool]:
        settings = self.config.train
        if stage == "smooth":
            settings = dataclasses.replace(settings, rate=_SMOOTH_RATE * settings.rate)
        steps = {"shape": settings.shape_steps, "field": settings.steps, "smooth": settings.smooth_steps}[stage]
        optimiser = make_optimiser(settings, steps)
        state = TrainState.start(model, optimiser)
        state = self.folder.restore(state) if resume else state
        frozen, data = stage == "field" and self.config.staged, self.data
        began, losses = time.monotonic() - progress.seconds, list(progress.losses)

        def stop() -> bool:
            return interrupt.requested or time.monotonic() > deadline

        with _bar(self.quiet) as bar:
            if frozen:
                data = freeze(state.model, data, stop, bar)
                if data is None:
                    return state, False
                state = state if resume else TrainState.start(score_latents(state.model, data), optimiser)
            step = make_step(settings, optimiser, self.groups, "frozen" if frozen else stage)
            task = bar.add_task(f"{self.config.name}: {stage}", total=steps, completed=int(state.step), note="")
            counts = data.counts[self.order]
            for number in range(int(state.step), steps):
                chosen, points = draw(settings.seed, number, counts, settings.cases, settings.points)
                placed = draw_placements(settings.seed, number, settings.placements, settings.cases)
                batch = data.take(self.order[chosen], points, placed, self._panels(stage, number))
                state, loss = step(state, batch)
                losses.append(loss)
                last = number + 1 == steps
                stopping = stop()
                if last or stopping or (number + 1) % settings.validate_every == 0:
                    progress.seconds = time.monotonic() - began
                    if last or (number + 1) % settings.validate_every == 0:
                        self._validate(stage, state, progress, losses)
                        losses = []
                    progress.losses = [float(loss) for loss in losses]
                    self.folder.save(state, progress)
                bar.update(task, completed=number + 1, note=f"validation {_percent(progress.best)}")
                if stopping and not last:
                    return state, False
        return state, True

    def _panels(self, stage: str, number: int) -> Int[np.ndarray, "cases facets"] | None:
        settings, count = self.config.train, self.config.model.panels
        return draw_panels(settings.seed, number, count, settings.cases, _PANELS) if stage == "smooth" else None

    def _validate(self, stage: str, state: TrainState, progress: Progress, losses: list[jax.Array | float]) -> None:
        """Read the validation split; keep the averaged weights if they are the best so far."""
        error = self._validation_error(stage, state.average)
        values = {"train": float(np.mean([float(loss) for loss in losses])), "validation": error}
        if not np.isfinite(list(values.values())).all():
            got = f"{values['train']} by step {int(state.step)} of stage {stage}"
            raise ConfigError("train.rate", "a rate at which the loss stays finite", got)
        self.folder.log(stage, int(state.step), {**values, "seconds": progress.seconds})
        if stage != "shape" and (progress.best is None or error < progress.best):
            progress.best = error
            self._keep(state, values, progress)

    def _validation_error(self, stage: str, model: Network) -> float:
        """Of what a surrogate with these weights would answer, NaN if that is not finite."""
        if stage == "shape":
            return float(np.mean([_misfit(model.encoder, source) for source in self._measured]))
        try:
            errors = evaluate(self._with(model, {}), self.packed, "validation").errors
        except QueryError:
            return np.nan
        return float(np.mean(list(errors.values())))

    @functools.cached_property
    def _measured(self) -> list[Measurements]:
        """What the encoder measures on the geometries of the validation split, one by one."""
        encoder, model = self.surrogate.model.encoder, self.config.model
        geometries = [self.packed.geometry(index) for index in self.packed.ids("validation")]
        frames = [model.frames.of(geometry, self.surrogate.normaliser.length)[0] for geometry in geometries]
        measure = eqx.filter_jit(lambda shape: jax.tree.map(lambda leaf: leaf[None], encoder.measure(shape)))
        seen = zip(geometries, frames, strict=True)
        return [measure(panels_of(geometry, frame, model.panels)) for geometry, frame in seen]

    def _with(self, model: Network, provenance: dict[str, Any]) -> Surrogate:
        return Surrogate(model, self.surrogate.config, self.surrogate.normaliser, provenance)

    def _keep(self, state: TrainState, values: dict[str, float], progress: Progress) -> None:
        kept = self._with(state.average, self._provenance(state, values, progress))
        checkpoint.save(self.folder.model_path, kept)

    def _provenance(self, state: TrainState, values: dict[str, float], progress: Progress) -> dict[str, Any]:
        manifest = self.packed.manifest
        data = {key: manifest.get(key, "") for key in ("name", "description", "source", "licence", "split_sha256")}
        stopped_at = {"stage": progress.stage, "step": int(state.step)}
        return {
            "name": self.config.name,
            "preset": self.config.preset,
            "licence": "Apache-2.0",
            "dataset": {**data, "floor": manifest.get("floor"), "digest": self.packed.digest},
            "also": dataclasses.asdict(self.config.also) if self.config.also else None,
            "training": {**dataclasses.asdict(self.config.train), "stopped_at": stopped_at},
            "metrics": {**values, "seconds": round(progress.seconds, 1)},
        }


def mixed(first: int, second: int, share: float) -> np.ndarray:
    """The cases of an epoch over two data sets: the first's as often as leaves the second about its share."""
    times = max(1, round(second / first * (1 - share) / share))
    return np.concatenate([np.tile(np.arange(first), times), np.arange(first, first + second)])


def freeze(
    model: Network, data: SplitArrays, stop: Callable[[], bool] = lambda: False, bar: Bar | None = None
) -> SplitArrays | None:
    """The same data with all measurements replaced by its latents; None if `stop` says so before the end."""
    encode = eqx.filter_jit(lambda source: jax.block_until_ready(model.encoder(source)))
    bar, count, rows = bar or _bar(True), len(data.counts), []
    task = bar.add_task("latents of the train split", total=count, note="")
    for start in range(0, count, cores()):
        if stop():
            return None
        numbers = range(start, min(start + cores(), count))
        sources = [jax.tree.map(lambda leaf, i=i: leaf[i, 0], data.everything.source) for i in numbers]
        rows += map(jax.device_get, threads().map(encode, sources))
        bar.update(task, completed=len(rows))
    latents = jax.tree.map(lambda *leaves: np.stack(leaves)[:, None], *rows)
    return SplitArrays(dataclasses.replace(data.everything, source=latents), data.counts)


def score_latents(model: Network, frozen: SplitArrays) -> Network:
    """The model with the statistics of these latents in the decoder, if it z-scores them."""
    if not isinstance(model.decoder, FieldDecoder):
        return model
    (cloud,) = frozen.everything.source
    contexts = np.asarray(cloud.context, np.float64).reshape(-1, cloud.context.shape[-1])
    statistics = [jnp.asarray(moment, jnp.float32) for moment in (contexts.mean(axis=0), contexts.std(axis=0) + 1e-6)]
    return eqx.tree_at(lambda m: (m.decoder.mean, m.decoder.deviation), model, tuple(statistics))


def _bar(quiet: bool) -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Bar(*columns, TextColumn("{task.fields[note]}"), disable=quiet, refresh_per_second=2)


def _percent(error: float | None) -> str:
    return "-" if error is None else f"{100 * error:.2f} %"
