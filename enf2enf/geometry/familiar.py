"""Plain numbers by which shapes unlike those of the training data are told, whatever frame they are seen in."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.descriptors import arch, descriptors, heading, incidence, lobes

_LOBES = {f"lobes_{count}": count for count in (2, 3, 4)}
_ANGLES = {"incidence": incidence, "heading": heading, "arch": arch}
TURNS = {"incidence": 180.0, "heading": 360.0, "arch": 360.0} | {name: 360 / n for name, n in _LOBES.items()}
"""Those of the numbers that depend on the frame: angles in degrees, and the turn after which they are the same."""


def describe(geometry: Geometry, length: float) -> dict[str, float]:
    """The `descriptors` of a geometry, and its `incidence`, `heading`, `arch` and `lobes` against the axes of space.

    Lobes are NaN of a shape with a long axis, whose incidence says how it lies.

    Args:
        geometry: the geometry.
        length: the reference length, in metres.
    """
    space = np.eye(2)
    angles = {name: angle(geometry, space) for name, angle in _ANGLES.items()}
    found = dict.fromkeys(_LOBES, float("nan"))
    if np.isnan(angles["incidence"]):
        found = {name: lobes(geometry, space, count) for name, count in _LOBES.items()}
    return descriptors(geometry, length) | angles | found


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
