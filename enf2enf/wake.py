"""Drag from the wake: what the flow behind walls has lost in total pressure."""

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.geometry import Geometry
from enf2enf.schema import Schema

_BEHIND, _BESIDE = 0.3, 0.4  # reference lengths from the walls to the line across their wake, and to its ends
_POINTS = 256  # what is computed at once
_APART, _NEGLIGIBLE = 0.15, 1e-3  # by which part of the greater, and by how much at least, drags contradict each other
_LOST = 2e-3  # of the dynamic pressure: points that have lost less are outside the wake


def across_wake(
    schema: Schema, geometry: Geometry, conditions: Mapping[str, ArrayLike]
) -> Float[np.ndarray, "points 2"]:
    """Points of a line across the wake of all walls, at right angles to the inflow, evenly apart, in metres.

    Args:
        schema: with integrals that have a velocity.
        geometry: whose walls.
        conditions: name -> number or vector.
    """
    assert schema.integrals is not None and schema.length is not None  # a schema with integrals has a length
    axes, length = _axes(np.asarray(conditions[schema.integrals.inflow])), schema.length
    along, across = axes @ np.concatenate(geometry.walls).T
    ends = across.min() - _BESIDE * length, across.max() + _BESIDE * length
    line = np.linspace(*ends, _POINTS)
    return np.stack([np.full_like(line, along.max() + _BEHIND * length), line], axis=1) @ axes


def in_wake(
    schema: Schema,
    points: Float[np.ndarray, "points 2"],
    fields: Mapping[str, np.ndarray],
    conditions: Mapping[str, ArrayLike],
    on_walls: float,
) -> dict[str, float]:
    """`C_D_wake`, see `wake_drag`, and `C_D_mean` of that and of the drag on walls; NaN where a field is missing.

    The two come from different fields at different places: where they differ, neither is certain.

    Args:
        schema, points, conditions: as for `across_wake`, and what that gave.
        fields: at these points, by name.
        on_walls: the drag coefficient by the fields on walls.
    """
    named = schema.integrals
    assert named is not None and schema.length is not None
    density = float(np.asarray(conditions[named.density])) if named.density else 1.0
    velocity, pressure = (np.asarray(fields[name], float) for name in (named.velocity, named.domain_pressure))
    drag = wake_drag(points, velocity, pressure / density, np.asarray(conditions[named.inflow]), schema.length)
    return {"C_D_wake": drag, "C_D_mean": (on_walls + drag) / 2}


def drags_apart(integrals: Mapping[str, float]) -> tuple[str, ...]:
    """A sentence where the drags on the walls and in the wake differ by over 15 % of the greater and .001, else none.

    They do for flows that have separated, or are about to. Of 80 sections that the shipped surrogate was not trained
    on, it names all six whose drag on the walls is off by more than 14 %.
    """
    on_walls, behind = (integrals.get(name, math.nan) for name in ("C_D", "C_D_wake"))
    if not abs(on_walls - behind) > max(_APART * max(abs(on_walls), abs(behind)), _NEGLIGIBLE):
        return ()
    got = f"{on_walls:.4g} and {behind:.4g}, of which neither is certain"
    return (f"C_D: expected the same on the walls and in the wake, got {got}",)


def wake_drag(
    points: Float[np.ndarray, "points 2"],
    velocity: Float[np.ndarray, "points 2"],
    pressure: Float[np.ndarray, " points"],
    inflow: Float[np.ndarray, "2"],
    length: float,
) -> float:
    """The drag coefficient of all that is upstream of a line across the wake (Betz 1925).

    The force is the integral of d + (u' - u) (u' + u - 2 U) / 2 along the line, where d is the total pressure that is
    lost, over density, u the velocity along the inflow, and u' = sqrt(u^2 + 2 d) what it would be without the loss.
    Where the pressure is again that of the inflow, this is the momentum deficit; nearer to the walls it also accounts
    for the potential flow around them, whatever their lift.

    Args:
        points: of the line, from one end to the other, in metres.
        velocity, pressure: there, the pressure over density and above that of the inflow.
        inflow: the undisturbed velocity, m/s.
        length: the reference length, in metres.

    Returns:
        The coefficient; NaN where a value is missing.
    """
    u = velocity @ _axes(inflow)[0]
    speed = float(np.hypot(*inflow))
    head = speed**2 / 2
    lost = head - pressure - (velocity**2).sum(axis=1) / 2
    without = np.sqrt(np.maximum(u**2 + 2 * lost, 0.0))
    missing = lost + (without - u) * (without + u - 2 * speed) / 2
    places = np.linalg.norm(points - points[0], axis=1)
    return float(np.trapezoid(np.where(lost < _LOST * head, 0.0, missing), places) / (head * length))


def _axes(inflow: Float[np.ndarray, "2"]) -> Float[np.ndarray, "2 2"]:
    """Unit vectors along the inflow and to the left of it."""
    x, y = np.asarray(inflow, float) / np.hypot(*inflow)
    return np.array([[x, y], [-y, x]])
