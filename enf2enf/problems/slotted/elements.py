"""A main element with a cove, and a slotted flap behind and under it."""

import dataclasses

import numpy as np
import shapely
from jaxtyping import Float
from scipy.optimize import brentq

from enf2enf.problems.thickness import half_thickness

_FINE = 400  # panels of the walls that gaps are measured between


@dataclasses.dataclass(frozen=True)
class Element:
    """A section of chord 1, from its nose at the origin to its trailing edge at (1, 0).

    Args:
        thickness: of the NACA sections of four digits, across the chord.
        camber: height of the mean line, a parabola.
        cove: how much of the thickness is taken away from the lower side at the trailing edge, from 0 to below 1; all
            of it there, none from `cove_from` on forwards, along a smooth step.
    """

    thickness: float
    camber: float
    cove: float = 0.0
    cove_from: float = 0.7

    def wall(self, panels: int) -> Float[np.ndarray, "{panels}+1 2"]:
        """Nodes from the trailing edge along the lower side, around the nose and back, closed; close at both edges.

        Args:
            panels: an even number of them.
        """
        x = (1 + np.cos(2 * np.pi * np.arange(panels + 1) / panels)) / 2
        half = 5 * self.thickness * half_thickness(x)
        step = np.clip((x - self.cove_from) / (1 - self.cove_from), 0, 1)
        lower = np.arange(panels + 1) < panels // 2
        height = 4 * self.camber * x * (1 - x) + np.where(lower, 2 * self.cove * step**2 * (3 - 2 * step) - 1, 1) * half
        height[[0, -1]] = 0  # of both sides the same bits
        return np.stack([x, height], axis=1)


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """A main element of chord 1 along the x axis, and its flap; lengths in chords of the main element.

    Gap, overlap and deflection as van Dam 2002, The aerodynamic design of multi-element high-lift systems for transport
    airplanes, Progress in Aerospace Sciences 38, has them.

    Args:
        main, flap: the elements.
        chord: of the flap.
        gap: from the main trailing edge to the flap, where it is nearest.
        overlap: how far the foremost point of the flap is ahead of the main trailing edge, along the main chord.
        deflection: of the flap's chord from that of the main element, its trailing edge down, rad.
    """

    main: Element
    flap: Element
    chord: float
    gap: float
    overlap: float
    deflection: float

    def walls(self, panels: int) -> tuple[Float[np.ndarray, "{panels}+1 2"], Float[np.ndarray, "{panels}+1 2"]]:
        """Nodes of the main element and of the flap, as `Element.wall`."""
        return self.main.wall(panels), self._deflected(panels) + self._shift

    def _deflected(self, panels: int) -> Float[np.ndarray, "{panels}+1 2"]:
        turn = np.exp(-1j * self.deflection) * self.chord
        numbers = turn * (self.flap.wall(panels) @ (1, 1j))
        return np.stack([numbers.real, numbers.imag], axis=1)

    @property
    def _shift(self) -> Float[np.ndarray, "2"]:
        """Of the flap's nose: to its overlap, and so far down that the gap is right."""
        wall = self._deflected(_FINE)
        foremost = wall[wall[:, 0].argmin()]
        ahead = np.array([1 - self.overlap, 0]) - foremost
        flap, edge = shapely.Polygon(wall + ahead), shapely.Point(1, 0)

        def wider(down: float) -> float:
            return float(shapely.distance(edge, shapely.transform(flap, lambda nodes: nodes - (0, down)))) - self.gap

        return ahead - (0, brentq(wider, 0, 1, xtol=1e-12))
