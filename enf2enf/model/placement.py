"""Where latents and samples are placed, and where else latents could as well be."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from enf2enf.model.panels import Panels

# 1/g and 1/g^2 with g^3 = g + 1: multiples of them fill the square evenly (Roberts 2018, the R2 sequence).
_EVENLY = (0.7548776662466927, 0.5698402909980532)
_SHIFT = 0.3  # of a cell, at most

Placement = int | Int[Array, ""]
"""Number of a placement: 0 is the usual one, others are as good."""


def grid_points(box: Float[Array, "2 2"], per_axis: int, placement: Placement = 0) -> Float[Array, "points 2"]:
    """One point in each of per_axis^2 equal cells of the box, the last axis varying fastest.

    It is the centre for placement 0; for others all are shifted alike, by up to 0.3 of a cell along each axis.
    """
    shifts = 2 * _SHIFT * ((placement * jnp.array(_EVENLY) + 0.5) % 1 - 0.5)
    fractions = [(jnp.arange(per_axis) + 0.5 + shift) / per_axis for shift in shifts]
    axes = [box[0, axis] + fractions[axis] * (box[1, axis] - box[0, axis]) for axis in range(box.shape[1])]
    return jnp.stack(jnp.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, box.shape[1])


def grid_spacing(box: Float[Array, "2 dim"], per_axis: int) -> Float[Array, ""]:
    """The longest side of such a cell."""
    return jnp.max(box[1] - box[0]) / per_axis


def wall_points(panels: Panels, count: int, placement: Placement = 0) -> Float[Array, "points dim"]:
    """`count` panel starts, an equal number of panels apart; the first is that of the panel numbered `placement`."""
    return jnp.roll(panels.vertices[:, 0], -placement, axis=0)[:: len(panels.vertices) // count]
