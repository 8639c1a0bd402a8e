"""Stokes flow through a channel by Taylor-Hood elements (quadratic velocity, linear pressure) on curved triangles.

Without dimensions: lengths in heights of the inlet, velocities in its mean speed, the pressure in viscosity x speed /
height. The velocity is parabolic at the inlet and 0 on both walls. At the outlet du/dn = p n, as in parabolic flow at a
pressure of 0: the mean of the pressure is 0 there.
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import bmat
from skfem import Basis, BilinearForm, ElementTriP1, ElementTriP2, MeshTri, MeshTri2, condense, solve

from enf2enf.problems.channel.shape import LENGTH, Shape


@dataclasses.dataclass(frozen=True)
class Resolution:
    """How many elements there are, two triangles each.

    Args:
        along, across: from the inlet to the outlet, and from wall to wall.
    """

    along: int = 96
    across: int = 20

    def refined(self, factor: int) -> "Resolution":
        """`factor` times as many each way."""
        return Resolution(factor * self.along, factor * self.across)


@dataclasses.dataclass(frozen=True, eq=False)
class Flow:
    """The flow at the nodes of quadratic triangles: node i * (2 across + 1) + j is the i-th along and the j-th up.

    Args:
        points: nodes.
        triangles: their corners, counter-clockwise, then the middles of their sides.
        velocity, pressure: at the nodes.
        resolution: of the grid.
    """

    points: Float[np.ndarray, "nodes 2"]
    triangles: Int[np.ndarray, "triangles 6"]
    velocity: Float[np.ndarray, "nodes 2"]
    pressure: Float[np.ndarray, " nodes"]
    resolution: Resolution

    @property
    def columns(self) -> Int[np.ndarray, "columns rows"]:
        """The nodes from the lower to the upper wall, column after column."""
        return np.arange(len(self.points)).reshape(2 * self.resolution.along + 1, -1)

    @property
    def flux(self) -> Float[np.ndarray, " sections"]:
        """Through every section between corners of elements, by Simpson's rule, which is exact."""
        columns = self.columns[::2]
        height, u = np.ptp(self.points[columns, 1], axis=1), self.velocity[columns, 0]
        sums = u[:, :-1:2].sum(axis=1) + 4 * u[:, 1::2].sum(axis=1) + u[:, 2::2].sum(axis=1)
        return sums * height / (6 * self.resolution.across)


def solve_flow(shape: Shape, resolution: Resolution = Resolution()) -> Flow:
    """The flow through a channel."""
    straight = MeshTri2.from_mesh(MeshTri.init_tensor(*_ticks(resolution)))
    (x, share), cells = straight.doflocs, straight.dofs.element_dofs
    points = np.stack([x, (1 - share) * shape.bottom(x) + share * shape.top(x)])
    mesh = dataclasses.replace(straight, doflocs=points)
    velocity, pressure = _solved(mesh, x, share)
    order, number = np.lexsort((share, x)), np.empty(len(x), int)
    number[order] = np.arange(len(x))
    triangles = _counter_clockwise(number[cells].T, points.T[order])
    return Flow(points.T[order], triangles, velocity[order], pressure[order], resolution)


def _ticks(resolution: Resolution) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(0, LENGTH, resolution.along + 1), np.linspace(0, 1, resolution.across + 1)


def _solved(mesh: MeshTri2, x: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Velocity and pressure at the nodes, given how far along and up they are."""
    basis = Basis(mesh, ElementTriP2(), intorder=6)
    linear, cells, nodes = basis.with_element(ElementTriP1()), basis.element_dofs, len(x)
    viscous = BilinearForm(_dissipation).assemble(basis)
    slopes = [BilinearForm(_slope).assemble(basis, linear, axis=axis) for axis in range(2)]
    left = bmat([[viscous, None, slopes[0].T], [None, viscous, slopes[1].T], [*slopes, None]], "csr")
    known = np.flatnonzero((x == 0) | (share == 0) | (share == 1))
    unknowns = np.zeros(2 * nodes + linear.N)
    unknowns[:nodes][x == 0] = 6 * (share * (1 - share))[x == 0]
    found = np.asarray(solve(*condense(left, x=unknowns, D=np.concatenate([known, nodes + known]))))
    corners, pressure = found[2 * nodes :][linear.element_dofs], np.empty(nodes)
    pressure[cells[:3]], pressure[cells[3:]] = corners, (corners + np.roll(corners, -1, axis=0)) / 2
    return found[: 2 * nodes].reshape(2, -1).T, pressure


def _dissipation(u: Any, v: Any, _: Any) -> Any:
    return (u.grad * v.grad).sum(axis=0)


def _slope(u: Any, q: Any, given: Any) -> Any:
    return -q * u.grad[int(given["axis"])]


def _counter_clockwise(triangles: np.ndarray, points: np.ndarray) -> Int[np.ndarray, "triangles 6"]:
    first, second = (points[triangles[:, k]] - points[triangles[:, 0]] for k in (1, 2))
    clockwise = first[:, 0] * second[:, 1] < first[:, 1] * second[:, 0]
    return np.where(clockwise[:, None], triangles[:, [0, 2, 1, 5, 4, 3]], triangles)
