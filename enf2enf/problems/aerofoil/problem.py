"""The aerofoil problem: what is drawn, and what its `dataset.json` says."""

import dataclasses
from typing import Literal, final, get_args

import numpy as np

from enf2enf.data.airfrans.schema import SCHEMA, VISCOSITY
from enf2enf.errors import ConfigError, DatasetError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.plain import shown
from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.naca import FiveDigits, FourDigits
from enf2enf.problems.aerofoil.outlines import outlines
from enf2enf.problems.aerofoil.record import solved_case
from enf2enf.problems.aerofoil.section import AbstractSection
from enf2enf.problems.aerofoil.solver import solve
from enf2enf.problems.problem import AbstractProblem, SolvedCase, option

Sections = Literal["naca", "points", "mixed"]

SPEED, INCIDENCE, INCIDENCE_OF_POINTS = (31.0, 94.0), (-5.0, 15.0), (-4.0, 12.0)
"""Ranges of the inflow's speed (m/s), and of the incidence (degrees) of NACA sections and of others; uniform."""
CAMBER, CAMBER_AT, LIFT, LIFT_AT, THICKNESS = (0.0, 7.0), (1.5, 7.0), (0.0, 4.0), (3.0, 8.0), (5.0, 20.0)
"""Uniform ranges of NACA digits: camber and its place (four digits), lift and camber place (five), thickness."""
_TRIES = 3  # draws with one section of the file; if all fail, a random section takes its place


@final
@dataclasses.dataclass(frozen=True)
class Aerofoil(AbstractProblem):
    """Steady turbulent flow around aerofoils: RANS, k-omega SST, by OpenFOAM's simpleFoam (Debian: openfoam)."""

    sections: Sections = option("naca", "NACA sections of 4 and 5 digits, those of a file, or both in turn (mixed)")
    points: str = option("", "an npz file of sections: points (sections, points, 2), names (sections,)", is_file=True)

    name = "aerofoil"
    schema = SCHEMA
    shares = (8, 1, 1, 2)
    frames = FrameConfig("inflow", ("y",), ((-2.9, -2.4), (3.9, 2.4)))
    fine_cases, floor = 0, None

    def __post_init__(self):
        if self.sections not in get_args(Sections):
            raise ConfigError("sections", " or ".join(get_args(Sections)), shown(self.sections))
        if (self.sections == "naca") == bool(self.points):
            wanted = "none with NACA sections alone" if self.points else "a file for sections of points"
            raise ConfigError("points", wanted, shown(self.points))
        if self.points:
            self._check_file()

    @property
    def licence(self) -> str:
        """Apache-2.0 for NACA sections; for sections of a file, their own, which the file does not state."""
        own, given = "Apache-2.0", "that of the sections of the file, which is not stated"
        return {"naca": own, "points": given, "mixed": f"{own}, and {given}"}[self.sections]

    def describe(self, redraws: int) -> str:
        """The problem in words."""
        which = {
            "naca": "NACA sections of 4 and 5 digits in turn (camber 0 to 7 % at 15 to 70 % of the chord, or a design "
            "lift of 0 to 0.6 with the camber at 15 to 40 %; 5 to 20 % thick, closed trailing edge)",
            "points": "sections of a file (splines through their points; blunt trailing edges are closed)",
        }
        which["mixed"] = " and, in turn, ".join(which.values())
        return (
            f"Steady incompressible flow of air (nu = {VISCOSITY:g} m2/s) at {SPEED[0]:g} to {SPEED[1]:g} m/s, fully "
            f"turbulent (RANS, k-omega SST, wall functions), around {which[self.sections]}, of 1 m chord, at "
            "incidences from -5 to 15 degrees (of sections of a file: -4 to 12). OpenFOAM's simpleFoam on a C-grid of "
            "190 x 76 cells to 200 chords; kept are the centres of the cells within [-2, 4] x [-1.5, 1.5] chords and "
            "the middles of 120 faces of the wall. Pressure and wall shear are over density, the pressure above that "
            "of the inflow. A draw whose flow did not become steady was replaced by the next, so that thin sections at "
            f"high incidence are fewer: {redraws} times."
        )

    def draw(self, seed: int, index: int, redraw: int) -> Case:
        """The flow. Every section of a file comes once before any comes again."""
        rng = np.random.default_rng([seed, index, redraw])
        of_points = self.sections == "points" or (self.sections == "mixed" and index % 2 == 1)
        turn = index // 2 if self.sections == "mixed" else index
        speed = round(rng.uniform(*SPEED), 3)
        degrees = round(rng.uniform(*(INCIDENCE_OF_POINTS if of_points else INCIDENCE)), 3)
        section = self._of_points(seed, turn, redraw, rng) if of_points else _naca(turn % 2 == 0, rng)
        return Case(section, speed, degrees)

    def solve(self, drawn: Case) -> SolvedCase | None:
        """The wall, the flow around it and the forces on it; None where it is not steady."""
        record = solve(drawn)
        return None if record is None else solved_case(record)

    def _check_file(self) -> None:
        """Raises `ConfigError` for an unusable file, before worker processes start and fail on it."""
        try:
            outlines(self.points)
        except DatasetError as error:
            wanted = "a file of sections, npz with `points` (sections, points, 2) and `names` (sections,)"
            raise ConfigError("points", wanted, f"{self.points!r}: {error.got}") from None

    def _of_points(self, seed: int, turn: int, redraw: int, rng: np.random.Generator) -> AbstractSection:
        sections = outlines(self.points)
        if redraw >= _TRIES:
            return sections[int(rng.integers(len(sections)))]
        return sections[int(np.random.default_rng(seed).permutation(len(sections))[turn % len(sections)])]


def _naca(four: bool, rng: np.random.Generator) -> AbstractSection:
    """A random NACA section of four or five digits, each rounded to three decimals, as AirfRANS writes them."""
    if four:
        return FourDigits(*(round(rng.uniform(*digits), 3) for digits in (CAMBER, CAMBER_AT, THICKNESS)))
    return FiveDigits(*(round(rng.uniform(*digits), 3) for digits in (LIFT, LIFT_AT, THICKNESS)))
