"""Where the flow of a case is known: half of the points close to the wall, half all over the box."""

import numpy as np
from jaxtyping import Float

from enf2enf.problems.joukowski.flow import Flow, points_of
from enf2enf.problems.joukowski.section import Points, Section

BOX = (-2.0 - 1.5j, 3.0 + 1.5j)
"""Lowest and highest coordinates, in metres along and to the left of the inflow, of a case."""
DISTANCES = (1e-3, 0.3)
"""Range (m) of the wall distances of the first half, log-uniform."""
NEAR, SPREAD = 4000, 4000
_SIDES = 2048  # of the wall as a polygon: distances are right to 1e-3 of themselves


def sample(flow: Flow, rng: np.random.Generator) -> Float[np.ndarray, "points 2"]:
    """`NEAR` points of log-uniform wall distance, then `SPREAD` that are uniform over the box outside the section."""
    near = _near(flow.section, rng) * flow.turn
    return points_of(np.concatenate([near, _spread(flow, rng) * np.exp(1j * flow.direction)]))


def _near(section: Section, rng: np.random.Generator) -> Points:
    """Along normals, which fan out at the trailing edge; sections are too little hollow for them to meet so close."""
    nearest, farthest = np.log(DISTANCES)
    wall, distance = section.wall(_SIDES), np.exp(rng.uniform(nearest, farthest, NEAR))
    side = np.roll(wall, -1) - wall
    along, ends = side / abs(side), np.cumsum(abs(side))
    fan = np.angle(along[0] / along[-1])
    at = rng.random(NEAR) * (ends[-1] + fan * distance)
    number = np.minimum(np.searchsorted(ends, at), _SIDES - 1)
    foot = np.roll(wall, -1)[number] + np.minimum(at - ends[number], 0) * along[number]
    beyond = np.maximum(at - ends[-1], 0)  # on the arc about the trailing edge
    return foot - 1j * distance * along[number] * np.exp(1j * beyond / distance)


def _spread(flow: Flow, rng: np.random.Generator) -> Points:
    low, high = BOX
    drawn = rng.uniform(low.real, high.real, 2 * SPREAD) + 1j * rng.uniform(low.imag, high.imag, 2 * SPREAD)
    return drawn[flow.section.excludes(drawn * np.exp(1j * flow.incidence))][:SPREAD]
