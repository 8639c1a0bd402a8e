"""A curved, graded O-grid of quadratic quads between a void and the unit cell, and finding points in it.

Element (i, j) is the i-th around (counter-clockwise from the cell's lower right corner) and the j-th across (outward);
its number is i * across + j. Its first reference coordinate runs across, its second around. The four corners of the
cell are element corners, so that every side is straight in every element.
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float, Int
from skfem import Dofs, ElementQuad2, MeshQuad, MeshQuad2

from enf2enf.errors import SolverError
from enf2enf.problems.elasticity.void import CENTRE, Void

SECTORS = 4


@dataclasses.dataclass(frozen=True)
class Resolution:
    """How fine the O-grid is, and where.

    A grading of 1 is uniform; d makes the elements at that end d times as large as the average.

    Args:
        sides: elements along the right, top, left and bottom side of the cell.
        across: elements from the void to the outer side.
        wall: radial grading at the void.
        outer: radial grading at the outer side.
        clamp: angular grading at the two clamped (lower) corners, where the stress is singular.
        free: angular grading at the two upper corners.
    """

    sides: tuple[int, int, int, int] = (32, 32, 32, 32)
    across: int = 24
    wall: float = 0.4
    outer: float = 0.4
    clamp: float = 1.0
    free: float = 1.0

    def refined(self, factor: int) -> "Resolution":
        """The same grading with `factor` times as many elements each way."""
        return dataclasses.replace(self, sides=tuple(factor * n for n in self.sides), across=factor * self.across)

    @property
    def around(self) -> int:
        """Elements around the void."""
        return sum(self.sides)


def graded(t: np.ndarray, first: float | np.ndarray, last: float | np.ndarray) -> np.ndarray:
    """The cubic from 0 to 1 on [0, 1] with slope `first` at 0 and `last` at 1 (both in (0, 3): monotone)."""
    return t * (first + t * (3 - 2 * first - last + t * (first + last - 2)))


@functools.lru_cache(maxsize=2)
def topology(resolution: Resolution) -> tuple[Int[np.ndarray, "4 elements"], Int[np.ndarray, "9 elements"]]:
    """Vertices and Q2 nodes of every element; the same for every void, hence kept."""
    around, across = resolution.around, resolution.across
    i, j = np.divmod(np.arange(around * across), across)
    corners = [((i + di) % around) * (across + 1) + j + dj for di, dj in ((0, 0), (0, 1), (1, 1), (1, 0))]
    t = np.stack(corners).astype(np.int32)
    unplaced = np.zeros((2, around * (across + 1)))
    return t, Dofs(MeshQuad(unplaced, t, validate=False), ElementQuad2()).element_dofs


class OGrid:
    """The grid around one void: the scikit-fem mesh and the analytic map behind it."""

    def __init__(self, void: Void, resolution: Resolution):
        """Places the nodes, also those within the elements, on the exact map."""
        self.void, self.resolution = void, resolution
        t, dofs = topology(resolution)
        i, j = np.divmod(np.arange(t.shape[1]), resolution.across)
        nodes = np.zeros((2, dofs.max() + 1))
        for local, (across_at, around_at) in enumerate(ElementQuad2.doflocs):
            nodes[:, dofs[local]] = self.position(i + around_at, j + across_at).T
        self.nodes: Float[np.ndarray, "nodes 2"] = np.ascontiguousarray(nodes.T)
        self.element_nodes: Int[np.ndarray, "elements 9"] = np.ascontiguousarray(dofs.T)
        self.mesh = MeshQuad2(nodes, t)

    def angle(self, around: np.ndarray) -> np.ndarray:
        """Angle (rad) of the ray at this fractional element count around."""
        starts = np.concatenate([[0], np.cumsum(self.resolution.sides)])
        sector = np.clip(np.searchsorted(starts, around, side="right") - 1, 0, SECTORS - 1)
        t = (around - starts[sector]) / np.asarray(self.resolution.sides)[sector]
        first, last = self._angular_grading()[sector].T
        return (sector - 0.5 + graded(t, first, last)) * (np.pi / 2)

    def _angular_grading(self) -> np.ndarray:
        clamp, free = self.resolution.clamp, self.resolution.free
        return np.array([[clamp, free], [free, free], [free, clamp], [clamp, clamp]])

    def position(self, around: np.ndarray, across: np.ndarray) -> Float[np.ndarray, "n 2"]:
        """Points (m) of the exact map at fractional element counts around and across."""
        theta = self.angle(around)
        direction = np.stack([np.cos(theta), np.sin(theta)], axis=1)
        inner, outer = self.void.radius(theta), 0.5 / np.abs(direction).max(axis=1)
        s = graded(across / self.resolution.across, self.resolution.wall, self.resolution.outer)
        return CENTRE + (inner + (outer - inner) * s)[:, None] * direction

    def locate(self, points: Float[np.ndarray, "n 2"]) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, "n 2"]]:
        """Element and reference coordinates (across, around) of points, by Newton's method on the elements' own map.

        Points of the wall may lie a rounding or an interpolation error outside their element.

        Raises:
            SolverError: a point is not in the grid.
        """
        around, across = self._invert_exact(points)
        counts = np.array([self.resolution.across, self.resolution.around])
        guess = np.stack([across, around], axis=1)
        cell = np.clip(np.floor(guess).astype(int), 0, counts - 1)
        reference = guess - cell
        for _ in range(4):
            element = cell[:, 1] * self.resolution.across + cell[:, 0]
            for _ in range(3):
                value, slope = self._map(element, reference)
                step = np.linalg.solve(slope, (points - value)[:, :, None])[:, :, 0]
                reference = reference + np.clip(step, -0.5, 0.5)
            jump = np.floor(reference * (1 - 1e-9) + 5e-10).astype(int)
            target = np.stack([np.clip(cell[:, 0] + jump[:, 0], 0, counts[0] - 1), cell[:, 1] + jump[:, 1]], axis=1)
            target[:, 1] %= counts[1]
            if (target == cell).all():
                break
            reference = reference - np.where(target != cell, jump, 0)
            cell = target
        if len(bad := np.flatnonzero((np.abs(reference - 0.5) > 0.6).any(axis=1))):
            raise SolverError("point", "inside the solver's grid", str(points[bad[0]].tolist()))
        return element, reference

    def _invert_exact(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = points - CENTRE
        theta = (np.arctan2(d[:, 1], d[:, 0]) + np.pi / 4) % (2 * np.pi) - np.pi / 4
        fine = np.linspace(0, self.resolution.around, 16 * self.resolution.around + 1)
        around = np.interp(theta, self.angle(fine), fine)
        inner = self.void.radius(theta)
        outer = 0.5 / np.maximum(np.abs(np.cos(theta)), np.abs(np.sin(theta)))
        s = np.linspace(0, 1, 16 * self.resolution.across + 1)
        ratio = (np.hypot(*d.T) - inner) / (outer - inner)
        across = np.interp(ratio, graded(s, self.resolution.wall, self.resolution.outer), s)
        return around, across * self.resolution.across

    def _map(self, element: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = shape_functions(reference)
        corners = self.nodes[self.element_nodes[element]]
        return np.einsum("na,nai->ni", value, corners), np.einsum("naj,nai->nij", slope, corners)


def shape_functions(reference: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "n 9"], Float[np.ndarray, "n 9 2"]]:
    """The nine Q2 shape functions and their reference gradients."""
    pairs = [ElementQuad2().lbasis(reference.T, a) for a in range(9)]
    return np.stack([v for v, _ in pairs], axis=1), np.stack([g.T for _, g in pairs], axis=1)
