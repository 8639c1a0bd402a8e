"""The random channel; all lengths in heights of its inlet."""

import dataclasses

import numpy as np
from jaxtyping import Float

LENGTH = 4.0
"""From the inlet to the outlet."""
HEIGHT, WIDTH, SECOND = (0.1, 0.5), (0.5, 0.8), 0.5
"""Ranges of the height and half the width of a bump; the share of channels that have two."""
PLACES = ((0.9, 1.8), (2.2, 3.1))
"""Ranges of the middles of two bumps; of a single one from the first to the last."""
WAVE, AMPLITUDE, LENGTHS = 0.5, (0.02, 0.08), (1.0, 2.0)
"""The share of channels with a wavy upper wall; ranges of its amplitude and wave length."""
Numbers = Float[np.ndarray, "*points"]


@dataclasses.dataclass(frozen=True)
class Bump:
    """A swelling of the lower wall, without a step in slope or curvature.

    Args:
        middle: where along the channel it is highest.
        width: half of its whole width.
        height: how high it is.
    """

    middle: float
    width: float
    height: float

    def __call__(self, x: Numbers) -> Numbers:
        """Its height at places along the channel."""
        return self.height * _fading((x - self.middle) / self.width)


@dataclasses.dataclass(frozen=True)
class Shape:
    """A channel of height 1 at both ends.

    Args:
        bumps: of the lower wall.
        amplitude, wave, phase: of the upper wall's wave, which fades towards both ends; its wave length.
    """

    bumps: tuple[Bump, ...] = ()
    amplitude: float = 0.0
    wave: float = 1.0
    phase: float = 0.0

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Shape":
        """One or two bumps under a flat or a wavy wall."""
        (first, second), two, wavy = PLACES, rng.random() < SECOND, rng.random() < WAVE
        places = PLACES if two else ((first[0], second[1]),)
        bumps = tuple(Bump(rng.uniform(*place), rng.uniform(*WIDTH), rng.uniform(*HEIGHT)) for place in places)
        amplitude = rng.uniform(*AMPLITUDE) if wavy else 0.0
        return cls(bumps, amplitude, rng.uniform(*LENGTHS), rng.uniform(-np.pi, np.pi))

    def bottom(self, x: Numbers) -> Numbers:
        """Height of the lower wall; bumps that overlap never close the channel."""
        return 1 - np.prod([np.ones_like(x), *(1 - bump(x) for bump in self.bumps)], axis=0)

    def top(self, x: Numbers) -> Numbers:
        """Height of the upper wall."""
        wave = np.sin(2 * np.pi * x / self.wave + self.phase)
        return 1 + self.amplitude * wave * _fading(2 * x / LENGTH - 1)


def _fading(s: Numbers) -> Numbers:
    """From 1 at 0 to 0 at -1 and 1, and beyond."""
    return np.maximum(1 - s**2, 0) ** 3
