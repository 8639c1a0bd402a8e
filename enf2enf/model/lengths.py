"""The lengths that a model feels, from what its data resolve: geometric ranges from the finest to the largest."""

import dataclasses
import math

import numpy as np

_FLOOR = 1e-5  # of the box: float32 coordinates give distances to a hundredth of that
_OCTAVES = 1.5  # between decays at most: closer ones fit functions of the distance no better
_PROBE_STEP = 3.0  # between probes at most


@dataclasses.dataclass(frozen=True)
class Scales:
    """What a data set resolves, in reference lengths.

    Args:
        finest: how far from the wall the samples next to it are; 0 where there are none.
        panel: length of the panels of the wall.
        perimeter: length of all walls of a case.
        largest: longest side of the box around a case.
    """

    finest: float
    panel: float
    perimeter: float
    largest: float

    @property
    def decays(self) -> tuple[float, ...]:
        """Over which nearness to the wall fades: distances are exact, so the panels' length is no bound."""
        lowest = max(self.finest or self.panel, _FLOOR * self.largest)
        return _ascending(lowest, self.largest, 2**_OCTAVES)

    @property
    def probes(self) -> tuple[float, ...]:
        """How far around itself a latent feels for the wall. Closer than two panels there is nothing but these."""
        return _ascending(max(self.finest, 2 * self.panel), 0.18 * self.largest, _PROBE_STEP)

    @property
    def box_decay(self) -> float:
        """Over which nearness to the sides of the box fades."""
        return rounded(0.1 * self.largest)

    def reaches(self, spacing: float) -> tuple[float, float]:
        """The narrowest and the widest window in which latents `spacing` apart attend to each other."""
        return rounded(min(4 * spacing, self.largest)), rounded(2 * self.largest)

    def wavelengths(self, shortest: float) -> tuple[float, float]:
        """The longest wave, which does not repeat in the box, and the shortest."""
        return rounded(2 * self.largest), rounded(min(shortest, self.largest))


def rounded(number: float) -> float:
    """To three digits: as a person would state it, and the same on every machine."""
    return float(f"{number:.3g}")


def geometric(first: float, last: float, count: int) -> tuple[float, ...]:
    """`count` numbers from one to another in equal ratios."""
    return tuple(rounded(number) for number in np.geomspace(first, last, count).tolist())


def _ascending(lowest: float, highest: float, step: float) -> tuple[float, ...]:
    """From one length to another, at least twice that, in the fewest equal ratios that are at most `step`."""
    highest = max(highest, 2 * lowest)
    return geometric(lowest, highest, max(2, 1 + math.ceil(math.log(highest / lowest, step))))
