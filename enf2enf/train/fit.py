"""A schedule that fits a time: how long the steps of a run take, and how many of them there may be."""

import dataclasses
import time
from typing import TYPE_CHECKING

import jax

from enf2enf.errors import ConfigError
from enf2enf.train.config import RunConfig
from enf2enf.train.stages import Stage
from enf2enf.train.step import TrainState, make_step

if TYPE_CHECKING:
    from enf2enf.train.loop import Trainer

_WARM, _TIMED = 2, 10  # steps: the first ones compile
_MARGIN = 0.95  # of the time, for what is not measured


def fitted(trainer: "Trainer", deadline: float) -> RunConfig:
    """The configuration of a run with as many steps, in all its stages alike, as end before a deadline.

    Args:
        trainer: the run, none of whose weights change.
        deadline: of `time.monotonic`.

    Raises:
        ConfigError: a model whose encoder is trained first, or no time for a single step.
    """
    config, stages = trainer.config, [stage for stage in trainer.stages if not stage.needless]
    if config.pretrains_encoder:
        raise ConfigError("--fit", "a model whose encoder and decoder learn together", "one whose encoder learns first")
    seconds = {stage.name: _seconds(trainer, stage) for stage in stages}
    whole = sum(stage.steps * seconds[stage.name] for stage in stages)
    share = _MARGIN * (deadline - time.monotonic()) / whole
    if share * config.train.steps < 1:
        raise ConfigError("--minutes", f"time for a step of {seconds['field']:.2g} s", "less after all preparations")
    settings = dataclasses.replace(
        config.train, steps=int(share * config.train.steps), smooth_steps=int(share * config.train.smooth_steps)
    )
    each = f"{settings.steps} steps of {seconds['field']:.3g} s"
    trainer.reporter.say(f"{each} fit, then {settings.smooth_steps} to be smooth off the wall")
    return dataclasses.replace(config, train=settings)


def _seconds(trainer: "Trainer", stage: Stage) -> float:
    """Of a step, its share of the validations included."""
    settings, optimiser = trainer.config.train, trainer.optimiser(stage)
    step = make_step(stage.loss, optimiser.update, trainer.packed.schema.field_columns.groups, settings.average)
    state = TrainState.start(trainer.surrogate.model, optimiser)
    for number in range(_WARM + _TIMED):
        if number == _WARM:
            began = time.monotonic()
        state, loss = step(state, trainer.batch(stage, trainer.data, number))
        jax.block_until_ready(loss)
    taken = (time.monotonic() - began) / _TIMED
    trainer.validator.errors(stage, trainer.surrogate.model)  # compiles
    began = time.monotonic()
    trainer.validator.errors(stage, trainer.surrogate.model)
    return taken + (time.monotonic() - began) / min(settings.validate_every, stage.steps)
