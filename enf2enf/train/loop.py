"""Training from the packed cache: stages, interruption, resumption."""

import dataclasses
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from enf2enf import checkpoint
from enf2enf.data import cache
from enf2enf.data.cache import PackedData
from enf2enf.errors import ConfigError
from enf2enf.files import alone_in
from enf2enf.model.network import Network
from enf2enf.train.arrays import Batch, SplitArrays
from enf2enf.train.begin import untrained
from enf2enf.train.check import check_apart, check_frames, check_run, check_sizes
from enf2enf.train.config import RunConfig
from enf2enf.train.fit import fitted, in_time
from enf2enf.train.interrupt import Interrupt, Stopped
from enf2enf.train.lengths import with_lengths
from enf2enf.train.report import Reporter
from enf2enf.train.run import RunFolder, RunProgress, fitted_before
from enf2enf.train.running import RunningStage
from enf2enf.train.sampling import draw_batch, draw_panels, draw_placements
from enf2enf.train.stages import Stage, stages_of
from enf2enf.train.step import TrainState, make_optimiser
from enf2enf.train.validation import Validator

_MOST_MINUTES = 525_600  # of a year
MakeStages = Callable[[RunConfig, SplitArrays], Sequence[Stage]]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a call of `train` came to: `finished`, or ready to resume: stopped by the clock, or `interrupted`."""

    finished: bool
    step: int
    validation: float | None
    seconds: float
    interrupted: bool = False


def train(
    config: RunConfig,
    minutes: float | None = None,
    quiet: bool = False,
    make_stages: MakeStages = stages_of,
    fit: bool = False,
) -> Outcome:
    """Train, or go on training, the run that `config` describes; the best weights land in `out/model.enf`.

    The order of the data is a function of (seed, step), so a run that was stopped and resumed on the same
    machine ends in the same numbers, bit for bit, as one that was not.

    Args:
        config: the run.
        minutes: stop after this much wall-clock time, resumable, preparations and compilation included, but after a
            step or, where that is what is left, a validation; None to train to the end.
        quiet: say nothing while training.
        make_stages: the stages of the run, see `stages_of`.
        fit: change the numbers of steps so that the run ends within `minutes`; a run that goes on keeps its own.

    Raises:
        ConfigError: the configuration does not fit the data, `out` holds another run, the loss diverged, or there is
            nothing to fit.
        DatasetError: the data set or its cache is damaged.
    """
    if minutes is not None and not 0 < minutes <= _MOST_MINUTES:
        raise ConfigError("--minutes", f"a number above 0, at most {_MOST_MINUTES:,}", str(minutes))
    began = time.monotonic()
    deadline = began + 60 * minutes if minutes is not None else np.inf
    if fit and minutes is None:
        raise ConfigError("--fit", "--minutes, the time that the steps shall fit", "none")
    check_run(config)
    begun = fitted_before(config) if fit else None
    is_new = fit and begun is None
    check_time = functools.partial(in_time, began, deadline) if is_new else None
    packed = PackedData.load(config.dataset)
    if config.train.most_cases:
        packed = packed.learning_from(config.train.most_cases)
    trainer = Trainer(begun or config, packed, quiet, make_stages, check_time)
    try:
        with alone_in(config.out, ConfigError):
            if is_new:
                trainer.reschedule(fitted(trainer, deadline, began), make_stages)
            return trainer.run(deadline)
    finally:
        trainer.folder.close()


class Trainer:
    """One run: the data as arrays, the folder, and the stages still to do.

    Args:
        config: the run.
        packed: its data set.
        quiet: say nothing.
        make_stages: see `train`.
        check_time: called while geometries are measured; may raise where that takes too long.
    """

    def __init__(
        self, config: RunConfig, packed: PackedData, quiet: bool, make_stages: MakeStages = stages_of,
        check_time: Callable[[], None] | None = None,
    ):  # fmt: skip
        config = with_lengths(config, packed)
        self.config, self.packed, self.quiet, self._check_time = config, packed, quiet, check_time
        more, data = config.extra_data, [packed]
        if more is not None:
            data.append(PackedData.load(more.dataset).under(packed.schema, more.conditions))
            check_apart(*data)
        check_sizes(*data)
        check_frames(config.model.frames, packed.schema.length, *data)
        self._digest = "".join(each.digest for each in data)
        self.folder = RunFolder(config, self._digest)
        self._resumed = self.folder.peek()
        self.surrogate = untrained(config, data)
        self.data = self._arrays(data)
        self.walled = _walled(data, config.model.frames.count) if config.train.wall_points else None
        self.order = np.arange(len(self.data.counts))
        if more is not None:
            first, second = (config.model.frames.count * len(each.ids("train")) for each in data)
            self.order = mixed(first, second, more.share)
        self.stages = self._claimed(make_stages)
        self.validator = Validator(self.surrogate, packed)
        self.reporter = Reporter(config.name, quiet)

    def _arrays(self, data: Sequence[PackedData]) -> SplitArrays:
        bar = iter if self.quiet else functools.partial(cache.bar, doing="Measuring the geometries")

        def show(items: Iterable) -> Iterator:
            for item in bar(items):
                if self._check_time is not None:
                    self._check_time()
                yield item

        model, normaliser, encoder = self.config.model, self.surrogate.normaliser, self.surrogate.model.encoder
        cases, places = [(each, each.ids("train")) for each in data], self.config.train.placements
        seen = model.panels, model.frames, places, show, self.folder.path, model.turning
        return SplitArrays.build(cases, normaliser, encoder, *seen)

    def reschedule(self, config: RunConfig, make_stages: MakeStages) -> None:
        """Go on with a configuration that has other numbers of steps."""
        self.config, self.folder = config, RunFolder(config, self._digest)
        self.stages = self._claimed(make_stages)

    def _claimed(self, make_stages: MakeStages) -> tuple[Stage, ...]:
        stages = tuple(make_stages(self.config, self.data))
        self.folder.claim(stages)
        return stages

    def run(self, deadline: float) -> Outcome:
        """All stages from where the folder says, until a time of `time.monotonic`."""
        names = [stage.name for stage in self.stages]
        progress = self._resumed or RunProgress(names[0])
        resume, state, finished = self._resumed is not None, None, True

        def stop(clock: bool = True) -> bool:
            return interrupt.requested or (clock and time.monotonic() > deadline)

        with Interrupt() as interrupt, self.reporter:
            for stage in self.stages[names.index(progress.stage) :]:
                if stage.needless:
                    self.reporter.say(f"{stage.name} is skipped: {stage.needless}")
                    self.folder.note(stage.name, f"skipped: {stage.needless}")
                    continue
                if resume:
                    state = self.folder.restore(TrainState.start(self.surrogate.model, self.optimiser(stage)))
                else:
                    try:
                        progress, state = self._begun(stage, progress, state, stop)
                    except Stopped:
                        finished = False
                        break
                state, finished = RunningStage(self, stage, progress, stop).run(state, resume)
                if not finished:
                    break
                resume = False
        best = progress.best if progress.best is not None else progress.before.get("validation")
        step = 0 if state is None else int(state.step)
        return Outcome(finished, step, best, progress.seconds, interrupt.requested and not finished)

    def _begun(
        self, stage: Stage, before: RunProgress, state: TrainState | None, stop: Callable[..., bool]
    ) -> tuple[RunProgress, TrainState]:
        """A stage before its first step: from the weights that were kept, if some were, else from the last ones."""

        def check() -> None:
            if stop(False):  # the clock would stop it every time
                raise Stopped

        errors, model = dict(before.before), self.surrogate.model
        if before.best is not None:
            model = checkpoint.load(self.folder.model_path).model
            errors = self.validator.errors(stage, model, check)
        elif state is not None:
            model = state.average
        progress = RunProgress(stage.name, None, errors, before.seconds)
        return progress, TrainState.start(model, self.optimiser(stage))

    def optimiser(self, stage: Stage):
        """The optimiser of a stage."""
        return make_optimiser(self.config.train, stage.steps, stage.rate)

    def batch(self, stage: Stage, data: SplitArrays, number: int) -> Batch:
        """The batch of a step: a function of (seed, step)."""
        settings = self.config.train
        counts, walled = data.counts[self.order], None if self.walled is None else self.walled[self.order]
        sizes = settings.cases, settings.points, walled, settings.wall_points
        chosen, points = draw_batch(settings.seed, number, counts, *sizes)
        placed = draw_placements(settings.seed, number, settings.placements, settings.cases)
        panels = None
        if stage.panels:
            panels = draw_panels(settings.seed, number, self.config.model.panels, settings.cases, stage.panels)
        return data.take(self.order[chosen], points, placed, panels)

    def keep(self, model: Network, step: int, values: dict[str, float], progress: RunProgress) -> None:
        """Write these weights as those of the run."""
        kept = self.surrogate.with_weights(model, self._provenance(step, values, progress))
        checkpoint.save(self.folder.model_path, kept)

    def _provenance(self, step: int, values: dict[str, float], progress: RunProgress) -> dict[str, Any]:
        manifest = self.packed.manifest
        data = {key: manifest.get(key, "") for key in ("name", "description", "source", "licence", "split_sha256")}
        extra, skipped = self.config.extra_data, {stage.name: stage.needless for stage in self.stages if stage.needless}
        return {
            "name": self.config.name,
            "preset": self.config.preset,
            "licence": data["licence"] or "not stated",
            "dataset": {**data, "floor": manifest.get("floor"), "digest": self.packed.digest},
            "extra_data": dataclasses.asdict(extra) if extra else None,
            "training": {
                **dataclasses.asdict(self.config.train),
                "stopped_at": {"stage": progress.stage, "step": step},
                "skipped": skipped,
            },
            "metrics": {**values, "seconds": round(progress.seconds, 1)},
        }


def mixed(first: int, second: int, share: float) -> np.ndarray:
    """The cases of an epoch over two data sets; the first's are repeated so that the second has about its share."""
    times = max(1, round(second / first * (1 - share) / share))
    return np.concatenate([np.tile(np.arange(first), times), np.arange(first, first + second)])


def _walled(data: Sequence[PackedData], images: int) -> Int[np.ndarray, " cases"]:
    """Number of points on walls of every case, in the order of `SplitArrays.build`."""
    found = [[packed.on_wall(index).sum() for index in packed.ids("train")] for packed in data]
    return np.concatenate([np.tile(own, images) for own in found]).astype(np.int64)
