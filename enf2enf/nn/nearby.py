"""Which latents a block of points can hear at all."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def heard(
    pose: Float[Array, "latents dim"], radius: Float[Array, " latents"], points: Float[Array, "points dim"], count: int
) -> tuple[Int[Array, " {count}"], Bool[Array, ""]]:
    """The `count` latents whose windows come nearest to the bounding box of the points, relative to their radius.

    Returns:
        Their indices; and whether they are all that any of the points hears, so that leaving out the rest changes
        nothing.
    """
    low, high = jnp.min(points, axis=0), jnp.max(points, axis=0)
    gap = jax.nn.relu(jnp.maximum(low - pose, pose - high))
    ratio = jnp.sum(gap**2, axis=-1) / radius**2
    _, index = jax.lax.top_k(-ratio, count)
    return index, jnp.sum(ratio < 1) <= count
