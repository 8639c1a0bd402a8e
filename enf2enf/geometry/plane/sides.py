"""The sides of a geometry's walls: where values on the walls are asked for and integrated."""

import dataclasses
from typing import Self

import numpy as np
from jaxtyping import Float, Int

from enf2enf.geometry.frame import Frame
from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.polygon import right_of


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class WallSides:
    """All sides of all walls, wall by wall, each from a vertex to the next.

    Args:
        midpoints: in metres.
        normals: of length 1, out of the body into the domain.
        lengths: in metres.
        walls: the number of the wall that each is of, in the order of `Geometry.runs`.
    """

    midpoints: Float[np.ndarray, "sides 2"]
    normals: Float[np.ndarray, "sides 2"]
    lengths: Float[np.ndarray, " sides"]
    walls: Int[np.ndarray, " sides"]

    def __repr__(self) -> str:
        return f"WallSides({len(self.lengths)} sides of {len(np.unique(self.walls))} walls)"

    @classmethod
    def of(cls, geometry: Geometry) -> Self:
        """The sides of a geometry."""
        runs = geometry.runs
        start = np.concatenate([geometry.walls[run.loop][run.sides] for run in runs])
        end = np.concatenate([np.roll(geometry.walls[run.loop], -1, axis=0)[run.sides] for run in runs])
        return cls._between(start, end, np.repeat(np.arange(len(runs)), [len(run.sides) for run in runs]))

    @classmethod
    def smooth(cls, geometry: Geometry, count: int, frame: Frame, turning: float) -> Self:
        """The panels of the smooth curves that the walls stand for, as sides; see `Geometry.cut`.

        If some walls are only parts of boundaries, they are the sides of the geometry itself, as from `of`.

        Args:
            geometry: whose walls.
            count, turning: number of panels, and how much shorter they are at bends.
            frame: the frame in which the walls are cut; not a mirrored one.
        """
        if geometry.has_parts:
            return cls.of(geometry)
        placed = geometry.cut(count, frame, turning)
        start, end = (frame.outward(placed.ends[:, number]) for number in (0, 1))
        return cls._between(start, end, placed.curve)

    @classmethod
    def _between(
        cls, start: Float[np.ndarray, "sides 2"], end: Float[np.ndarray, "sides 2"], walls: Int[np.ndarray, " sides"]
    ) -> Self:
        side = end - start  # the body is on its left
        return cls((start + end) / 2, right_of(side), np.linalg.norm(side, axis=1), walls)

    @property
    def along(self) -> Float[np.ndarray, "sides 2"]:
        """Unit vectors along the sides, the body on the left."""
        return np.stack([-self.normals[:, 1], self.normals[:, 0]], axis=1)

    @property
    def ends(self) -> Float[np.ndarray, "sides 2 2"]:
        """First and last point of every side, in metres."""
        half = self.along * self.lengths[:, None] / 2
        return np.stack([self.midpoints - half, self.midpoints + half], axis=1)
