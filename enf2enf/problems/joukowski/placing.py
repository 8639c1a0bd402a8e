"""Where the second of two bodies is: behind the first or anywhere beside it, never touching it."""

import numpy as np
import shapely

from enf2enf.problems.joukowski.body import Body, points_of
from enf2enf.problems.joukowski.section import Section

SIZE, DEFLECTION, GAP = (0.2, 0.6), (-np.deg2rad(40), np.deg2rad(40)), (0.03, 0.5)
"""Ranges, in chords of the first body, of the second chord and its angle to the first, uniform; and of the smallest
gap, log-uniform, but smaller where a wall is hollow."""
BEHIND, _FAN = 0.25, np.deg2rad(60)
"""Share of the second bodies that are next to the trailing edge of the first, within this angle of its chord."""
_SIDES = 512


def placed(main: Body, section: Section, rng: np.random.Generator) -> Body:
    """A random second body; its nearest point along a random normal of the first lies at a random gap from the wall."""
    wall = main.wall(_SIDES)
    while True:
        size, deflection, gap = rng.uniform(*SIZE), rng.uniform(*DEFLECTION), np.exp(rng.uniform(*np.log(GAP)))
        if rng.random() < BEHIND:
            foot, normal = wall[0], main.chord * np.exp(1j * rng.uniform(-_FAN, _FAN))
        else:
            number = rng.integers(1, _SIDES - 1)
            foot, normal = wall[number], -1j * (wall[number + 1] - wall[number - 1])
        chord, normal = main.chord * size * np.exp(1j * deflection), normal / abs(normal)
        own = chord * section.wall(_SIDES)
        nearest = own[np.argmin((own * normal.conj()).real)]
        body = Body(section, foot + gap * abs(main.chord) * normal - nearest, chord)
        if distance(main, body) >= GAP[0] * abs(main.chord):
            return body


def distance(one: Body, other: Body) -> float:
    """The smallest gap between two bodies, m; 0 where they overlap."""
    first, second = (shapely.Polygon(points_of(body.wall(_SIDES))) for body in (one, other))
    return float(shapely.distance(first, second))
