"""What the model sees of a geometry: its boundary and its bounds, in a normalised frame."""

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int

ROLES = ("wall", "other", "far")
"""What a panel may belong to, by the number that `Panels.role` holds."""


class Panels(eqx.Module):
    """A boundary as simplices, in a frame, in reference lengths, float32.

    Attributes:
        vertices: of every panel: start and end of a segment in the plane, the body on its left.
        role: index into `ROLES` of every panel; None if all are walls. Panels that are no walls close a boundary that
            is partly wall: they separate inside from outside, but distances are not measured to them.
        normals: unit normals, into the domain, at the vertices of every panel: those of the smooth curve, but at
            corners the panel's own.
        box: lower and upper corner of the domain's bounds.
    """

    vertices: Float[Array, "panels dim dim"]
    role: Int[Array, " panels"] | None
    normals: Float[Array, "panels dim dim"]
    box: Float[Array, "2 dim"]

    @property
    def is_wall(self) -> Bool[Array, " panels"] | None:
        """Whether each is a wall; None where all are."""
        return None if self.role is None else self.role == ROLES.index("wall")
