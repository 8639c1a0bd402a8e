"""The order of the data: a pure function of (seed, step), so that a run can be resumed anywhere."""

import functools

import numpy as np
from jaxtyping import Int


def draw(
    seed: int, step: int, counts: Int[np.ndarray, " all"], cases: int, points: int
) -> tuple[Int[np.ndarray, " cases"], Int[np.ndarray, "cases points"]]:
    """The cases of a step and the points of each.

    Cases come without replacement within an epoch; points without replacement while a case has enough.

    Args:
        counts: number of points of every case.
        cases, points: how many of each to draw.
    """
    chosen = [_epoch(seed, (step * cases + i) // len(counts), len(counts))[(step * cases + i) % len(counts)]
              for i in range(cases)]  # fmt: skip
    random = np.random.default_rng((seed, 1, step))
    rows = [_some(random, counts[case], points) for case in chosen]
    return np.array(chosen), np.stack(rows)


@functools.lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, count: int) -> np.ndarray:
    """The shuffled cases of an epoch."""
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def _some(random: np.random.Generator, count: int, points: int) -> np.ndarray:
    """The first `points` of a random permutation, repeated if there are fewer."""
    return np.resize(random.permutation(count), points)
