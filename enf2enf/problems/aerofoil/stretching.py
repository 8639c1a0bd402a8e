"""Points along a line, closer to each other at its ends."""

import numpy as np
from jaxtyping import Float

from enf2enf.problems.aerofoil.root import root

_UNIFORM = 1e-4  # how near to it the two-sided function is numerically none


def two_sided(steps: int, first: float, last: float) -> Float[np.ndarray, " {steps}+1"]:
    """Points from 0 to 1 whose first and last steps are about `first` and `last`: Vinokur's two-sided stretching.

    Vinokur 1983, J. Comput. Phys. 50, 215, equations (29) to (44).
    """
    ratio, density = np.sqrt(last / first), 1 / (steps * np.sqrt(first * last))
    u = np.linspace(0, 1, steps + 1)
    if density > 1 + _UNIFORM:
        z = root(lambda x: np.sinh(x) / x - density, 1e-6, 60.0)
        s = 0.5 * (1 + np.tanh(z * (u - 0.5)) / np.tanh(z / 2))
    elif density < 1 - _UNIFORM:
        z = root(lambda x: np.sin(x) / x - density, 1e-6, np.pi - 1e-6)
        s = 0.5 * (1 + np.tan(z * (u - 0.5)) / np.tan(z / 2))
    else:
        s = u
    return s / (ratio + (1 - ratio) * s)


def geometric(steps: int, first: float, total: float) -> tuple[Float[np.ndarray, " {steps}+1"], float]:
    """Points from 0 to `total` in steps that grow by one ratio from `first` on, and the ratio (0.7 to 2)."""
    powers = np.arange(steps)
    ratio = root(lambda r: first * np.sum(r**powers) - total, 0.7, 2.0)
    return np.concatenate([[0], np.cumsum(first * ratio**powers)]), ratio
