"""The score of the competition ML4CFD (NeurIPS 2024) from the errors of a surrogate of AirfRANS.

The formula is that of its starting kit, github.com/IRT-SystemX/NeurIPS2024-ML4CFD-competition-Starting-Kit,
`5_Scoring.ipynb`: every error is great (2 points), acceptable (1) or neither (0) by two thresholds; accuracy is the
points over the most there can be, speed `log10(speed-up) / log10(10000)`, from 0 to 1; errors of fields count for
`0.4 (0.75 accuracy + 0.25 speed)`, of forces for `0.3 accuracy`, both on cases of another distribution for
`0.3 (0.75 accuracy + 0.25 speed)`, times 100. The speed-up is over 1,500 seconds of the solver
(`reference_mean_simulation_time` of its scoring program), on whatever machine.
"""

import math
from collections.abc import Mapping

FIELDS = {"u": (0.01, 0.02), "v": (0.01, 0.02), "p": (0.002, 0.01), "nut": (0.05, 0.1), "surface": (0.008, 0.02)}
"""Great below the first, acceptable below the second; of z-MSE."""
FORCES = {"drag": (0.4, 5.0), "lift": (0.1, 0.3)}
"""The same of relative errors."""
RANKS = {"rho_drag": (0.8, 0.9), "rho_lift": (0.96, 0.99)}
"""Acceptable above the first, great above the second; of rank correlations."""
SOLVER_SECONDS = 1500.0
_FASTEST = 1e4


def accuracy(errors: Mapping[str, float], names: Mapping[str, tuple[float, float]]) -> float:
    """The points of some of the errors over the most that there can be."""
    points = [sum(errors[name] > limit for limit in RANKS[name]) if name in RANKS
              else sum(errors[name] < limit for limit in names[name]) for name in names]  # fmt: skip
    return sum(points) / (2 * len(points))


def score(
    errors: Mapping[str, float], speed_up: float, elsewhere: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The parts of the score, each from 0 to 1, and its total of 100; both of the last only where they are known.

    Args:
        errors: on the test split, of all that has thresholds.
        speed_up: over the solver.
        elsewhere: the same errors on cases of another distribution; None where there are none.
    """
    speed = min(max(math.log10(speed_up) / math.log10(_FASTEST), 0.0), 1.0)
    parts = {"ML": 0.75 * accuracy(errors, FIELDS) + 0.25 * speed, "Physics": accuracy(errors, FORCES | RANKS)}
    if elsewhere is not None:
        parts["OOD"] = 0.75 * accuracy(elsewhere, FIELDS | FORCES | RANKS) + 0.25 * speed
        parts["total"] = 100 * (0.4 * parts["ML"] + 0.3 * parts["Physics"] + 0.3 * parts["OOD"])
    return parts
