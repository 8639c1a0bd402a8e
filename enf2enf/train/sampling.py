"""The order of the data: a pure function of (seed, step), so that a run can be resumed anywhere."""

import functools

import numpy as np
from jaxtyping import Int


def draw_batch(
    seed: int, step: int, counts: Int[np.ndarray, " all"], cases: int, points: int
) -> tuple[Int[np.ndarray, " cases"], Int[np.ndarray, "cases points"]]:
    """The cases of a step and the points of each.

    Cases come without replacement within an epoch, and epochs without a gap; points without replacement while a
    case has enough, otherwise all of them equally often to within one.

    Args:
        seed, step: non-negative; the same two give the same draw.
        counts: number of points of every case.
        cases, points: how many of each to draw.
    """
    places = range(step * cases, (step + 1) * cases)
    chosen = np.array([_epoch(seed, place // len(counts), len(counts))[place % len(counts)] for place in places])
    random = np.random.default_rng((seed, 1, step))
    return chosen, np.stack([_some(random, int(counts[case]), points) for case in chosen])


def draw_placements(seed: int, step: int, placements: int, cases: int) -> Int[np.ndarray, " cases"]:
    """One of the placements for every case of a step; the same arguments give the same draw."""
    return np.random.default_rng((seed, 2, step)).integers(placements, size=cases)


def draw_panels(seed: int, step: int, panels: int, cases: int, count: int) -> Int[np.ndarray, "cases {count}"]:
    """So many of the panels of every case of a step; the same arguments give the same draw."""
    return np.random.default_rng((seed, 3, step)).integers(panels, size=(cases, count))


@functools.lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, count: int) -> np.ndarray:
    """The shuffled cases of an epoch."""
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def _some(random: np.random.Generator, count: int, points: int) -> np.ndarray:
    if count >= points:
        return random.choice(count, points, replace=False, shuffle=False)
    return np.resize(random.permutation(count), points)
