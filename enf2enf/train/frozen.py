"""Training a decoder on the latents of an encoder that is frozen."""

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from enf2enf.model.encoder import AbstractEncoder, Measurements
from enf2enf.model.field_decoder import FieldDecoder
from enf2enf.model.network import Network
from enf2enf.nn.latents import Latents
from enf2enf.precision import compiled
from enf2enf.threads import cores, threads
from enf2enf.train.arrays import SplitArrays


def freeze(
    model: Network,
    data: SplitArrays,
    stop: Callable[[], bool] = lambda: False,
    advance: Callable[[int, int], None] = lambda done, count: None,
) -> SplitArrays | None:
    """The same data with all measurements replaced by latents.

    Args:
        model: whose encoder makes them.
        data: measured geometries.
        stop: asked now and then whether to stop; the result is None then.
        advance: told how many of how many geometries are done.
    """
    count, rows = len(data.counts), []
    for start in range(0, count, cores()):
        if stop():
            return None
        numbers = range(start, min(start + cores(), count))
        sources = [jax.tree.map(lambda leaf, i=i: leaf[i, 0], data.everything.source) for i in numbers]
        rows += threads().map(lambda source: jax.device_get(_encode(model.encoder, source)), sources)
        advance(len(rows), count)
    latents = jax.tree.map(lambda *leaves: np.stack(leaves)[:, None], *rows)
    return SplitArrays(dataclasses.replace(data.everything, source=latents), data.counts)


@compiled
def _encode(encoder: AbstractEncoder, source: Measurements) -> Latents:
    return encoder(source)


def score_latents(model: Network, frozen: SplitArrays) -> Network:
    """The model with the statistics of these latents in the decoder, if it z-scores them."""
    if not isinstance(model.decoder, FieldDecoder):
        return model
    (cloud,) = frozen.everything.source
    contexts = np.asarray(cloud.context, np.float64).reshape(-1, cloud.context.shape[-1])
    statistics = [jnp.asarray(moment, jnp.float32) for moment in (contexts.mean(axis=0), contexts.std(axis=0) + 1e-6)]
    return eqx.tree_at(lambda m: (m.decoder.mean, m.decoder.deviation), model, tuple(statistics))
