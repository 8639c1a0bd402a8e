"""Equilibrium of the unit cell under a dead traction: Newton's method with adaptive load steps."""

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy.sparse import csc_array
from scipy.sparse.linalg import SuperLU, splu

from enf2enf.errors import SolverError
from enf2enf.problems.elasticity import material
from enf2enf.problems.elasticity.cell import Cell
from enf2enf.problems.elasticity.ogrid import OGrid, Resolution
from enf2enf.problems.elasticity.void import Void

CONVERGED = 1e-10
"""Residual force over applied force at which a state counts as equilibrium."""
GENTLE = 1e3
"""Traction (Pa) up to which the undeformed tangent serves every iteration: strains stay below about 1e-2."""
FIRST_STEP = 1e4
"""Traction (Pa) of the first load step beyond that."""
SMALLEST_STEP = 1 / 64
"""Load step, as a fraction of the whole, at which the solver gives up."""


@dataclasses.dataclass(frozen=True)
class Solution:
    """A state of equilibrium.

    Args:
        cell: the discretisation it lives on.
        displacement: of every node of the grid, m.
        residuals: relative residual force before every Newton iteration of the last load step, and at its end.
    """

    cell: Cell
    displacement: Float[np.ndarray, "nodes 2"]
    residuals: tuple[float, ...]


def solve(void: Void, traction: Float[np.ndarray, "2"], resolution: Resolution) -> Solution:
    """The equilibrium of the cell around this void under a dead traction on its top side.

    Args:
        void: the hole.
        traction: Pa of reference area; below about 10 Pa round-off keeps `CONVERGED` out of reach.
        resolution: the grid.

    Raises:
        SolverError: no load, or one that cannot be reached, however small the steps.
    """
    size = float(np.linalg.norm(traction))
    if not 0 < size < np.inf:
        raise SolverError("traction", "two finite numbers that are not both 0", str(np.asarray(traction).tolist()))
    cell = Cell(OGrid(void, resolution))
    force = cell.load(np.asarray(traction, float))
    rest = np.zeros_like(cell.grid.nodes)
    if size <= GENTLE and (found := newton(cell, rest, force, CONVERGED, iterations=25, fresh=False)):
        return Solution(cell, *found)
    return _step(cell, force, min(1.0, FIRST_STEP / size))


def newton(cell: Cell, start: np.ndarray, force: np.ndarray, tolerance: float, iterations: int, fresh: bool = True):
    """Newton's method from `start`; with `fresh` false the first tangent is kept.

    Returns:
        The displacement and the tuple of relative residuals, or None where it does not converge.
    """
    u, scale, residuals, factors = start, np.linalg.norm(force), [], None
    for _ in range(iterations + 1):
        if not (material.determinant(cell.gradient(u)) > 0).all():
            return None
        residual = (force - cell.internal(u)).ravel()[cell.free]
        residuals.append(float(np.linalg.norm(residual) / scale))
        if residuals[-1] <= tolerance:
            return u, tuple(residuals)
        if factors is None or fresh:
            factors = factorise(cell.stiffness(u))
        step = np.zeros(cell.size)
        step[cell.free] = factors.solve(residual)
        u = u + step.reshape(-1, 2)
    return None


def factorise(stiffness: csc_array) -> SuperLU:
    """Sparse factors of a symmetric matrix, without pivoting (near equilibrium it is positive definite)."""
    return splu(stiffness, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def _step(cell: Cell, force: np.ndarray, step: float) -> Solution:
    rest = np.zeros_like(cell.grid.nodes)
    path = [(0.0, rest), (0.0, rest)]
    while True:
        (before, older), (reached, newest) = path
        target = min(1.0, reached + step)
        slope = (newest - older) / (reached - before) if reached > before else rest
        tolerance = CONVERGED if target == 1.0 else 1e-4
        found = newton(cell, newest + (target - reached) * slope, target * force, tolerance, iterations=9)
        if found is None:
            step /= 2
            if step < SMALLEST_STEP:
                raise SolverError("traction", f"an equilibrium beyond {reached:.0%} of it", "none, in steps of 1.6 %")
            continue
        if target == 1.0:
            return Solution(cell, *found)
        path = [path[1], (target, found[0])]
        if len(found[1]) <= 5:
            step *= 2
