"""Mirror images: of coordinates, of loops, and of quantities that have a direction."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.schema import Quantity


def images(axes: Sequence[str], dim: int) -> Float[np.ndarray, "images dim"]:
    """What coordinates are multiplied by, in all images that reflections along the axes make; the first is all ones."""
    flips = np.ones((1, dim))
    for axis in axes:
        flips = np.concatenate([flips, flips * np.where(np.arange(dim) == "xyz".index(axis), -1.0, 1.0)])
    return flips


def mirrored(loop: Float[np.ndarray, "points dim"], flip: Float[np.ndarray, " dim"]) -> Float[np.ndarray, "points dim"]:
    """The image of a loop, turned round where the mirror swaps left and right: the body stays on the left."""
    return (loop * flip)[:: int(np.prod(flip))]


def signs(flip: Float[np.ndarray, " dim"], quantities: Iterable[Quantity]) -> Float[np.ndarray, " components"]:
    """What the components of quantities are multiplied by in an image: a vector is reflected, a scalar is not."""
    parts = [flip if quantity.kind == "vector" else np.ones(1) for quantity in quantities]
    return np.concatenate([np.ones(0), *parts])
