"""One optimiser step, and the state it changes."""

import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from enf2enf.model.network import Network
from enf2enf.threads import threads
from enf2enf.train.arrays import Batch
from enf2enf.train.config import TrainConfig
from enf2enf.train.loss import Loss


class TrainState(eqx.Module):
    """Everything that a resumed run needs to go on to the same numbers."""

    model: Network
    average: Network
    moments: PyTree
    step: Int[Array, ""]

    @classmethod
    def start(cls, model: Network, optimiser: optax.GradientTransformation) -> "TrainState":
        """Before the first step (of a stage); the model stays whole, while a step uses its state up."""
        own, average = (jax.tree.map(lambda x: x.copy() if eqx.is_array(x) else x, model) for _ in range(2))
        return cls(own, average, optimiser.init(eqx.filter(model, eqx.is_inexact_array)), jnp.zeros((), jnp.int32))


_BLOCK = 2  # cases whose activations fit the cache of a CPU core

Step = Callable[[TrainState, Batch], tuple[TrainState, Float[Array, ""]]]


@functools.lru_cache(maxsize=8)
def make_optimiser(config: TrainConfig, steps: int, rate: float = 1.0) -> optax.GradientTransformation:
    """Clipping, warm-up and cosine to zero over `steps`, Muon or Adam; `rate` times the configured learning rate."""
    warmup = min(config.warmup, steps // 2)
    schedule = optax.warmup_cosine_decay_schedule(0.0, rate * config.rate, max(warmup, 1), max(steps, 2))
    rule = optax.contrib.muon(schedule) if config.optimiser == "muon" else optax.adam(schedule)
    return optax.chain(optax.clip_by_global_norm(config.clip), rule)


@functools.lru_cache(maxsize=8)  # so that a run resumed in the same process compiles nothing again
def make_step(
    loss: Loss,
    optimiser: optax.GradientTransformation,
    groups: tuple[int, ...],
    average: float,
) -> Step:
    """The step of a stage: equal arguments give one compiled program.

    On a CPU the batch is cut into blocks whose gradients are taken in threads, one per core. The sum does not depend
    on the number of threads.
    """

    @eqx.filter_jit(donate="all-except-first")
    def update(pieces: list[tuple[Array, PyTree]], state: TrainState) -> tuple[TrainState, Float[Array, ""]]:
        value, gradient = _mean(pieces)
        updates, moments = optimiser.update(gradient, state.moments, eqx.filter(state.model, eqx.is_inexact_array))
        model = eqx.apply_updates(state.model, updates)
        decay = jnp.minimum(average, (1.0 + state.step) / (10.0 + state.step))
        mean = jax.tree.map(  # as a step towards the new weights: those that stand still are kept to the bit
            lambda old, new: old + (1 - decay) * (new - old) if eqx.is_inexact_array(new) else new, state.average, model
        )
        return TrainState(model, mean, moments, state.step + 1), value

    piece = eqx.filter_jit(eqx.filter_value_and_grad(lambda model, block: loss(model, block, groups)))

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Float[Array, ""]]:
        pieces = threads().map(lambda block: jax.block_until_ready(piece(state.model, block)), _blocks(batch))
        return update(list(pieces), state)

    return step


def _mean(pieces: list[PyTree]) -> PyTree:
    """Leaf by leaf, in this order whoever computed them."""
    return jax.tree.map(lambda *leaves: sum(leaves) / len(leaves), *pieces)


def _blocks(batch: Batch) -> list[Batch]:
    """The batch in equal parts of a few cases where a CPU computes, whole elsewhere."""
    cases = len(batch.valid)
    size = _BLOCK if jax.default_backend() == "cpu" and cases % _BLOCK == 0 else cases
    return [jax.tree.map(lambda leaf, a=a: leaf[a : a + size], batch) for a in range(0, cases, size)]
