"""The thickness of NACA sections with a closed trailing edge.

Jacobs, Ward and Pinkerton 1933, NACA report 460. The last coefficient is the one that closes the edge, as in AirfRANS
(Bonnet et al. 2022, arXiv 2212.07564).
"""

import numpy as np
from jaxtyping import Float

COEFFICIENTS = (0.2969, -0.1260, -0.3516, 0.2843, -0.1036)
"""Coefficients of sqrt(x), x, x^2, x^3 and x^4."""


def half_thickness(x: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """Half the thickness (chords) of a section 20 % thick, at distances from the nose along the chord, in chords."""
    return COEFFICIENTS @ np.stack([np.sqrt(x), x, x**2, x**3, x**4])
