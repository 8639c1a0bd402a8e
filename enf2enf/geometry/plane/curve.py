"""A closed curve with corners, and where it is cut into panels."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.geometry.lazy import lazy
from enf2enf.geometry.plane.corners import turns, wall_ends
from enf2enf.geometry.plane.polygon import angles
from enf2enf.geometry.plane.ruler import Ruler
from enf2enf.geometry.plane.ties import apportion, ranks

# No symmetry axis of anything people draw, so that no two corners of a symmetric body are equally far along it.
AXES = np.array([[np.cos(0.7390851332), np.sin(0.7390851332)], [-np.sin(0.7390851332), np.cos(0.7390851332)]])
NOISE = 1e-6  # of the size
_ARM = 1 / 800  # of the length
_EQUAL = np.deg2rad(1)  # corners that turn as much to this are as sharp


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """A dense closed polyline.

    Args:
        points: not repeated at the end.
        corners: which of them are corners, ascending; the ends of walls are among them.
        on_wall: of the segment from every point to the next, whether it is a wall; None: all are.
    """

    points: Float[np.ndarray, "points 2"]
    corners: Int[np.ndarray, " corners"]
    on_wall: Bool[np.ndarray, " points"] | None = None

    def turned(self, axes: Float[np.ndarray, "2 2"]) -> "Curve":
        """The curve in a frame with these axes; the other way round in a mirrored one, so that its left stays left."""
        points = self.points @ axes.T
        if np.linalg.det(axes) > 0:
            return Curve(points, self.corners, self.on_wall)
        on_wall = None if self.on_wall is None else np.roll(self.on_wall[::-1], -1)
        return Curve(points[::-1], len(points) - 1 - self.corners[::-1], on_wall)

    @lazy
    def closed(self) -> Float[np.ndarray, "_ 2"]:
        """The points, and the first again."""
        return np.concatenate([self.points, self.points[:1]])

    @lazy
    def arc(self) -> Float[np.ndarray, " _"]:
        """Arc length at each point of `closed`, from 0."""
        return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.closed, axis=0).T))])

    @property
    def length(self) -> float:
        """Of the whole curve."""
        return float(self.arc[-1])

    @lazy
    def centroid(self) -> Float[np.ndarray, "2"]:
        """Centre of the curve, weighted by length."""
        return np.diff(self.arc) @ (self.closed[:-1] + self.closed[1:]) / (2 * self.length)

    @lazy
    def area(self) -> float:
        """What it encloses."""
        x, y = (self.closed - self.centroid).T
        return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2

    def cut(
        self, count: int, turning: float = 0.0
    ) -> tuple[Float[np.ndarray, "{count} 2"], Bool[np.ndarray, " {count}"], Bool[np.ndarray, " {count}"]]:
        """Points that cut the curve into panels, from its start on; which panels are walls; which points are corners.

        All corners are among them. Between two corners, panels have equal arc lengths, and their number is in
        proportion to the arc length (largest remainder, at least one). If there are more corners than panels, ends of
        walls are kept first, then the sharpest corners.

        Args:
            count: how many.
            turning: above 0, panels are equal on a `Ruler` that reads how much the curve turns, too, in place of arc
                lengths.
        """
        start = self._start()
        firsts = self._kept((self.arc[self.corners] - start) % self.length, count) if len(self.corners) else np.zeros(1)
        if not turning:
            at, begins = self._between(firsts, self.length, count)
        else:
            ruler = self._ruler(turning)
            zero = ruler.read(np.array([start]))
            readings = np.append(0.0, (ruler.read((firsts[1:] + start) % self.length) - zero) % ruler.length)
            places, begins = self._between(readings, ruler.length, count)
            at = ruler.place((places + zero) % ruler.length) - start
        at = (at + start) % self.length
        points = np.stack([np.interp(at, self.arc, along) for along in self.closed.T], axis=1)
        return points, self._are_walls(at), begins & (len(self.corners) > 0)

    @staticmethod
    def _between(
        firsts: Float[np.ndarray, " _"], length: float, count: int
    ) -> tuple[Float[np.ndarray, " {count}"], Bool[np.ndarray, " {count}"]]:
        """Places in equal steps from each of `firsts` to the next, the last to `length`; which of them are `firsts`."""
        lengths = np.diff(firsts, append=length)
        shares = apportion(lengths, count, least=1)
        steps = zip(firsts, lengths, shares, strict=True)
        places = np.concatenate([first + length * np.arange(n) / n for first, length, n in steps])
        return places, np.concatenate([np.arange(n) == 0 for n in shares])

    @lazy
    def hollow(self) -> float:
        """By how much it turns to the right in all, corners aside, rad: 0 of a convex body."""
        either_way = 2 * np.pi * (self._ruler(1.0).length / self.length - 1)
        return max(0.0, float(either_way - self._turns.sum()) / 2)

    def _ruler(self, turning: float) -> Ruler:
        return Ruler.of(self.arc, self._turns, turning)

    @lazy
    def _turns(self) -> Float[np.ndarray, " points"]:
        """The turn at every point, rad, to the left, less the turns of corners, where panels begin anyway."""
        turned = turns(self.points)
        rest = turned[self.corners] - self._corner_turns()
        turned[self.corners] = (rest + np.pi) % (2 * np.pi) - np.pi
        return turned

    def _corner_turns(self) -> Float[np.ndarray, " corners"]:
        """By how much the curve turns at corners, from chords of an 800th of its length, or up to other corners.

        Not from the sides there, which may be so short that noise turns them.
        """
        at = self.arc[self.corners]
        arms = np.minimum(np.diff(at, append=at[:1] + self.length), _ARM * self.length)
        places = (at + np.stack([-np.roll(arms, 1), np.zeros(len(at)), arms])) % self.length
        chords = np.stack([np.diff(np.interp(places, self.arc, along), axis=0) for along in self.closed.T], axis=-1)
        return angles(*chords)

    def _are_walls(self, at: Float[np.ndarray, " panels"]) -> Bool[np.ndarray, " panels"]:
        """Whether the panels that begin so far along the curve, one where the other ends, are walls."""
        if self.on_wall is None:
            return np.ones(len(at), dtype=bool)
        middle = (at + (np.roll(at, -1) - at) % self.length / 2) % self.length
        return self.on_wall[np.searchsorted(self.arc[1:-1], middle, side="right")]

    @lazy
    def _blunter(self) -> Int[np.ndarray, " corners"]:
        """For every corner the rank of its sharpness: 0 of the sharpest, those at which walls end before all others."""
        sharpness = np.abs(turns(self.points))
        if self.on_wall is not None:
            sharpness += 2 * np.pi * wall_ends(self.on_wall)
        return ranks(-sharpness[self.corners], _EQUAL)

    def _start(self) -> float:
        """Arc length at which panels begin: that of the sharpest corner; of equal ones, the farthest along `AXES[0]`.

        Without corners: where the curve crosses the line through its centroid along x, at the smallest x.
        """
        if len(self.corners):
            noise = NOISE * np.ptp(self.points, axis=0).max()
            along, across = AXES @ self.points[self.corners].T
            first = np.lexsort((-across, ranks(-along, noise), self._blunter))[0]
            return float(self.arc[self.corners[first]])
        x, y = (self.closed - self.centroid).T
        sides = np.flatnonzero(np.diff(y <= 0))
        share = y[sides] / (y[sides] - y[sides + 1])
        first = np.argmin(x[sides] + share * (x[sides + 1] - x[sides]))
        side = sides[first]
        return float(self.arc[side] + share[first] * (self.arc[side + 1] - self.arc[side]))

    def _kept(self, along: Float[np.ndarray, " corners"], count: int) -> Float[np.ndarray, " _"]:
        """The corners' places along the curve, ascending; of the sharpest, if there are more than panels."""
        return np.sort(along[np.lexsort((along, self._blunter))[:count]])


def centroid_of(curves: Sequence[Curve]) -> Float[np.ndarray, "2"]:
    """Centre of all curves together, weighted by length."""
    return np.average([curve.centroid for curve in curves], axis=0, weights=[curve.length for curve in curves])
