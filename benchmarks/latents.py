"""Does the cost of a point grow with the number of latents?

    python -m benchmarks.latents

The shipped architecture with random weights: 48 latents on the wall and a grid of 4 x 4 to 31 x 31, windows of three
spacings, so that a point hears about as many. All variants in turn, several times; the fastest of each.
"""

import functools

from benchmarks import shipped
from benchmarks.rows import Row, main, seconds

WALL, GRIDS, SPACINGS = 48, (4, 8, 14, 21, 31), 3
POINTS, ROUNDS = 65_536, 5


def measure() -> list[Row]:
    """Microseconds a point by number of latents, and the last over the first."""
    variants = {}
    for grid in GRIDS:
        surrogate = shipped.with_latents(grid, WALL, SPACINGS / grid)
        variants[grid**2 + WALL] = surrogate, shipped.encoded(surrogate)
    fastest = dict.fromkeys(variants, float("inf"))
    for _ in range(1 + ROUNDS):  # the first also compiles
        for latents, (surrogate, encoding) in variants.items():
            points = shipped.points(encoding, POINTS)
            took = seconds(functools.partial(surrogate.decode, encoding, {}, points))
            fastest[latents] = min(fastest[latents], took)
    least, most = min(variants), max(variants)
    rows = [Row(f"decode a point, {count:,} latents", 1e6 * fastest[count] / POINTS, "us") for count in variants]
    return [*rows, Row(f"decode, {most:,} latents over {least}", fastest[most] / fastest[least], "", 1.5)]


if __name__ == "__main__":
    main(measure, __doc__)
