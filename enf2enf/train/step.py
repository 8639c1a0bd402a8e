"""One optimiser step, and the state it changes."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from enf2enf.model.network import Network
from enf2enf.precision import compiled, single
from enf2enf.threads import threads
from enf2enf.train.arrays import Batch
from enf2enf.train.config import TrainConfig
from enf2enf.train.loss import Groups, Loss


class TrainState(eqx.Module):
    """Everything that a resumed run needs to go on to the same numbers."""

    model: Network
    average: Network
    moments: PyTree
    step: Int[Array, ""]

    @classmethod
    @single
    def start(cls, model: Network, optimiser: optax.GradientTransformation) -> "TrainState":
        """Before the first step (of a stage); the model stays whole, while a step uses its state up."""
        own, average = (jax.tree.map(lambda x: x.copy() if eqx.is_array(x) else x, model) for _ in range(2))
        return cls(own, average, optimiser.init(eqx.filter(model, eqx.is_inexact_array)), jnp.zeros((), jnp.int32))


_BLOCK = 2  # cases whose activations fit the cache of a CPU core

Step = Callable[[TrainState, Batch], tuple[TrainState, Float[Array, ""]]]


class Schedule(NamedTuple):
    """Where the learning rate is on its way: from 0 up to `peak` in `warmup` steps, then along a cosine to 0.

    The numbers are arrays of the optimiser's state, not constants of its program: all schedules share one.
    """

    step: Int[Array, ""]
    peak: Float[Array, ""]
    warmup: Float[Array, ""]
    steps: Float[Array, ""]

    @property
    def rate(self) -> Float[Array, ""]:
        """The learning rate of this step."""
        over = jnp.clip((self.step - self.warmup) / (self.steps - self.warmup), 0.0, 1.0)
        return self.peak * jnp.where(
            self.step < self.warmup, self.step / self.warmup, 0.5 * (1 + jnp.cos(jnp.pi * over))
        )


def make_optimiser(config: TrainConfig, steps: int, rate: float = 1.0) -> optax.GradientTransformation:
    """Clipping, Muon or Adam, and a `Schedule` over `steps` up to `rate` times the configured learning rate."""
    rule = _rule(config.optimiser, config.clip)
    warmup = max(min(config.warmup, steps // 2), 1)

    @single
    def init(params: PyTree) -> tuple[PyTree, Schedule]:
        numbers = (jnp.asarray(number, jnp.float32) for number in (rate * config.rate, warmup, max(steps, 2)))
        return rule.init(params), Schedule(jnp.zeros((), jnp.int32), *numbers)

    return optax.GradientTransformation(init, rule.update)


@functools.lru_cache(maxsize=8)
def _rule(name: str, clip: float) -> optax.GradientTransformation:
    """The rule at a rate of 1, whose `update` scales by that of a schedule; the same object for equal arguments."""
    unscaled = optax.contrib.muon(1.0) if name == "muon" else optax.adam(1.0)
    rule = optax.chain(optax.clip_by_global_norm(clip), unscaled)

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, tuple[PyTree, Schedule]]:
        own: tuple[PyTree, Schedule] = state  # what `make_optimiser` begins with
        moments, schedule = own
        updates, moments = rule.update(updates, moments, params)
        updates = jax.tree.map(lambda leaf: schedule.rate * leaf, updates)
        return updates, (moments, schedule._replace(step=schedule.step + 1))

    return optax.GradientTransformation(rule.init, update)


def make_step(loss: Loss, update_rule: optax.TransformUpdateFn, groups: Groups, average: float) -> Step:
    """The step of a stage, in two compiled programs, gradient and update; stages that need the same one share it.

    On a CPU the batch is cut into blocks whose gradients are taken in threads, one per core. The sum does not depend
    on the number of threads.

    Args:
        loss: of a model, a batch and the groups; hashable.
        update_rule: of an optimiser from `make_optimiser`, which is the same for all schedules.
        groups: for every component, the index of its field.
        average: decay of the moving average of the weights.
    """

    piece, update = _value_and_gradient(loss, groups), _update(update_rule, average)

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Float[Array, ""]]:
        pieces = threads().map(lambda block: jax.block_until_ready(piece(state.model, block)), _blocks(batch))
        return update(list(pieces), state)

    return step


@functools.lru_cache(maxsize=8)  # so that a run resumed in the same process compiles nothing again
def _value_and_gradient(loss: Loss, groups: Groups) -> Callable[[Network, Batch], tuple[Float[Array, ""], PyTree]]:
    return compiled(eqx.filter_value_and_grad(lambda model, block: loss(model, block, groups)))


@functools.lru_cache(maxsize=8)
def _update(update_rule: optax.TransformUpdateFn, average: float) -> Callable:
    """From the values and gradients of all blocks and a state, which is used up, to the next state and the value."""

    def update(pieces: list[tuple[Array, PyTree]], state: TrainState) -> tuple[TrainState, Float[Array, ""]]:
        value, gradient = _mean(pieces)
        updates, moments = update_rule(gradient, state.moments, eqx.filter(state.model, eqx.is_inexact_array))
        model = eqx.apply_updates(state.model, updates)
        decay = jnp.minimum(average, (1.0 + state.step) / (10.0 + state.step))
        mean = jax.tree.map(  # as a step towards the new weights: those that stand still are kept to the bit
            lambda old, new: old + (1 - decay) * (new - old) if eqx.is_inexact_array(new) else new, state.average, model
        )
        return TrainState(model, mean, moments, state.step + 1), value

    return compiled(update, donate="all-except-first")


def _mean(pieces: list[PyTree]) -> PyTree:
    """Leaf by leaf, in this order whoever computed them."""
    return jax.tree.map(lambda *leaves: sum(leaves) / len(leaves), *pieces)


def _blocks(batch: Batch) -> list[Batch]:
    """The batch in equal parts of a few cases where a CPU computes, whole elsewhere."""
    cases = len(batch.valid)
    size = _BLOCK if jax.default_backend() == "cpu" and cases % _BLOCK == 0 else cases
    return [jax.tree.map(lambda leaf, a=a: leaf[a : a + size], batch) for a in range(0, cases, size)]
