"""Where the nodes of a C-grid around a section are: rows around it and its wake, columns from there to the far field.

The square root about a point within the nose, z = focus + q^2 / 2, unrolls the wall and its wake to a line that is
nearly straight; the columns begin there along its normals and are straight farther out.
"""

import dataclasses

import numpy as np
from jaxtyping import Complex, Float

from enf2enf.problems.aerofoil.root import root
from enf2enf.problems.aerofoil.section import AbstractSection
from enf2enf.problems.aerofoil.stretching import geometric

FAR = 200.0
"""How far the grid goes, in chords."""
_AT_EDGE, _AT_NOSE, _NOSE_FACES = 0.005, 0.045, (3e-4, 3e-3)  # lengths of faces: chords, nose radii, their range
_NEAR, _BEND, _SMOOTHED = 1.0, 0.12, 0.6  # heights in the unrolled plane
_WIDE, _WAKE_GROWTH = 0.6, 0.2  # |q| below which wall cells are lower; chords of wake that add one wall-cell height


@dataclasses.dataclass(frozen=True)
class Size:
    """How many cells a grid has.

    Args:
        fineness: of both directions; of the usual grid 1.
    """

    fineness: float = 1.0

    @property
    def side(self) -> int:
        """Along each side of the section."""
        return round(60 * self.fineness)

    @property
    def wake(self) -> int:
        """Along each side of the wake."""
        return round(35 * self.fineness)

    @property
    def layers(self) -> int:
        """From the wall to the far field."""
        return round(76 * self.fineness)

    @property
    def near(self) -> int:
        """Layers next to the wall, spaced in each column by its own first cell; farther out all columns agree."""
        return round(52 * self.fineness)

    @property
    def around(self) -> int:
        """Along the wake, the section and the wake again."""
        return 2 * (self.side + self.wake)


def c_grid(section: AbstractSection, incidence: float, first: float, size: Size) -> Float[np.ndarray, "rows columns 2"]:
    """The nodes; rows run from the end of the wake along the lower side, around the nose, and along the upper side.

    Args:
        section: around which.
        incidence: angle from the chord to the inflow, rad, into which the wake bends.
        first: height of the first cell on the wall, chords; less at the nose, more in the wake.
        size: how many.
    """
    at_nose = float(np.clip(_AT_NOSE * section.nose_radius, *_NOSE_FACES))
    wall = section.wall(size.side, at_nose / size.fineness, _AT_EDGE / size.fineness) @ (1, 1j)
    wake, behind = _wake(wall, incidence, size)
    curve = np.concatenate([wake[:0:-1], wall, wake[1:]])
    behind = np.concatenate([behind[:0:-1], np.zeros(len(wall)), behind[1:]])
    nose = size.wake + size.side
    axis = curve[nose - 3] + curve[nose + 3]
    focus = 0.5 * section.nose_radius * axis / abs(axis)
    unrolled = _unrolled(curve - focus, nose)
    nodes = focus + 0.5 * _columns(unrolled, _heights(abs(unrolled), behind, first, size), behind, size) ** 2
    nodes[:, 0] = curve  # on both sides of the wake the same bits
    return np.stack([nodes.real, nodes.imag], axis=-1)


def _wake(
    wall: Complex[np.ndarray, " wall"], incidence: float, size: Size
) -> tuple[Complex[np.ndarray, " wake"], Float[np.ndarray, " wake"]]:
    """The line behind the trailing edge, along its bisector and then into the inflow, and the lengths along it."""
    upper, lower = wall[-1] - wall[-2], wall[0] - wall[1]
    bisector = np.angle(upper / abs(upper) + lower / abs(lower))
    at = np.arange(1, size.wake + 1) / size.fineness
    growing = 0.75 + 0.5 / (1 + np.exp((22 - at) / 2))  # less down to about 3 chords behind the edge

    def steps(growth: float) -> Float[np.ndarray, " steps"]:
        return _AT_EDGE / size.fineness * np.cumprod(1 + growth / size.fineness * growing)

    growth = root(lambda growth: steps(growth).sum() - FAR, 0.01, 2.0)
    length = np.concatenate([[0], np.cumsum(steps(growth))])
    fine = np.concatenate([[0], np.geomspace(1e-4, length[-1], 20_000)])
    angle = incidence + (bisector - incidence) * np.exp(-fine / 0.7)
    line = np.concatenate([[0], np.cumsum(np.diff(fine) * np.exp(0.5j * (angle[1:] + angle[:-1])))])
    return 1 + np.interp(length, fine, np.real(line)) + 1j * np.interp(length, fine, np.imag(line)), length


def _unrolled(curve: Complex[np.ndarray, " rows"], nose: int) -> Complex[np.ndarray, " rows"]:
    """sqrt(2 z) with its branch cut along the wake: the curve then runs from left to right, with the fluid above it."""
    angle = np.unwrap(np.angle(curve))
    angle -= 2 * np.pi * np.round((angle[nose] - np.pi) / (2 * np.pi))
    return np.sqrt(2 * abs(curve)) * np.exp(0.5j * angle)


def _heights(
    scale: Float[np.ndarray, " rows"], behind: Float[np.ndarray, " rows"], first: float, size: Size
) -> Float[np.ndarray, "rows layers"]:
    """Heights of each column's nodes above the line in the unrolled plane; physical lengths are `scale` times these."""
    usual, ratio = geometric(size.near, 8e-4 / size.fineness, _NEAR)
    ramp = np.minimum(1, np.arange(1, size.layers - size.near + 1) / (6 * size.fineness))

    def steps(last: float) -> Float[np.ndarray, " steps"]:
        return (usual[-1] - usual[-2]) * np.cumprod(ratio + (last - ratio) * ramp)

    far = np.sqrt(2 * FAR) - _NEAR
    outer = _NEAR + np.cumsum(steps(root(lambda last: steps(last).sum() - far, 0.5, 4.0)))
    cells = first * (1 + behind / _WAKE_GROWTH) * np.minimum(1, np.sqrt(scale / _WIDE)) / scale
    return np.stack([np.concatenate([geometric(size.near, cell, _NEAR)[0], outer]) for cell in cells])


def _columns(
    line: Complex[np.ndarray, " rows"],
    heights: Float[np.ndarray, "rows layers"],
    behind: Float[np.ndarray, " rows"],
    size: Size,
) -> Complex[np.ndarray, "rows layers"]:
    """Nodes in the unrolled plane: near the line along its normals, far from it straight above a smoothed line."""
    near_wall, passes = np.exp(-((behind / 0.3) ** 2)), size.fineness**2
    smooth = line + (_smoothed(line, round(60 * passes)) - line) * near_wall
    slope = _smoothed(np.gradient(np.imag(line), np.real(line)), round(25 * passes))
    leaning = slope[:, None] * heights * np.exp(-heights / _BEND)
    far = 1 - np.exp(-((heights / _SMOOTHED) ** 2))
    return line[:, None] + 1j * heights - leaning + far * (smooth - line)[:, None]


def _smoothed(values: np.ndarray, passes: int) -> np.ndarray:
    """The values after this many passes of the filter (1/4, 1/2, 1/4); both end values stay."""
    values = values.copy()
    for _ in range(passes):
        values[1:-1] = 0.25 * (values[:-2] + 2 * values[1:-1] + values[2:])
    return values
