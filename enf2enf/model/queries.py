"""All that a decoder knows of a point."""

import equinox as eqx
import jax
from jaxtyping import Array, Float

from enf2enf.model.panels import Panels
from enf2enf.nn.distance import from_wall, signed_distance


class Queries(eqx.Module):
    """Points, and where the wall is from them; a point of the wall has distance 0 and the wall's normal.

    Attributes:
        points: in the panels' frame, in reference lengths.
        distance: to the nearest wall. What is beyond a panel, by its sagitta, is on the wall: 0.
        direction: unit vector from the nearest point of the wall, into the domain.
    """

    points: Float[Array, "points dim"]
    distance: Float[Array, " points"]
    direction: Float[Array, "points dim"]


def queries_at(panels: Panels, points: Float[Array, "points dim"]) -> Queries:
    """The queries at some points: the same for training and for answers."""
    distance = jax.vmap(lambda point: signed_distance(panels.vertices, point))(points)
    direction = jax.vmap(lambda point: from_wall(panels.vertices, point))(points)
    return Queries(points, jax.nn.relu(distance), direction)
