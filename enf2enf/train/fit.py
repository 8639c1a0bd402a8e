"""A schedule that fits a time: how long the steps of a run take, and how many of them there may be."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax

from enf2enf.errors import ConfigError
from enf2enf.train.config import FITTED, MOST_STEPS, RunConfig
from enf2enf.train.stages import Stage
from enf2enf.train.step import TrainState, make_step

if TYPE_CHECKING:
    from enf2enf.train.loop import Trainer

_WARM, _TIMED = 2, 10  # steps: the first ones compile
_MARGIN = 0.95  # of the time, for what is not measured


def in_time(began: float, deadline: float) -> None:
    """Refuse `--minutes` that are over before the first step, saying how long it has taken until now."""
    if time.monotonic() > deadline:
        raise _too_short(began, deadline, "training")


def _too_short(began: float, deadline: float, step: str) -> ConfigError:
    wanted = f"more than {(time.monotonic() - began) / 60:.3g}, which preparations took, and a step of {step}"
    return ConfigError("--minutes", wanted, f"{(deadline - began) / 60:.3g}")


def fitted(trainer: "Trainer", deadline: float, began: float) -> RunConfig:
    """The configuration of a run with as many steps, in all its stages alike, as end before a deadline.

    Args:
        trainer: the run, none of whose weights change.
        deadline: of `time.monotonic`.
        began: when the preparations did.

    Raises:
        ConfigError: a model whose encoder is trained first, or no time for a single step.
    """
    config, stages = trainer.config, [stage for stage in trainer.stages if not stage.needless]
    if config.pretrains_encoder:
        raise ConfigError("--fit", "a model whose encoder and decoder learn together", "one whose encoder learns first")
    check = functools.partial(in_time, began, deadline)
    timed = {stage.name: _timed(trainer, stage, check) for stage in stages}
    every = config.train.validate_every
    whole = sum(stage.steps * (step + last / every) for stage in stages for step, last in [timed[stage.name]])
    ends = sum(last for _, last in timed.values())  # every stage validates after its last step
    share = (_MARGIN * (deadline - time.monotonic()) - ends) / whole
    if share * config.train.steps < 1:
        step = f"{timed['field'][0]:.2g} s and a validation of {timed['field'][1]:.2g} s"
        raise _too_short(began, deadline, step)
    steps = {name: min(int(share * getattr(config.train, name)), MOST_STEPS) for name in FITTED}
    settings = dataclasses.replace(config.train, **steps)
    each = f"{settings.steps} steps of {timed['field'][0] + timed['field'][1] / every:.3g} s"
    squared = f"{settings.squared_steps} on squared errors, " * bool(settings.squared_steps)
    trainer.reporter.say(f"{each} fit, then {squared}{settings.smooth_steps} to be smooth off the wall")
    return dataclasses.replace(config, train=settings)


def _timed(trainer: "Trainer", stage: Stage, check: Callable[[], None]) -> tuple[float, float]:
    """Seconds of a step and of a validation; `check` is called now and then, and may raise."""
    settings, optimiser = trainer.config.train, trainer.optimiser(stage)
    step = make_step(stage.loss, optimiser.update, trainer.packed.schema.field_columns.groups, settings.average)
    state = TrainState.start(trainer.surrogate.model, optimiser)
    for number in range(_WARM + _TIMED):
        if number == _WARM:
            began = time.monotonic()
        state, loss = step(state, trainer.batch(stage, trainer.data, number))
        jax.block_until_ready(loss)
        check()
    taken = (time.monotonic() - began) / _TIMED
    trainer.validator.errors(stage, trainer.surrogate.model, check)  # compiles
    check()
    began = time.monotonic()
    trainer.validator.errors(stage, trainer.surrogate.model)
    return taken, time.monotonic() - began
