"""Which latents have a block of points within their windows."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def latents_in_reach(
    pose: Float[Array, "latents dim"], radius: Float[Array, " latents"], points: Float[Array, "points dim"], count: int
) -> tuple[Int[Array, " {count}"], Bool[Array, ""]]:
    """Up to `count` latents whose windows reach into the bounding box of the points.

    Args:
        pose, radius: at least `count` latents, and their windows.
        points: a block of queries.
        count: how many indices to return.

    Returns:
        Their indices, the rest filled up with one whose window holds none of the points; and
        whether they are all whose windows hold any of the points, so that leaving out the others changes nothing.
    """
    low, high = jnp.min(points, axis=0), jnp.max(points, axis=0)
    gap = jax.nn.relu(jnp.maximum(low - pose, pose - high))
    reaching = jnp.sum(gap**2, axis=-1) < radius**2
    (index,) = jnp.nonzero(reaching, size=count, fill_value=jnp.argmin(reaching))
    return index, jnp.sum(reaching) <= count
