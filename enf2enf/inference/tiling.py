"""An order of points in which neighbours are close together."""

import numpy as np
from jaxtyping import Float, Int


def tiled_order(points: Float[np.ndarray, "points dim"], block: int) -> Int[np.ndarray, " points"]:
    """The order in which every `block` consecutive points fill a box of their own, nearly a cube.

    The points are cut into slabs of equal numbers along the first axis, every slab along the second, and so on
    (sort-tile-recursive packing, Leutenegger et al. 1997).
    """
    count, dim = points.shape
    slabs = max(1, round((count / block) ** (1 / dim)))
    cell, order = np.zeros(count, np.int64), np.arange(count)
    for axis in range(dim):
        order = np.lexsort((points[:, axis], cell))
        cell[order] = np.arange(count) // (block * slabs ** (dim - 1 - axis))
    return order
