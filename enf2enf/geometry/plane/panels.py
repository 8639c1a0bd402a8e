"""Walls as a fixed number of segments, the same ones however the loops were stored."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import GeometryError
from enf2enf.geometry.plane.crossing import crossing
from enf2enf.geometry.plane.polygon import area
from enf2enf.geometry.plane.smooth import smoothed

# No symmetry axis of anything people draw, so that no two vertices of a symmetric body are equally far along it.
_AXES = np.array([[np.cos(0.7390851332), np.sin(0.7390851332)], [-np.sin(0.7390851332), np.cos(0.7390851332)]])
_NOISE = 1e-8  # of the size: above the rounding of coordinates a million sizes away from the origin
_FEWEST = 3


def resample(loops: Sequence[Float[np.ndarray, "_ 2"]], count: int) -> Float[np.ndarray, "{count} 2 2"]:
    """Cuts the smooth curves of closed loops into `count` segments (start, end), each loop's of equal arc length.

    A loop gets segments by its share of the perimeter (largest remainder, at least 3) and starts at the point of its
    curve (as finely as `smoothed` gives it) that is farthest along a fixed direction; loops follow each other along the
    same direction. Direction of travel is kept. Where walls are so close together, or a body is so thin, that their
    curves would cross, the polygons are cut instead.

    Raises:
        GeometryError: fewer than three segments a loop.
    """
    if count < _FEWEST * len(loops):
        raise GeometryError("facets", f"at least {_FEWEST} for each of {len(loops)} walls", str(count))
    loops = _curves(loops)
    size = float(max(np.ptp(loop, axis=0).max() for loop in loops))
    ordered = sorted(loops, key=lambda loop: _rank(loop, size))
    lengths = [_lengths(loop).sum() for loop in ordered]
    shares = _apportion(np.array(lengths), count).tolist()
    cuts = [_cut(_started(loop, size), share) for loop, share in zip(ordered, shares, strict=True)]
    return np.concatenate([np.stack([cut, np.roll(cut, -1, axis=0)], axis=1) for cut in cuts])


def _curves(loops: Sequence[Float[np.ndarray, "_ 2"]]) -> list[Float[np.ndarray, "_ 2"]]:
    """The smooth curves of loops, or the loops where those would cross; loops do not."""
    curves = [smoothed(loop) for loop in loops]
    if all(map(np.array_equal, curves, loops)) or crossing(curves) is None:
        return curves
    curves = [loop if crossing([curve]) else curve for curve, loop in zip(curves, loops, strict=True)]
    return list(loops) if crossing(curves) else curves


def _rank(loop: np.ndarray, size: float) -> tuple[float, ...]:
    """Where a loop comes among others: equal to the bit wherever rounding alone tells two loops apart."""
    along, across = _centroid(loop) @ _AXES.T / size
    return tuple(round(number, 6) + 0.0 for number in (along, abs(area(loop)) / size**2, across))


def _lengths(loop: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1)


def _centroid(loop: np.ndarray) -> np.ndarray:
    """Centre of the curve, whatever the spacing of its vertices."""
    lengths = _lengths(loop)
    return (0.5 * (loop + np.roll(loop, -1, axis=0)) * lengths[:, None]).sum(axis=0) / lengths.sum()


def _apportion(lengths: np.ndarray, count: int) -> Int[np.ndarray, " loops"]:
    quota = np.round(lengths / lengths.sum() * count, 3)  # so that equal bodies tie, whatever their rounding
    shares = np.maximum(np.floor(quota).astype(int), _FEWEST)
    while (missing := count - shares.sum()) != 0:
        surplus = quota - shares
        if missing > 0:
            shares[np.argmax(surplus)] += 1
        else:
            shares[np.argmin(np.where(shares > _FEWEST, surplus, np.inf))] -= 1
    return shares


def _started(loop: np.ndarray, size: float) -> np.ndarray:
    along, across = (loop @ _AXES.T).T
    farthest = along >= along.max() - _NOISE * size
    return np.roll(loop, -int(np.argmax(np.where(farthest, across, -np.inf))), axis=0)


def _cut(loop: np.ndarray, count: int) -> Float[np.ndarray, "{count} 2"]:
    closed = np.concatenate([loop, loop[:1]])
    arc = np.concatenate([[0.0], np.cumsum(_lengths(loop))])
    at = arc[-1] * np.arange(count) / count
    return np.stack([np.interp(at, arc, closed[:, axis]) for axis in (0, 1)], axis=1)
