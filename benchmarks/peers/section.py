"""A section along its chord."""

import dataclasses
from typing import Self

import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane.chord import chord


@dataclasses.dataclass(frozen=True, eq=False)
class Section:
    """The one wall of a geometry in a flow.

    Args:
        frame: of the chord: the leading edge at (0, 0), the trailing edge at (1, 0).
        lower, upper: the sides from the leading to the trailing edge, in the frame.
        incidence: from the chord to the inflow, rad.
    """

    frame: Frame
    lower: Float[np.ndarray, "lower 2"]
    upper: Float[np.ndarray, "upper 2"]
    incidence: float

    @classmethod
    def of(cls, geometry: Geometry, inflow: Float[np.ndarray, "2"]) -> Self:
        """Of a geometry with one wall."""
        (wall,) = geometry.walls
        ends = chord([wall], inflow / np.hypot(*inflow))
        length = float(np.hypot(*(ends[1] - ends[0])))
        x, y = (ends[1] - ends[0]) / length
        frame = Frame(ends[0], np.array([[x, y], [-y, x]]), length)
        leading, trailing = (int(np.linalg.norm(wall - end, axis=1).argmin()) for end in ends)
        turned = np.roll(frame.inward(wall), -trailing, axis=0)  # counter-clockwise: the upper side first
        nose = (leading - trailing) % len(wall)
        along, across = frame.turned(inflow)
        upper, lower = turned[: nose + 1][::-1], np.concatenate([turned[nose:], turned[:1]])
        return cls(frame, lower, upper, float(np.arctan2(across, along)))

    @property
    def around(self) -> Float[np.ndarray, "points 2"]:
        """From the trailing edge along the upper side to the leading edge and along the lower side back."""
        return np.concatenate([self.upper[::-1], self.lower[1:]])
