"""Numbers that describe a shape, to find shapes unlike those of the training data, in any frame."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.descriptors import descriptors
from enf2enf.geometry.plane.moments import Body, Moments, extent, ranked

_LOBES = {f"lobes_{count}": count for count in (2, 3, 4)}
TURNS = {"incidence": 180.0, "heading": 360.0, "arch": 360.0, "stagger": 180.0, "incidence_others": 180.0}
TURNS |= {name: 360 / count for name, count in _LOBES.items()}
"""The numbers that depend on the frame, all of them angles: name -> period, in degrees."""

Described = tuple[Mapping[str, float], ...]
"""Rows of name -> number: as many as a shape has largest bodies, or others if those are more; mostly one row."""


def describe(geometry: Geometry, length: float) -> Described:
    """Numbers that describe a shape; lengths in reference lengths, angles from the x axis of space, in degrees.

    Of all walls together: `descriptors`, and `stagger`, the incidence of all bodies as one (NaN of a single body). Of
    each of the largest bodies (equal to 1 %): `largest`, its extent; `thickness`, the width of the ellipse with the
    same second moments, which has a closed form and is as smooth as the shape, unlike that of an inscribed circle;
    `incidence`, `heading` and `arch`; `lobes_2` to `lobes_4`, NaN if it has a long axis, as `incidence` then says how
    it lies. Of each other body: `incidence_others`, NaN if there is none.

    Args:
        geometry: the geometry.
        length: the reference length, in metres.
    """
    (bodies, smaller), space = ranked(geometry), np.eye(2)
    several = len(bodies[0]) < len(geometry.walls)
    stagger = Moments.of(geometry.walls).incidence(space) if several else float("nan")
    together = descriptors(geometry, length) | {"stagger": stagger}
    rows = [together | _of_body(body, length) for body in bodies]
    others = [Moments.of(body).incidence(space) for body in smaller] or [float("nan")]
    count = max(len(rows), len(others))
    pairs = zip(range(count), itertools.cycle(rows), itertools.cycle(others), strict=False)
    return tuple(row | {"incidence_others": angle} for _, row, angle in pairs)


def _of_body(body: Body, length: float) -> dict[str, float]:
    space, own = np.eye(2), Moments.of(body)
    numbers = {"largest": extent(body) / length, "thickness": own.width / length}
    angles = {"incidence": own.incidence(space), "heading": own.heading(space), "arch": own.arch(space)}
    found = dict.fromkeys(_LOBES, float("nan"))
    if np.isnan(angles["incidence"]):
        found = {name: own.lobes(space, count) for name, count in _LOBES.items()}
    return numbers | angles | found


def common(rows: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """The rows without the `lobes` angles that are finite in fewer than half of them: too few to make a range."""
    rare = [name for name in _LOBES if 2 * sum(np.isfinite(row[name]) for row in rows) < len(rows)]
    return [{name: value for name, value in row.items() if name not in rare} for row in rows]


def in_frame(described: Mapping[str, float], axes: Float[np.ndarray, "2 2"]) -> dict[str, float]:
    """The numbers in a frame with these axes (one a row); angles are within half a period of 0."""
    ahead, hand = np.rad2deg(np.arctan2(axes[0, 1], axes[0, 0])), np.sign(np.linalg.det(axes))
    half = {name: TURNS[name] / 2 for name in described if name in TURNS}
    turned = {name: hand * (described[name] - ahead) for name in half}
    return {**described, **{name: float(half[name] - (half[name] - turned[name]) % TURNS[name]) for name in half}}
