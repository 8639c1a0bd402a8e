"""What part of the machine's matrix-product ceiling do a decode and a training step reach, and where is the rest?

    python -m benchmarks.ceiling

The ceiling: one product of two 2048 x 2048 matrices in float32. Of every part: its time alone, compiled, on the shapes
that it has in the whole; the products in it, counted in its jaxpr; and what part of the ceiling they reach. All on one
core (run it under `taskset -c 0`): on two, blocks run side by side. Parts do not add up to the whole exactly: compiled
alone, they read and write what the whole keeps in registers and caches.
"""

import argparse
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.extend.core import jaxprs_in_params
from rich.console import Console
from rich.table import Table

from benchmarks import shipped
from benchmarks.rows import median_seconds
from benchmarks.training import random_batch
from enf2enf.nn.distance import signed_distance
from enf2enf.nn.embedding import distance_features
from enf2enf.nn.rotary_attention import CompactWindow
from enf2enf.settings import from_dict, preset
from enf2enf.surrogate import Surrogate
from enf2enf.train.config import TrainConfig
from enf2enf.train.loss import relative_errors
from enf2enf.train.step import TrainState, _blocks, make_optimiser

_GROUP, _REPETITIONS, _SIZE = 256, 30, 2048
Part = tuple[str, Callable[..., Any], tuple[Any, ...]]


def products(jaxpr: Any) -> int:
    """Floating-point operations in the products of a jaxpr, two for a multiplication and an addition."""
    count = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            summed = [equation.invars[0].aval.shape[axis] for axis in contracted]
            count += 2 * math.prod(equation.outvars[0].aval.shape) * math.prod(summed)
        count += sum(products(inner) for inner in jaxprs_in_params(equation.params))
    return count


def timed(call: Callable[..., Any], inputs: tuple[Any, ...]) -> tuple[float, int]:
    """Seconds of a compiled call, and the products in it."""
    arrays, static = eqx.partition(inputs, eqx.is_array)

    def run(arrays: Any) -> Any:
        return eqx.filter(call(*eqx.combine(arrays, static)), eqx.is_array)

    compiled, count = jax.jit(run), products(jax.make_jaxpr(run)(arrays).jaxpr)
    return median_seconds(lambda: jax.block_until_ready(compiled(arrays)), _REPETITIONS), count


def decode_parts(surrogate: Surrogate) -> list[Part]:
    """One group of points, whole and in parts."""
    view, decoder = surrogate.views(shipped.encoded(surrogate), surrogate.condition_row({}))[0], surrogate.model.decoder
    points = jnp.asarray(np.random.default_rng(0).uniform(-0.5, 0.5, (_GROUP, 2)), jnp.float32)
    prepared = decoder.condition(view.latents, jnp.zeros(surrogate.normaliser.condition_features))
    places, distance = points - prepared.centre, jnp.full(_GROUP, 0.1)
    phase, hidden = decoder.waves(places), jnp.ones((_GROUP, decoder.blocks[0].widen.in_features))
    block, keys_values = decoder.blocks[0], prepared.keys_values[0]

    def windows(places: jax.Array, prepared: Any) -> CompactWindow:
        return CompactWindow(jnp.sum((places[:, None] - prepared.pose) ** 2, axis=-1), prepared.radius)

    def network(hidden: jax.Array, block: Any) -> jax.Array:
        return jax.vmap(lambda x: block.narrow(jax.nn.gelu(block.widen(block.norm_hidden(x)))))(hidden)

    window = windows(places, prepared)

    def embedding(embed: Any, distance: jax.Array) -> jax.Array:
        return jax.vmap(lambda d: embed(distance_features(d, decoder.decays)))(distance)

    distances = jax.vmap(signed_distance, in_axes=(None, 0))
    return [
        ("decode 256 points", surrogate.model.decode, (prepared, view.panels, points[None], jnp.int32(1))),
        ("signed distance", distances, (view.panels.vertices, points)),
        ("its embedding", embedding, (decoder.embed, distance)),
        ("turns", decoder.waves, (places,)),
        ("windows", windows, (places, prepared)),
        ("attention, one of 2 layers", block.attention, (hidden, phase, keys_values, window)),
        ("network, one of 2 layers", network, (hidden, block)),
    ]


def training_parts(surrogate: Surrogate) -> list[Part]:
    """One block of cases of a step, whole and in parts, and the optimiser."""
    config = from_dict(TrainConfig, preset("fast")["train"], "train")
    model, block = surrogate.model, jax.tree.map(jnp.asarray, _blocks(random_batch(surrogate, config))[0])
    optimiser = make_optimiser(config, 1_000)
    state, weights = TrainState.start(model, optimiser), eqx.filter(model, eqx.is_inexact_array)

    def loss(model: Any, batch: Any) -> jax.Array:
        return jnp.mean(relative_errors(model, batch, (0,), False))

    def condition(model: Any, batch: Any) -> Any:
        return jax.vmap(lambda source, row: model.decoder.condition(model.encoder(source), row))(
            batch.source, batch.conditions
        )

    def update(gradient: Any, moments: Any, weights: Any) -> Any:
        updates, moments = optimiser.update(gradient, moments, weights)
        return optax.apply_updates(weights, updates), moments

    return [
        ("gradient of 2 cases of 256 points", eqx.filter_value_and_grad(loss), (model, block)),
        ("forward alone", loss, (model, block)),
        ("of it, all that is done for the latents", condition, (model, block)),
        ("Muon's update, once a step of 8 cases", update, (weights, state.moments, weights)),
    ]


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    square = jnp.ones((_SIZE, _SIZE))
    seconds, count = timed(lambda x: x @ x, (square,))
    ceiling = count / seconds
    table = Table(title=f"Ceiling: {ceiling / 1e9:.0f} GFLOP/s in float32 products")
    for column in ("part", "ms", "million operations in products", "GFLOP/s", "of the ceiling"):
        table.add_column(column, justify="left" if column == "part" else "right")
    surrogate = shipped.surrogate()
    for name, call, inputs in decode_parts(surrogate) + training_parts(surrogate):
        seconds, count = timed(call, inputs)
        rate = count / seconds
        table.add_row(name, f"{1e3 * seconds:.2f}", f"{count / 1e6:.0f}", f"{rate / 1e9:.0f}", f"{rate / ceiling:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
