"""The unit cell discretised: energy, forces and tangent stiffness of its Q2 elements, assembled without a loop."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csc_array
from skfem import Basis, ElementQuad2

from enf2enf.problems.elasticity import material
from enf2enf.problems.elasticity.ogrid import OGrid, Resolution, topology

OUTER_EDGE = [1, 5, 2]
"""An element's nodes on its outward edge, counter-clockwise around the cell."""


@dataclasses.dataclass(frozen=True)
class Pattern:
    """Where the entries of the element matrices go in the sparse matrix over the free displacements.

    Args:
        dofs: displacement numbers of every element, two after one another for each of its nodes.
        free: displacement numbers that are not clamped.
        kept: which entries of the element matrices are between free displacements.
        slot: position of each of those among the stored entries of the matrix.
        rows, starts: the compressed columns.
    """

    dofs: Int[np.ndarray, "elements 18"]
    free: Int[np.ndarray, " free"]
    kept: Bool[np.ndarray, "elements 18 18"]
    slot: Int[np.ndarray, " kept"]
    rows: Int[np.ndarray, " stored"]
    starts: Int[np.ndarray, " columns"]


@functools.lru_cache(maxsize=2)
def pattern(resolution: Resolution) -> Pattern:
    """The pattern of a grid; the same for every void, and a third of the time of a case, hence kept."""
    nodes = topology(resolution)[1].T
    dofs = (2 * nodes[:, :, None] + np.arange(2)).reshape(len(nodes), 18)
    bottom = np.arange(resolution.around - resolution.sides[3], resolution.around)
    clamped = nodes[(bottom + 1) * resolution.across - 1][:, OUTER_EDGE].ravel()
    free = np.setdiff1d(np.arange(2 * (nodes.max() + 1)), np.concatenate([2 * clamped, 2 * clamped + 1]))
    number = np.full(2 * (nodes.max() + 1), -1)
    number[free] = np.arange(len(free))
    row, column = np.broadcast_arrays(number[dofs][:, :, None], number[dofs][:, None, :])
    kept = (row >= 0) & (column >= 0)
    key, slot = np.unique(column[kept] * len(free) + row[kept], return_inverse=True)
    columns, rows = np.divmod(key, len(free))
    return Pattern(dofs, free, kept, slot, rows, np.searchsorted(columns, np.arange(len(free) + 1)))


def _gradient(basis: Basis, function: int) -> Float[np.ndarray, "2 elements quadrature"]:
    """Of one of the basis functions."""
    gradient = basis.basis[function][0].grad
    assert gradient is not None  # elements without a gradient exist, but not of Lagrange's kind
    return gradient


class Cell:
    """The discrete unit cell: clamped at the bottom, a dead traction on the top.

    scikit-fem supplies the quadrature and the gradients; its own assembly would visit 324 pairs of basis functions in
    turn, so the element matrices are formed here, all at once.
    """

    def __init__(self, grid: OGrid):
        """Evaluates the quadrature of this grid."""
        self.grid = grid
        basis = Basis(grid.mesh, ElementQuad2(), intorder=5)
        self.weights: Float[np.ndarray, "elements quadrature"] = basis.dx
        self.slopes: Float[np.ndarray, "elements quadrature 9 2"] = np.stack(
            [np.moveaxis(_gradient(basis, a), 0, -1) for a in range(9)], axis=2
        )
        self.size = 2 * len(grid.nodes)
        self.pattern = pattern(grid.resolution)
        self.free = self.pattern.free
        self.top_weights = self._top_weights()

    def _top_weights(self) -> Float[np.ndarray, " nodes"]:
        """Length of the top side that each node stands for: Simpson's rule, exact on a straight quadratic edge."""
        first, top = self.grid.resolution.sides[:2]
        outer = (np.arange(first, first + top) + 1) * self.grid.resolution.across - 1
        edge = self.grid.element_nodes[outer][:, OUTER_EDGE]
        slope = np.array([[-3, 4, -1], [-1, 0, 1], [1, -4, 3]])
        speed = -self.grid.nodes[edge, 0] @ slope.T
        return np.bincount(edge.ravel(), (speed * np.array([1, 4, 1]) / 6).ravel(), len(self.grid.nodes))

    def gradient(self, u: Float[np.ndarray, "nodes 2"]) -> Float[np.ndarray, "elements quadrature 2 2"]:
        """Deformation gradient at the quadrature points."""
        return np.eye(2) + np.einsum("eqaJ,eai->eqiJ", self.slopes, u[self.grid.element_nodes], optimize=True)

    def load(self, traction: Float[np.ndarray, "2"]) -> Float[np.ndarray, "nodes 2"]:
        """Nodal forces of a dead traction (Pa of reference area) on the top side."""
        return self.top_weights[:, None] * traction

    def energy(self, u: Float[np.ndarray, "nodes 2"]) -> float:
        """Stored energy, J per metre of thickness."""
        return float((self.weights * material.energy(self.gradient(u))).sum())

    def internal(self, u: Float[np.ndarray, "nodes 2"]) -> Float[np.ndarray, "nodes 2"]:
        """Nodal forces of the stress."""
        stress = material.first_piola(self.gradient(u)) * self.weights[:, :, None, None]
        forces = np.einsum("eqaJ,eqiJ->eai", self.slopes, stress, optimize=True)
        return np.bincount(self.pattern.dofs.ravel(), forces.ravel(), self.size).reshape(-1, 2)

    def stiffness(self, u: Float[np.ndarray, "nodes 2"]) -> csc_array:
        """Tangent matrix over the free displacements."""
        A = material.tangent(self.gradient(u)) * self.weights[:, :, None, None, None, None]
        elements, quadrature = self.weights.shape
        B = np.zeros((elements, quadrature, 2, 2, 9, 2))
        for i in range(2):
            B[:, :, i, :, :, i] = np.swapaxes(self.slopes, 2, 3)
        B = B.reshape(elements, 4 * quadrature, 18)
        AB = (A.reshape(elements, quadrature, 4, 4) @ B.reshape(elements, quadrature, 4, 18)).reshape(B.shape)
        K = np.swapaxes(B, 1, 2) @ AB
        data = np.bincount(self.pattern.slot, K[self.pattern.kept], len(self.pattern.rows))
        return csc_array((data, self.pattern.rows, self.pattern.starts), shape=(len(self.free),) * 2)
