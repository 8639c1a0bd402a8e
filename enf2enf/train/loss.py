"""Losses, which are the metrics: relative L2 per case and field."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from enf2enf.latents import Latents
from enf2enf.model.encode import MetaEncoder, Observation
from enf2enf.model.enf2enf import Enf2Enf
from enf2enf.train.arrays import Batch

_TINY = 1e-12


def relative_errors(
    model: Enf2Enf, batch: Batch, groups: tuple[int, ...], frozen: bool
) -> Float[Array, "cases fields"]:
    """|u_hat - u| / |u| in L2 over the points of a case, one figure per case and field.

    Args:
        groups: for every component, the index of its field.
        frozen: the batch's source is latents already.
    """

    def one(case: Batch) -> Float[Array, " fields"]:
        latents: Latents = case.source if frozen else model.encoder(case.source)
        prepared = model.decoder.condition(latents, case.conditions)
        guess = model.decoder(prepared, case.points, case.distance)
        squares = (case.weight * (guess - case.target)) ** 2 * case.valid[:, None]
        squares = jnp.sum(squares, axis=0) / jnp.sum(case.valid)
        return jnp.sqrt(jax.ops.segment_sum(squares, jnp.asarray(groups), max(groups) + 1) + _TINY)

    return jax.vmap(one)(batch)


def shape_loss(encoder: MetaEncoder, source: Observation) -> Float[Array, ""]:
    """The mean over geometries of the misfit of the signed distance after the inner steps."""
    return jnp.mean(jax.vmap(encoder.reconstruction_loss)(source))
