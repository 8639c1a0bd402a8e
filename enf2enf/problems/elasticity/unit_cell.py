"""One case of the Elasticity problem: a random void, its load, the stored mesh with the stress at its nodes."""

import dataclasses
from typing import Literal

import numpy as np
from jaxtyping import Float

from enf2enf.errors import SolverError
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.problems.elasticity import stress
from enf2enf.problems.elasticity.cloud import Cloud, in_domain, make_cloud
from enf2enf.problems.elasticity.ogrid import Resolution
from enf2enf.problems.elasticity.solve import Solution, solve
from enf2enf.problems.elasticity.void import Void

Load = Literal["fixed", "varied"]

RESOLUTION = Resolution(sides=(48, 48, 48, 48), across=24, wall=0.25, outer=0.1, clamp=0.3)
"""The O-grid of the stored stress."""
FIXED_TRACTION = np.array([0.0, 100.0])
"""The dead traction of the public problem, Pa."""
MAGNITUDES = (1e2, 1e5)
"""Range (Pa) of the varied traction's magnitude, log-uniform."""
STEEPEST = np.pi / 3
"""Largest angle (rad) between the varied traction and the vertical, uniform on both sides."""
NODES = (960, 1024)
"""Range of the number of stored nodes."""
NEAR = 0.02
"""Width (m) of the band along the void that the fine sampling covers densely."""
_REDRAWS = 20


@dataclasses.dataclass(frozen=True)
class UnitCell:
    """A solved case.

    Args:
        void: the hole.
        traction: the dead traction on the top side, Pa.
        cloud: the stored mesh.
        solution: the equilibrium, on the solver's own grid.
        redraws: how many earlier draws had no equilibrium that could be found.
    """

    void: Void
    traction: Float[np.ndarray, "2"]
    cloud: Cloud
    solution: Solution
    redraws: int

    def mesh(self) -> Mesh:
        """The stored mesh with `von_mises` (Pa) at its nodes."""
        values = {"von_mises": stress.von_mises(self.solution, self.cloud.points)}
        return Mesh(self.cloud.points, (CellBlock("triangle", self.cloud.triangles),), point_data=values)

    def refined_error(self, resolution: Resolution) -> float:
        """Relative L2 difference over the stored nodes to the solution at twice this resolution."""
        coarse = stress.von_mises(self.solution, self.cloud.points)
        fine = stress.von_mises(solve(self.void, self.traction, resolution.refined(2)), self.cloud.points)
        return float(np.linalg.norm(coarse - fine) / np.linalg.norm(fine))


def make_unit_cell(seed: int, index: int, load: Load, resolution: Resolution = RESOLUTION) -> UnitCell:
    """The case of this number: a pure function of its arguments.

    A draw for which no equilibrium is found (the sheet buckles under strong shear) is replaced by the next one.

    Raises:
        SolverError: one draw after the other failed.
    """
    for redraw in range(_REDRAWS):
        void, traction = draw(seed, index, load, redraw)
        try:
            solution = solve(void, traction, resolution)
        except SolverError:
            continue
        rng = _generator(seed, index, load, redraw, "mesh")
        cloud = make_cloud(void, rng, int(rng.integers(NODES[0], NODES[1] + 1)))
        return UnitCell(void, traction, cloud, solution, redraw)
    raise SolverError(f"case {index} of seed {seed}", "an equilibrium", f"none in {_REDRAWS} draws")


def draw(seed: int, index: int, load: Load, redraw: int = 0) -> tuple[Void, Float[np.ndarray, "2"]]:
    """The void and the traction (Pa) of a case."""
    rng = _generator(seed, index, load, redraw, "problem")
    void = Void.random(rng)
    if load == "fixed":
        return void, FIXED_TRACTION
    angle = rng.uniform(-STEEPEST, STEEPEST)
    size = np.exp(rng.uniform(*np.log(MAGNITUDES)))
    return void, size * np.array([np.sin(angle), np.cos(angle)])


def fine_sampling(
    cell: UnitCell, seed: int, index: int, load: Load, bulk: int = 18_000, near: int = 4_000, wall: int = 1_000
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    """Points (m) and their von Mises stress (Pa), far denser than the stored mesh.

    Args:
        cell: the case.
        seed, index, load: what it was made from; they decide the points.
        bulk: number of points uniform over the domain outside the corner discs.
        near: number of further points within `NEAR` of the void.
        wall: number of further points on the void itself, evenly spaced.
    """
    rng = _generator(seed, index, load, cell.redraws, "fine")
    spread = in_domain(cell.void, rng.random((4 * bulk, 2)))[:bulk]
    offset = NEAR * np.sqrt(rng.random((4 * near, 1))) * _directions(rng.uniform(0, 2 * np.pi, 4 * near))
    band = in_domain(cell.void, cell.void.wall(cell.void.evenly(4 * near)) + offset)
    on_wall = cell.void.wall(cell.void.evenly(wall, rng.random()))
    points = np.concatenate([spread, rng.permutation(band)[:near], on_wall])
    return points, stress.von_mises(cell.solution, points)


def _directions(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _generator(seed: int, index: int, load: Load, redraw: int, purpose: str) -> np.random.Generator:
    purposes = ("problem", "mesh", "fine")
    return np.random.default_rng([seed, index, ("fixed", "varied").index(load), redraw, purposes.index(purpose)])
