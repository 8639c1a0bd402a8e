"""Does the answer depend on how finely a wall was cut?

    python -m benchmarks.cuts

20 random voids, their walls cut into 112 sides, the fewest that the surrogate learnt from, and into others, each time
from another start. The same 2,000 points, and the mean relative L2 between the two answers.
"""

import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, main
from enf2enf.metrics import relative_l2
from enf2enf.problems.elasticity.void import Void

VOIDS, POINTS = 20, 2000
USUAL, OTHERS = 112, (60, 128, 480)


def measure() -> list[Row]:
    """How far apart the answers are."""
    surrogate, random = shipped.surrogate(), np.random.default_rng(0)
    apart: dict[int, list[float]] = {sides: [] for sides in OTHERS}
    for _ in range(VOIDS):
        void, points = Void.random(random), random.random((POINTS, 2))
        answers = {}
        for sides in (USUAL, *OTHERS):
            encoding = surrogate.encode(shipped.unit_cell(void, sides, random.random()))
            answers[sides] = surrogate.decode(encoding, {}, points)["von_mises"]
        known = ~np.isnan(list(answers.values())).any(axis=0)
        for sides in OTHERS:
            apart[sides].append(relative_l2(answers[sides][known], answers[USUAL][known]))
    return [Row(f"a wall of {n} sides instead of {USUAL}, answers apart", float(np.mean(apart[n]))) for n in OTHERS]


if __name__ == "__main__":
    main(measure, __doc__)
