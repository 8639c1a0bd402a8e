"""All that a decoder knows of a point."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from enf2enf.model.panels import Panels
from enf2enf.nn.distance import from_wall, signed_distance


class Queries(eqx.Module):
    """Points, and where the wall is from them; a point of the wall has distance 0 and the wall's normal.

    Attributes:
        points: in the panels' frame, in reference lengths.
        distance: to the nearest wall; 0 behind a panel too, where the smooth wall bulges beyond it.
        direction: unit normal of the wall at the point of it that is nearest, into the domain.
    """

    points: Float[Array, "points dim"]
    distance: Float[Array, " points"]
    direction: Float[Array, "points dim"]


def queries_at(
    panels: Panels, points: Float[Array, "points dim"], on_wall: Bool[Array, "..."] | bool = False
) -> Queries:
    """The queries at some points: the same for training and for answers.

    Args:
        panels: the boundary.
        points: in its frame.
        on_wall: whether all points, or each, are on the wall: their distance is 0, wherever the panels are.
    """
    is_wall, normals = panels.is_wall, panels.normals
    distance = jax.vmap(lambda point: signed_distance(panels.vertices, point, is_wall))(points)
    direction = jax.vmap(lambda point: from_wall(panels.vertices, normals, point, is_wall))(points)
    return Queries(points, jnp.where(on_wall, 0.0, jax.nn.relu(distance)), direction)
