"""What the model sees of a geometry: its wall and its bounds, in the normalised frame."""

import equinox as eqx
from jaxtyping import Array, Float


class Shape(eqx.Module):
    """A geometry relative to the centre of its bounds, in reference lengths, float32.

    Attributes:
        facets: the wall as a fixed number of segments, start and end of each.
        box: lower and upper corner of the domain's bounds.
    """

    facets: Float[Array, "facets 2 dim"]
    box: Float[Array, "2 dim"]
