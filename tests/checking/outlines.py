"""Outlines of bodies that tests of geometry share."""

import numpy as np
from hypothesis import strategies as st

angles, seeds = st.floats(-3, 3), st.integers(0, 2**32 - 1)
AROUND = np.array([[-4.0, -3], [4, -3], [4, 3.5], [-4, 3]])


def turn(angle: float) -> np.ndarray:
    """What columns are turned by, counter-clockwise; its transpose is a frame's axes."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def ellipse(count: int, axes: tuple[float, float], phase: float = 0.0) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(count) + phase) / count
    return np.array(axes) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def star(rng: np.random.Generator, centre, count: int) -> np.ndarray:
    """A smooth star-shaped curve, no farther than 0.95 from its centre."""
    angle = 2 * np.pi * np.arange(count) / count
    waves = np.arange(1, 5)[:, None]
    size = 0.7 + 0.25 * np.mean(rng.uniform(-1, 1, (4, 1)) * np.sin(waves * angle + rng.uniform(0, 6, (4, 1))), axis=0)
    return np.array(centre) + size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@st.composite
def shapes(draw) -> tuple[list[np.ndarray], np.ndarray | None]:
    """One to three bodies, in a domain without end, in one with an outer boundary, or with a wall around it."""
    rng = np.random.default_rng(draw(seeds))
    bodies = [star(rng, at, 40) for at in [(-1.7, -0.3), (1.2, 0.4), (-0.6, 1.8)][: draw(st.integers(1, 3))]]
    kind = draw(st.sampled_from(["endless", "bounded", "enclosed"]))
    return [*bodies, AROUND] if kind == "enclosed" else bodies, None if kind == "endless" else AROUND
