"""Signed distance to a closed polygonal wall, differentiable in the wall and in the point."""

import jax.numpy as jnp
from jaxtyping import Array, Float

_TINY = 1e-20  # keeps the square root differentiable on the wall itself


def signed_distance(facets: Float[Array, "facets 2 2"], point: Float[Array, " 2"]) -> Float[Array, ""]:
    """Distance to the nearest facet: positive in the domain, negative inside a body (2-D).

    Args:
        facets: start and end of every wall segment; the segments of a body form closed loops.
        point: one query point, in the facets' frame and unit.
    """
    start, end = facets[:, 0], facets[:, 1]
    along = end - start
    offset = point - start
    squared_length = jnp.sum(along**2, axis=1)
    fraction = jnp.clip(jnp.sum(offset * along, axis=1) / jnp.maximum(squared_length, _TINY), 0.0, 1.0)
    nearest = jnp.min(jnp.sum((offset - fraction[:, None] * along) ** 2, axis=1))
    return jnp.where(_inside(start, end, point), -1.0, 1.0) * jnp.sqrt(jnp.maximum(nearest, _TINY))


def _inside(start: Float[Array, "facets 2"], end: Float[Array, "facets 2"], point: Float[Array, " 2"]) -> Array:
    """Parity of the crossings of a ray in +x; half-open in y, so that a vertex counts once."""
    above_start, above_end = start[:, 1] > point[1], end[:, 1] > point[1]
    rise = jnp.where(above_start == above_end, 1.0, end[:, 1] - start[:, 1])
    crossing = start[:, 0] + (point[1] - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    return jnp.sum((above_start != above_end) & (point[0] < crossing)) % 2 == 1
