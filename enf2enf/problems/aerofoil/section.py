"""Sections of wings: what a grid has to know of one."""

import abc
from typing import final

import numpy as np
from jaxtyping import Float

from enf2enf.problems.aerofoil.stretching import two_sided

_FINE = 6000  # parts of a side whose lengths are summed


class AbstractSection(abc.ABC):
    """A section of chord 1: its nose at the origin, its sharp trailing edge at (1, 0)."""

    @property
    @abc.abstractmethod
    def nose_radius(self) -> float:
        """Of the curvature there, in chords."""

    @abc.abstractmethod
    def side(self, upper: bool, at: Float[np.ndarray, " points"]) -> Float[np.ndarray, "points 2"]:
        """Points of the upper or the lower side, at parameters from 0 at the nose to 1 at the trailing edge."""

    @final
    def wall(self, faces: int, at_nose: float, at_edge: float) -> Float[np.ndarray, "2*{faces}+1 2"]:
        """Nodes from the trailing edge along the lower side, around the nose and back, closed.

        Args:
            faces: of each side.
            at_nose, at_edge: about how long the first and the last of them are, in chords.
        """
        lower, upper = (self._nodes(side, faces, at_nose, at_edge) for side in (False, True))
        return np.concatenate([lower[::-1], upper[1:]])

    def _nodes(self, upper: bool, faces: int, at_nose: float, at_edge: float) -> Float[np.ndarray, "{faces}+1 2"]:
        fine = np.linspace(0, 1, _FINE + 1)
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(self.side(upper, fine), axis=0).T))])
        at = two_sided(faces, at_nose / length[-1], at_edge / length[-1]) * length[-1]
        nodes = self.side(upper, np.interp(at, length, fine))
        nodes[-1] = (1, 0)  # of both sides the same bits
        return nodes
