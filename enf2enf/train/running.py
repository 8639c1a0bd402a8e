"""A stage of a run, from the step it is at to its last one."""

import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import jax
import numpy as np

from enf2enf.errors import ConfigError
from enf2enf.train.ahead import ahead
from enf2enf.train.frozen import freeze, score_latents
from enf2enf.train.interrupt import Stopped
from enf2enf.train.run import RunProgress
from enf2enf.train.stages import Stage
from enf2enf.train.step import TrainState, make_step
from enf2enf.train.validation import is_better

if TYPE_CHECKING:
    from enf2enf.train.loop import Trainer


class RunningStage:
    """A stage of a run, from the step it is at to its last one.

    Args:
        trainer: the run.
        stage: the stage.
        progress: where the run stands; kept up to date.
        stop: whether to stop after the step in flight; `stop(False)`: whether to, whatever the clock says.
    """

    def __init__(self, trainer: "Trainer", stage: Stage, progress: RunProgress, stop: Callable[..., bool]):
        self._trainer, self._stage, self._progress, self._stop = trainer, stage, progress, stop

    def run(self, state: TrainState, resume: bool) -> tuple[TrainState, bool]:
        """All steps that are left; the state after them, and whether they are all done.

        Args:
            state: of the step that the stage is at.
            resume: the stage was begun by another run, so that its state is already about latents where it needs them.
        """
        trainer, stage, progress = self._trainer, self._stage, self._progress
        optimiser = trainer.optimiser(stage)
        data, began = trainer.data, time.monotonic() - progress.seconds
        losses: list[jax.Array | float] = list(progress.losses)
        if stage.trains == "decoder":
            data = freeze(state.model, data, self._stop, functools.partial(trainer.reporter.advance, "latents"))
            if data is None:
                return state, False
            state = state if resume else TrainState.start(score_latents(state.model, data), optimiser)
        step = make_step(
            stage.loss, optimiser.update, trainer.packed.schema.field_columns.groups, trainer.config.train.average
        )
        number = int(state.step)
        is_left = self._is_due(number, losses)  # of a run that was stopped within a validation
        prepare = functools.partial(trainer.batch, stage, data)
        with contextlib.closing(ahead(prepare, range(number, stage.steps))) as batches:
            while is_left or number < stage.steps:
                if not is_left:
                    state, loss = step(state, next(batches))
                    losses.append(loss)
                    number += 1
                progress.seconds = time.monotonic() - began
                goes_on = self._settle(state, number, losses, is_left)
                is_left = False
                best = "-" if progress.best is None else f"{100 * progress.best:.2f} %"
                trainer.reporter.advance(stage.name, number, stage.steps, f"validation {best}")
                if not goes_on:
                    return state, False
        return state, True

    def _is_due(self, number: int, losses: Sequence[jax.Array | float]) -> bool:
        """Whether a validation is to be read after so many steps, and was not."""
        validates = number == self._stage.steps or number % self._trainer.config.train.validate_every == 0
        return bool(losses) and validates

    def _settle(self, state: TrainState, number: int, losses: list[jax.Array | float], is_left: bool) -> bool:
        """Runs the validation if it is due, and saves; returns whether to go on.

        The clock cannot stop a validation that it stopped before, nor the last one of a stage: each would start over.
        """
        progress, due, stopped = self._progress, self._is_due(number, losses), self._stop()
        if due or stopped:
            progress.losses = [float(loss) for loss in losses]
            self._check_finite(progress.losses, sum(progress.losses), number)
            try:
                if due:
                    self._validate(state, losses, is_left or number == self._stage.steps)
                    losses.clear()
                    progress.losses, stopped = [], self._stop()
            except Stopped:
                stopped = True
            self._trainer.folder.save(state, progress)
        return not stopped or (number == self._stage.steps and not losses)

    def _check_finite(self, figures: Sequence[float], loss: float, number: int) -> None:
        if not np.isfinite(figures).all():
            got = f"{loss} by step {number} of stage {self._stage.name}"
            raise ConfigError("train.rate", "a rate at which the loss stays finite", got)

    def _validate(self, state: TrainState, losses: Sequence[jax.Array | float], to_its_end: bool = False) -> None:
        """Read the validation split; keep the averaged weights if they are the best so far.

        Args:
            state: after the last step.
            losses: since the last validation.
            to_its_end: whether the clock cannot stop it.

        Raises:
            Stopped: it was stopped.
        """

        def check() -> None:
            if self._stop(not to_its_end):
                raise Stopped

        trainer, stage, progress, number = self._trainer, self._stage, self._progress, int(state.step)
        errors = trainer.validator.errors(stage, state.average, check)
        values = {"train": float(np.mean([float(loss) for loss in losses])), **errors}
        self._check_finite(list(values.values()), values["train"], number)
        trainer.folder.log(stage.name, number, {**values, "seconds": progress.seconds})
        if stage.trains != "encoder" and is_better(errors, stage, progress):
            progress.best = errors["validation"]
            trainer.keep(state.average, number, values, progress)
        told = {**values, "seconds": progress.seconds}
        trainer.reporter.validated(stage.name, number, stage.steps, told, progress.best)
