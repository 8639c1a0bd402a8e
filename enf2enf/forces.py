"""Forces on walls: integrals of the fields on them, along their own sides."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.errors import ConditionError, SchemaError
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.chord import chord
from enf2enf.geometry.plane.polygon import cross
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.numeric import numbers_of
from enf2enf.plain import shown
from enf2enf.schema import Schema

_ACROSS = 1e-9  # of the force: if less of it is across the chord, there is no centre of pressure


@dataclasses.dataclass(frozen=True, eq=False)
class Forces:
    """Forces and moments that the flow exerts on every wall, per metre of span.

    Args:
        force: in N/m; if the pressure is over density, in m3/s2.
        moment: counter-clockwise about a point, in the unit of `force` times metres.
    """

    force: Float[np.ndarray, "walls 2"]
    moment: Float[np.ndarray, " walls"]

    @property
    def total_force(self) -> Float[np.ndarray, "2"]:
        """On all walls together."""
        return self.force.sum(axis=0)

    @property
    def total_moment(self) -> float:
        """On all walls together."""
        return float(self.moment.sum())


@dataclasses.dataclass(frozen=True)
class Coefficients:
    """Drag along the inflow and lift to its left, over dynamic pressure x chord; moment (ccw), over that x chord^2."""

    drag: float
    lift: float
    moment: float


def forces(
    sides: WallSides, pressure: ArrayLike, shear: ArrayLike | None = None, about: ArrayLike = (0.0, 0.0)
) -> Forces:
    """Forces and moments on walls: the integrals of pressure times the normal into the body, plus shear stress.

    Whatever the polygon, zero (to rounding) for a constant pressure and exact for a linear one; else second order.

    Args:
        sides: of the walls.
        pressure: at their midpoints, in Pa, or over density; one number a side.
        shear: the stress on the wall along it, at their midpoints, in the same unit, (sides, 2); None for none.
        about: the point that moments are about, in metres.

    Raises:
        SchemaError: `sides` of another type; values that are not finite, not one a side, or whose integrals overflow
            float64; an `about` that is no point.
    """
    if not isinstance(sides, WallSides):
        raise SchemaError("sides", "those of an answer at 'wall'", shown(sides))
    pressure = _finite("pressure", pressure, sides.lengths.shape, "one a side")
    friction = 0.0 if shear is None else _finite("shear", shear, sides.normals.shape, "one a side")
    arm = sides.midpoints - _finite("about", about, (2,), "a point")
    with np.errstate(over="ignore", invalid="ignore"):
        force = (friction - pressure[:, None] * sides.normals) * sides.lengths[:, None]
        moment = cross(arm, force) + _couples(sides, pressure)
        summed = [np.bincount(sides.walls, values) for values in (force[:, 0], force[:, 1], moment)]
    if not np.isfinite(summed).all():
        raise SchemaError("forces", "finite sums and moments of pressure and shear", "some that float64 does not hold")
    return Forces(np.stack(summed[:2], axis=1), summed[2])


def coefficients(on: Forces, inflow: ArrayLike, chord: float, density: float = 1.0) -> Coefficients:
    """The coefficients of all walls together.

    Args:
        on: the forces.
        inflow: the undisturbed velocity, m/s, two components.
        chord: in metres.
        density: in kg/m3; 1 where the pressure is over density.

    Raises:
        ConditionError: an inflow, a chord or a density that nothing can be divided by.
    """
    inflow = _finite("inflow", inflow, (2,), "a velocity", ConditionError)
    speed = float(np.hypot(*inflow))
    for name, value in (("magnitude of the inflow", speed), ("chord", chord), ("density", density)):
        if not float(_finite(name, value, (), "a number", ConditionError)) > 0:
            raise ConditionError(name, "a number above 0", shown(value))
    with np.errstate(all="ignore"):
        scale = float(np.float64(density) * np.float64(speed) ** 2 / 2 * chord)
    if not (np.isfinite([scale, scale * chord]).all() and min(scale, scale * chord) > 0):
        got = f"{speed:.6g} m/s, {chord:.6g} m, {density:.6g} kg/m3"
        raise ConditionError("inflow, chord and density", "a dynamic pressure times chord that divides", got)
    along = inflow / speed
    drag, lift = np.stack([along, [-along[1], along[0]]]) @ on.total_force / scale
    return Coefficients(float(drag), float(lift), on.total_moment / (scale * chord))


def integrals(
    schema: Schema,
    geometry: Geometry,
    fields: Mapping[str, ArrayLike],
    conditions: Mapping[str, ArrayLike],
    sides: WallSides | None = None,
) -> dict[str, float]:
    """Lift, drag and moment coefficients by name, from fields on walls; over dynamic pressure and reference length.

    `C_D` is along the inflow, `C_L` to the left of it; `C_m` is about the point a quarter along the `chord` from the
    leading edge, positive if it raises that edge; `C_D_pressure` is the pressure's part of `C_D`; `x_cp` is the centre
    of pressure, in chords from the leading edge, NaN without a force across the chord. With several walls, `C_L_0`,
    `C_D_0` ... are those of each wall.

    Args:
        schema: says which fields and conditions these are of.
        geometry: whose walls.
        fields: at the midpoints of the sides, in SI units; the first components are along the axes of space.
        conditions: name -> number or vector.
        sides: the sides that are summed over; None for the sides of `geometry`.

    Raises:
        ConditionError: no inflow to divide by.
    """
    named = schema.integrals
    assert named is not None and schema.length is not None  # a schema with integrals has a length
    sides = WallSides.of(geometry) if sides is None else sides
    inflow = np.asarray(conditions[named.inflow], float)
    density = float(np.asarray(conditions[named.density])) if named.density else 1.0
    pressure, shear = fields[named.pressure], fields[named.shear] if named.shear else None
    leading, trailing = chord(geometry.walls, inflow / np.hypot(*inflow))
    about = leading + (trailing - leading) / 4
    on = forces(sides, pressure, shear, about)
    whole = coefficients(on, inflow, schema.length, density)
    alone = coefficients(forces(sides, pressure, None, about), inflow, schema.length, density)
    found = {"C_L": whole.lift, "C_D": whole.drag, "C_m": -whole.moment, "C_D_pressure": alone.drag}
    found["x_cp"] = _acts_at(on, trailing - leading)
    for wall in range(len(on.moment)) if len(on.moment) > 1 else ():
        one = coefficients(Forces(on.force[[wall]], on.moment[[wall]]), inflow, schema.length, density)
        found |= {f"C_L_{wall}": one.lift, f"C_D_{wall}": one.drag}
    return found


def _acts_at(on: Forces, chord: Float[np.ndarray, "2"]) -> float:
    """Centre of pressure, in chords from the leading edge, from a force and moment about the quarter chord, or NaN."""
    x, y = on.total_force
    across = float(chord[0] * y - chord[1] * x)
    least = _ACROSS * float(np.hypot(x, y) * np.hypot(*chord))
    return 0.25 + on.total_moment / across if abs(across) > least else float("nan")


def _couples(sides: WallSides, pressure: Float[np.ndarray, " sides"]) -> Float[np.ndarray, " sides"]:
    """The moment of every side from the change of pressure along it, beside that of the midpoint pressure.

    The gradient is a least-squares fit over each wall, so that a linear pressure is integrated exactly.
    """
    growth = np.zeros(len(pressure))
    for wall in np.unique(sides.walls):
        own = sides.walls == wall
        places, values = sides.midpoints[own], pressure[own]
        gradient = np.linalg.lstsq(places - places.mean(axis=0), values - values.mean())[0]
        growth[own] = sides.along[own] @ gradient
    return growth * sides.lengths**3 / 12


def _finite(
    name: str, values: ArrayLike, shape: tuple[int, ...], what: str, error: type[SchemaError] = SchemaError
) -> Float[np.ndarray, "..."]:
    """The values as float64, refused unless they are finite numbers of this shape."""
    wanted = f"finite numbers of shape {shape}, {what}"
    array = numbers_of(values)
    if array is None:
        raise error(name, wanted, shown(values))
    if array.shape != shape:
        raise error(name, wanted, f"an array of shape {array.shape}")
    if count := int((~np.isfinite(array)).sum()):
        raise error(name, wanted, f"{count} that are not finite")
    return array.astype(np.float64)
