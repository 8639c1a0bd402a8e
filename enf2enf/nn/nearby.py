"""Which latents a block of points can hear at all."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def heard(
    pose: Float[Array, "latents dim"], radius: Float[Array, " latents"], points: Float[Array, "points dim"], count: int
) -> tuple[Int[Array, " {count}"], Bool[Array, ""]]:
    """Up to `count` latents whose windows reach into the bounding box of the points.

    Args:
        pose, radius: at least `count` latents, and their windows.
        points: a block that asks them.
        count: how many indices to return.

    Returns:
        Their indices, the rest filled up with one that none of the points hears; and whether they are all that any of
        the points hears, so that leaving out the others changes nothing.
    """
    low, high = jnp.min(points, axis=0), jnp.max(points, axis=0)
    gap = jax.nn.relu(jnp.maximum(low - pose, pose - high))
    reaching = jnp.sum(gap**2, axis=-1) < radius**2
    (index,) = jnp.nonzero(reaching, size=count, fill_value=jnp.argmin(reaching))
    return index, jnp.sum(reaching) <= count
