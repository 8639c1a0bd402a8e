"""Losses: the metrics, relative L2 per case and field, and how smooth fields are where no mesh has nodes."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from enf2enf.model.decoder import AbstractDecoder, Conditioned
from enf2enf.model.encoder import AbstractEncoder, Measurements, ReconstructingEncoder
from enf2enf.model.network import Network
from enf2enf.model.queries import Queries
from enf2enf.nn.latents import Latents
from enf2enf.train.arrays import Batch

Groups = tuple[int, ...]
Loss = Callable[[Network, Batch, Groups], Float[Array, ""]]
"""Of a model, a batch and, for every component, the index of its field."""

_TINY = 1e-12


def relative_errors(
    model: Network, batch: Batch, groups: tuple[int, ...], frozen: bool
) -> Float[Array, "cases fields"]:
    """|u_hat - u| / |u| in L2 over the points of a case, one figure per case and field.

    Args:
        groups: for every component, the index of its field.
        frozen: the batch's source is latents already.
    """

    def one(case: Batch) -> Float[Array, " fields"]:
        latents: Latents = case.source if frozen else model.encoder(case.source)
        return _misfit(model.decoder, model.decoder.condition(latents, jnp.asarray(case.conditions)), case, groups)

    return jax.vmap(one)(batch)


def smooth_errors(
    model: Network, batch: Batch, groups: tuple[int, ...], spacing: float
) -> tuple[Float[Array, "cases fields"], Float[Array, "cases fields"]]:
    """The relative errors, and how far fields are from being quadratic along normals of the walls.

    The latter is the third difference of a field, from its values on a wall and at one, two and three spacings from
    it, which is small for a smooth field: its RMS over the batch's panels, relative to the case's RMS as the errors.
    """

    def one(case: Batch) -> tuple[Float[Array, " fields"], Float[Array, " fields"]]:
        assert case.wall is not None  # this loss is of stages with panels
        prepared = model.decoder.condition(model.encoder(case.source), jnp.asarray(case.conditions))
        values = model.decoder(prepared, _off_the_wall(jnp.asarray(case.wall), spacing))
        values = values.reshape(len(case.wall), 4, -1)
        third = case.weight * (values[:, 0] - 3 * values[:, 1] + 3 * values[:, 2] - values[:, 3])
        return _misfit(model.decoder, prepared, case, groups), _by_field(jnp.mean(third**2, axis=0), groups)

    return jax.vmap(one)(batch)


def _misfit(
    decoder: AbstractDecoder, prepared: Conditioned, case: Batch, groups: tuple[int, ...]
) -> Float[Array, " fields"]:
    guess = decoder(prepared, case.queries)
    known = jnp.asarray(case.valid)[:, None] & jnp.isfinite(jnp.asarray(case.target))
    weight = case.weight if case.emphasis is None else case.weight * case.emphasis
    squares = jnp.where(known, weight * (guess - jnp.where(known, case.target, 0.0)), 0.0) ** 2
    return _by_field(jnp.sum(squares, axis=0) / jnp.maximum(jnp.sum(known, axis=0), 1), groups)


def _by_field(squares: Float[Array, " components"], groups: tuple[int, ...]) -> Float[Array, " fields"]:
    """The norms of fields from the squares of their components."""
    return jnp.sqrt(jax.ops.segment_sum(squares, jnp.asarray(groups), max(groups) + 1) + _TINY)


def _off_the_wall(wall: Float[Array, "panels 2 dim"], spacing: float) -> Queries:
    """Four points along the normal of every panel, from its middle into the domain, panel by panel."""
    along = wall[:, 1] - wall[:, 0]
    normal = jnp.stack([along[:, 1], -along[:, 0]], axis=1) / jnp.linalg.norm(along, axis=1, keepdims=True)
    distance = spacing * jnp.arange(4.0)
    points = jnp.mean(wall, axis=1)[:, None] + distance[:, None] * normal[:, None]
    direction = jnp.broadcast_to(normal[:, None], points.shape)
    flat = [leaf.reshape(-1, points.shape[-1]) for leaf in (points, direction)]
    return Queries(flat[0], jnp.tile(distance, len(wall)), flat[1])


def shape_loss(encoder: AbstractEncoder, source: Measurements, queries: Queries | None = None) -> Float[Array, ""]:
    """The mean over geometries of the misfit of the signed distance after the inner steps, at some points as well."""
    assert isinstance(encoder, ReconstructingEncoder)  # there is such a stage for no other encoder
    known = () if queries is None else (queries.points, queries.distance)
    return jnp.mean(jax.vmap(encoder.reconstruction_loss)(source, *known))
