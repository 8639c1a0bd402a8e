"""Forces on walls: integrals of the fields on them, along their own sides."""

import dataclasses

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.errors import ConditionError, SchemaError
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.plain import shown


@dataclasses.dataclass(frozen=True, eq=False)
class Forces:
    """On every wall, from the domain, per metre of span.

    Args:
        force: in N/m; over density, in m3/s2, where the pressure is.
        moment: counter-clockwise about a point, times metres.
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
    """Forces over dynamic pressure and chord: along the inflow, to the left of it, and the moment counter-clockwise."""

    drag: float
    lift: float
    moment: float


def forces(
    sides: WallSides, pressure: ArrayLike, shear: ArrayLike | None = None, about: ArrayLike = (0.0, 0.0)
) -> Forces:
    """The integrals of pressure against the normals, and of the shear stress, over all walls.

    Zero on a constant pressure, to rounding, and exact on a linear one, whatever the polygon; else of second order.

    Args:
        sides: of the walls.
        pressure: at their midpoints, in Pa, or over density; one number a side.
        shear: the stress on the wall along it, at their midpoints, in the same unit, (sides, 2); None for none.
        about: the point that moments are about, in metres.

    Raises:
        SchemaError: values that are not finite, or not one a side; a point that is none.
    """
    pressure = _finite("pressure", pressure, sides.lengths.shape, "one a side")
    stress = -pressure[:, None] * sides.normals
    if shear is not None:
        stress = stress + _finite("shear", shear, sides.normals.shape, "one a side")
    force = stress * sides.lengths[:, None]
    arm = sides.midpoints - _finite("about", about, (2,), "a point")
    moment = arm[:, 0] * force[:, 1] - arm[:, 1] * force[:, 0] + _couples(sides, pressure)
    summed = [np.bincount(sides.walls, values) for values in (force[:, 0], force[:, 1], moment)]
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


def _couples(sides: WallSides, pressure: Float[np.ndarray, " sides"]) -> Float[np.ndarray, " sides"]:
    """What a pressure that grows along a side adds to the moment of its mean at the midpoint.

    The growth is that of the linear function next to the pressure on the wall, which is then integrated exactly.
    """
    growth = np.empty(len(pressure))
    for wall in range(int(sides.walls[-1]) + 1):
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
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        raise error(name, wanted, shown(values)) from None
    if array.dtype.kind not in "fiu":
        raise error(name, wanted, shown(values))
    if array.shape != shape:
        raise error(name, wanted, f"an array of shape {array.shape}")
    if count := int((~np.isfinite(array)).sum()):
        raise error(name, wanted, f"{count} that are not finite")
    return array.astype(np.float64)
