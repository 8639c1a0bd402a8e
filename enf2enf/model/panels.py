"""What the model sees of a geometry: its boundary and its bounds, in a normalised frame."""

import equinox as eqx
from jaxtyping import Array, Float, Int

ROLES = ("wall", "other", "far")
"""What a panel may belong to, by the number that `Panels.role` holds."""


class Panels(eqx.Module):
    """A boundary as simplices, in a frame, in reference lengths, float32.

    Attributes:
        vertices: of every panel: start and end of a segment in the plane, the body on its left.
        role: index into `ROLES` of every panel. Today all are walls.
        box: lower and upper corner of the domain's bounds.
    """

    vertices: Float[Array, "panels dim dim"]
    role: Int[Array, " panels"]
    box: Float[Array, "2 dim"]
