"""How many points a second does the shipped surrogate decode, against the paper's arithmetic on the same machine?

    python -m benchmarks.decode

Tests of what lies inside, normalisation and units included; medians over repetitions, after warm-up. The reference is
the `paper` preset with random weights in the same run, and what was measured of the authors' own code in flax: 1,400
points/s on two CPU cores.
"""

from benchmarks import shipped
from benchmarks.rows import Row, beside_the_paper, main, median_seconds
from enf2enf.surrogate import Surrogate

PUBLISHED = 1_400


def rate(surrogate: Surrogate, count: int, repetitions: int) -> float:
    """Points per second of `Surrogate.decode`."""
    encoding = shipped.encoded(surrogate)
    points = shipped.points(encoding, count)
    return count / median_seconds(lambda: surrogate.decode(encoding, {}, points), repetitions)


def measure() -> list[Row]:
    """The rate, and its ratios."""
    ours, theirs = rate(shipped.surrogate(), 65_536, 7), rate(shipped.paper(), 4_096, 3)
    return beside_the_paper("decode", 90_000, ours, theirs, PUBLISHED)


if __name__ == "__main__":
    main(measure, __doc__)
