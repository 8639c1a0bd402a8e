"""Plain numbers by which shapes unlike those of the training data are told, whatever frame they are seen in."""

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
"""Those of the numbers that depend on the frame: angles in degrees, and the turn after which they are the same."""

Described = tuple[Mapping[str, float], ...]
"""Numbers of a shape by their names, once for each of its largest bodies and of the others: mostly once in all."""


def describe(geometry: Geometry, length: float) -> Described:
    """Numbers of a shape, angles against the axes of space, in degrees.

    Of all walls together `descriptors`, and of several bodies `stagger`: the incidence of all as one, NaN of a single
    one. Of each body that is the `largest`, or as large, its extent `largest`; its `thickness`, the width of the
    ellipse with the same second moments, which unlike that of an inscribed circle is a closed form, right to rounding
    and as smooth as the shape is, and costs nothing; its `incidence`, `heading` and `arch`; and `lobes_2` to `lobes_4`,
    NaN of one with a long axis, whose incidence says how it lies. Of each other body `incidence_others`, NaN if none.

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
    """What describes shapes, less the angles of lobes that fewer than half of them have: a few angles are no range."""
    rare = [name for name in _LOBES if 2 * sum(np.isfinite(row[name]) for row in rows) < len(rows)]
    return [{name: value for name, value in row.items() if name not in rare} for row in rows]


def in_frame(described: Mapping[str, float], axes: Float[np.ndarray, "2 2"]) -> dict[str, float]:
    """The same in a frame with these axes, angles up to half a turn to either side."""
    ahead, hand = np.rad2deg(np.arctan2(axes[0, 1], axes[0, 0])), np.sign(np.linalg.det(axes))
    half = {name: TURNS[name] / 2 for name in described if name in TURNS}
    turned = {name: hand * (described[name] - ahead) for name in half}
    return {**described, **{name: float(half[name] - (half[name] - turned[name]) % TURNS[name]) for name in half}}
