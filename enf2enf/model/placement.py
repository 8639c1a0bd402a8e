"""Where latents and samples are placed."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from enf2enf.model.shape import Shape


def grid_points(box: Float[Array, "2 dim"], per_axis: int) -> Float[Array, "points dim"]:
    """Centres of per_axis^dim equal cells of the box; the last axis varies fastest."""
    fractions = (jnp.arange(per_axis) + 0.5) / per_axis
    axes = [box[0, axis] + fractions * (box[1, axis] - box[0, axis]) for axis in range(box.shape[1])]
    return jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, box.shape[1])


def grid_spacing(box: Float[Array, "2 dim"], per_axis: int) -> Float[Array, ""]:
    """The longest side of such a cell."""
    return jnp.max(box[1] - box[0]) / per_axis


def wall_points(shape: Shape, count: int) -> Float[Array, "points dim"]:
    """`count` points spread evenly over the wall by arc length."""
    return shape.facets[:: len(shape.facets) // count, 0]
