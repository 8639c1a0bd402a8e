"""Does a new mesh, or another number of points, ever compile a program again?

    python -m benchmarks.compilations

50 unit cells whose walls are cut into 20 to 500 segments, each asked at another number of points, after `warm_up`. The
count is JAX's own, of compilations by its backend.
"""

import jax
import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, main
from enf2enf.problems.elasticity.void import Void

MESHES = 50


def measure() -> list[Row]:
    """Compilations in the warm-up, and after it."""
    counts: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: counts.append(event))
    surrogate, random = shipped.surrogate(), np.random.default_rng(0)
    surrogate.warm_up()
    warm = _compilations(counts)
    for size in np.linspace(20, 500, MESHES).astype(int):
        encoding = surrogate.encode(shipped.unit_cell(Void.random(random), int(size)))
        surrogate.decode(encoding, {}, shipped.points(encoding, int(random.integers(1, 20_000))))
    return [
        Row("compilations in the warm-up", warm),
        Row("compilations after it, 50 meshes", _compilations(counts) - warm, "", 0),
    ]


def _compilations(events: list[str]) -> int:
    return sum("backend_compile" in event for event in events)


if __name__ == "__main__":
    main(measure, __doc__)
