"""One case of the Elasticity problem: a random void, its load, the stored mesh with the stress at its nodes."""

import dataclasses
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

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
_PURPOSES = ("problem", "mesh", "fine")


@dataclasses.dataclass(frozen=True)
class DrawnCell:
    """A case that is not solved yet.

    Args:
        void: the hole.
        traction: the dead traction on the top side, Pa.
        entropy: of all its random numbers.
    """

    void: Void
    traction: Float[np.ndarray, "2"]
    entropy: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class UnitCell:
    """A solved case.

    Args:
        drawn: what was solved.
        cloud: the stored mesh.
        solution: the equilibrium, on the solver's own grid.
    """

    drawn: DrawnCell
    cloud: Cloud
    solution: Solution

    def mesh(self) -> Mesh:
        """The stored mesh with `von_mises` (Pa) at its nodes."""
        values = {"von_mises": stress.von_mises(self.solution, self.cloud.points)}
        return Mesh(self.cloud.points, (CellBlock("triangle", self.cloud.triangles),), point_data=values)

    def refined_error(self, resolution: Resolution) -> float:
        """Relative L2 difference over the stored nodes to the solution at twice this resolution."""
        coarse = stress.von_mises(self.solution, self.cloud.points)
        finer = solve(self.drawn.void, self.drawn.traction, resolution.refined(2))
        fine = stress.von_mises(finer, self.cloud.points)
        return float(np.linalg.norm(coarse - fine) / np.linalg.norm(fine))

    def fine_sampling(
        self, bulk: int = 18_000, near: int = 4_000, wall: int = 1_000
    ) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
        """Points (m) and their von Mises stress (Pa), far denser than the stored mesh.

        Args:
            bulk: number of points uniform over the domain outside the corner discs.
            near: number of further points within `NEAR` of the void.
            wall: number of further points on the void itself, evenly spaced.
        """
        rng, void = _generator(self.drawn.entropy, "fine"), self.drawn.void
        spread = in_domain(void, rng.random((4 * bulk, 2)))[:bulk]
        offset = NEAR * np.sqrt(rng.random((4 * near, 1))) * _directions(rng.uniform(0, 2 * np.pi, 4 * near))
        band = in_domain(void, void.wall(void.evenly(4 * near)) + offset)
        on_wall = void.wall(void.evenly(wall, rng.random()))
        points = np.concatenate([spread, rng.permutation(band)[:near], on_wall])
        return points, stress.von_mises(self.solution, points)


def draw_problem(seed: int, index: int, load: Load, redraw: int = 0) -> DrawnCell:
    """The void and the traction of a case: a pure function of its arguments."""
    entropy = (seed, index, get_args(Load).index(load), redraw)
    rng = _generator(entropy, "problem")
    void = Void.random(rng)
    if load == "fixed":
        return DrawnCell(void, FIXED_TRACTION, entropy)
    angle = rng.uniform(-STEEPEST, STEEPEST)
    size = np.exp(rng.uniform(*np.log(MAGNITUDES)))
    return DrawnCell(void, size * np.array([np.sin(angle), np.cos(angle)]), entropy)


def solve_unit_cell(drawn: DrawnCell, resolution: Resolution = RESOLUTION) -> UnitCell:
    """The solved case.

    Raises:
        SolverError: no equilibrium is found (the sheet buckles under strong shear).
    """
    solution = solve(drawn.void, drawn.traction, resolution)
    rng = _generator(drawn.entropy, "mesh")
    return UnitCell(drawn, make_cloud(drawn.void, rng, int(rng.integers(NODES[0], NODES[1] + 1))), solution)


def _directions(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _generator(entropy: tuple[int, ...], purpose: str) -> np.random.Generator:
    return np.random.default_rng([*entropy, _PURPOSES.index(purpose)])
