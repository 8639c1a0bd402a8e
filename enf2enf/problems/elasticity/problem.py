"""The Elasticity problem: its options, what is drawn and solved, and what its `dataset.json` says."""

import dataclasses
import functools
from typing import final, get_args

from enf2enf.errors import ConfigError, SolverError
from enf2enf.field import Field
from enf2enf.geometry.frames import FrameConfig
from enf2enf.problems.elasticity import material
from enf2enf.problems.elasticity.ogrid import Resolution
from enf2enf.problems.elasticity.unit_cell import RESOLUTION, DrawnCell, Load, UnitCell, draw_problem, solve_unit_cell
from enf2enf.problems.problem import AbstractProblem, Floor, SolvedCase, option
from enf2enf.schema import Quantity, Schema

FINE_CASES = 50
FLOOR_CASES = 12
_SHARES = {"fixed": (950, 50, 0, 200), "varied": (240, 20, 0, 40)}


@final
@dataclasses.dataclass(frozen=True)
class Elasticity(AbstractProblem):
    """Von Mises stress in a clamped hyperelastic unit cell with a random void, under traction.

    Args:
        load: `"fixed"`, the dead traction of the public problem, or `"varied"`, one of any size and direction.
        resolution: the solver's grid.
    """

    load: Load = option("fixed", "the traction: one for all cases, or one of any size and direction for each")
    resolution: Resolution = RESOLUTION

    name = "elasticity"
    frames = FrameConfig(reflections=("x",))
    licence = "CC0-1.0"
    fine_cases = FINE_CASES

    def __post_init__(self):
        if self.load not in get_args(Load):
            raise ConfigError("load", " or ".join(get_args(Load)), repr(self.load))

    @property
    def schema(self) -> Schema:
        """No condition under the fixed load; the traction, by which the stress scales, under the varied one."""
        if self.load == "fixed":
            return Schema(2, (), (Quantity("von_mises", unit="Pa"),))
        traction = Quantity("traction", "vector", "Pa")
        return Schema(2, (traction,), (Quantity("von_mises", unit="Pa", scales_with=(("traction", 1.0),)),))

    @property
    def shares(self) -> tuple[int, int, int, int]:
        """950 / 50 / 0 / 200 of 1200 cases under the fixed load, 240 / 20 / 0 / 40 of 300 under the varied one."""
        return _SHARES[self.load]

    @property
    def floor(self) -> Floor:
        """Against the same solver at twice the resolution."""
        how = (
            f"the relative L2 difference over the stored nodes between {self.resolution.around} x "
            f"{self.resolution.across} quadratic elements and twice as many each way"
        )
        return Floor(FLOOR_CASES, how, "had no equilibrium at twice the resolution")

    def describe(self, redraws: int) -> str:
        """The problem in words."""
        varied = self.load == "varied"
        traction = "within 60 degrees of the vertical, 1e2 to 1e5 Pa, log-uniform" if varied else "(0, 100) Pa"
        text = (
            "Geo-FNO's Elasticity problem, made again: the von Mises stress in a clamped unit cell with a random void, "
            "plane stress, incompressible Mooney-Rivlin solid "
            f"(C1 = {material.C1:g}, C2 = {material.C2:g} Pa), dead traction {traction}, on the top side. The void "
            "keeps the angular modes 0 to 7 of the public problem. Values are recovered in the solver's own quadratic "
            "elements at points of the undeformed cell; no node lies within 0.03 of the clamped corners, which are cut "
            "off."
        )
        if varied:
            text += (
                " A draw whose equilibrium could not be followed to the full load (buckling under strong shear) was "
                f"replaced by the next: {redraws} times. Contact of the void with itself is not modelled."
            )
        return text

    def draw(self, seed: int, index: int, redraw: int) -> DrawnCell:
        """The void and the traction."""
        return draw_problem(seed, index, self.load, redraw)

    def solve(self, drawn: DrawnCell) -> SolvedCase | None:
        """The stress; None where no equilibrium is found, because the sheet buckles under strong shear."""
        try:
            cell = solve_unit_cell(drawn, self.resolution)
        except SolverError:
            return None
        conditions = {} if self.load == "fixed" else {"traction": drawn.traction}
        error = functools.partial(_error, cell, self.resolution)
        return SolvedCase(cell.mesh(), conditions, functools.partial(_fine, cell), error)


def _fine(cell: UnitCell) -> Field:
    points, values = cell.fine_sampling()
    return Field(points, {"von_mises": values})


def _error(cell: UnitCell, resolution: Resolution) -> float | None:
    try:
        return cell.refined_error(resolution)
    except SolverError:  # at twice the resolution the sheet can buckle a little earlier
        return None
