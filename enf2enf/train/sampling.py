"""The order of the data: a pure function of (seed, step), so that a run can be resumed anywhere."""

import functools

import numpy as np
from jaxtyping import Int


def draw_batch(
    seed: int,
    step: int,
    counts: Int[np.ndarray, " all"],
    cases: int,
    points: int,
    walled: Int[np.ndarray, " all"] | None = None,
    wall_points: int = 0,
) -> tuple[Int[np.ndarray, " cases"], Int[np.ndarray, "cases points"]]:
    """The cases of a step and the points of each.

    Cases come without replacement within an epoch, and epochs without a gap; points without replacement while a
    case has enough, otherwise all of them equally often to within one.

    Args:
        seed, step: non-negative; the same two give the same draw.
        counts: number of points of every case.
        cases, points: how many of each to draw.
        walled: number of points on walls of every case, which are its last points; None: they are drawn like others.
        wall_points: how many of the points are drawn from those on walls, if the case has some.
    """
    places = range(step * cases, (step + 1) * cases)
    chosen = np.array([_epoch(seed, place // len(counts), len(counts))[place % len(counts)] for place in places])
    random = np.random.default_rng((seed, 1, step))
    if walled is None:
        return chosen, np.stack([_some(random, int(counts[case]), points) for case in chosen])
    pairs = ((int(counts[case]), int(walled[case])) for case in chosen)
    return chosen, np.stack([_of_both(random, count, last, points, wall_points) for count, last in pairs])


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


def _of_both(random: np.random.Generator, count: int, last: int, points: int, from_last: int) -> np.ndarray:
    """Draws `from_last` of the `last` points and the rest from those before; from all if either kind is missing."""
    if not 0 < last < count:
        return _some(random, count, points)
    return np.concatenate(
        [_some(random, count - last, points - from_last), count - last + _some(random, last, from_last)]
    )


def _some(random: np.random.Generator, count: int, points: int) -> np.ndarray:
    if count >= points:
        return random.choice(count, points, replace=False, shuffle=False)
    return np.resize(random.permutation(count), points)
