"""Stress at arbitrary points, recovered from where the finite elements are most accurate.

The displacement gradient of a quadratic element is one order more accurate at its 2 x 2 Gauss points than elsewhere
(Barlow 1976; Zienkiewicz and Zhu 1992). The O-grid is a tensor grid in its reference coordinates, so a spline through
those points, one per side of the cell because the map has a kink at the corners, carries that accuracy everywhere.
Measured with 192 x 24 elements: 5e-4 relative error of the von Mises stress; the elements' own gradient has 1.8e-3.
"""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import RectBivariateSpline

from enf2enf.problems.elasticity import material
from enf2enf.problems.elasticity.ogrid import shape_functions
from enf2enf.problems.elasticity.solve import Solution

_GAUSS = 0.5 + np.array([-1, 1]) / np.sqrt(12)
_DEGREE_AROUND = 3
# Quadratic, because the wall lies outside the outermost Gauss points: cubic extrapolation doubled the error there.
_DEGREE_ACROSS = 2


def deformation_gradient(solution: Solution, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2 2"]:
    """The recovered deformation gradient at points (m) of the domain. Raises `SolverError` outside the grid."""
    grid = solution.cell.grid
    sides, across = grid.resolution.sides, grid.resolution.across
    sampled = _at_gauss_points(solution)
    element, reference = grid.locate(points)
    i, j = np.divmod(element, across)
    F = np.empty((len(points), 2, 2))
    first = 0
    for side in sides:
        mine = (i >= first) & (i < first + side)
        where = i[mine] - first + reference[mine, 1], j[mine] + reference[mine, 0]
        knots_around, knots_across = ((np.arange(n)[:, None] + _GAUSS).ravel() for n in (side, across))
        for row, column in np.ndindex(2, 2):
            values = sampled[2 * first : 2 * (first + side), :, row, column]
            spline = RectBivariateSpline(
                knots_around, knots_across, values, bbox=[0, side, 0, across], kx=_DEGREE_AROUND, ky=_DEGREE_ACROSS
            )
            F[mine, row, column] = spline.ev(*where)
        first += side
    return F


def von_mises(solution: Solution, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    """Von Mises norm of the Cauchy stress (Pa) at points (m) of the undeformed domain."""
    return material.von_mises(deformation_gradient(solution, points))


def _at_gauss_points(solution: Solution) -> Float[np.ndarray, "around across 2 2"]:
    """The elements' deformation gradient at their 2 x 2 Gauss points, as one tensor grid."""
    grid = solution.cell.grid
    reference = np.stack(np.meshgrid(_GAUSS, _GAUSS, indexing="ij"), axis=-1).reshape(4, 2)
    slope = shape_functions(reference)[1]
    corners, moved = grid.nodes[grid.element_nodes], solution.displacement[grid.element_nodes]
    jacobian = np.einsum("qaj,eai->eqij", slope, corners, optimize=True)
    F = np.eye(2) + np.einsum("qaj,eai->eqij", slope, moved, optimize=True) @ np.linalg.inv(jacobian)
    around, across = grid.resolution.around, grid.resolution.across
    grid_of_points = F.reshape(around, across, 2, 2, 2, 2).transpose(0, 3, 1, 2, 4, 5)
    return grid_of_points.reshape(2 * around, 2 * across, 2, 2)
