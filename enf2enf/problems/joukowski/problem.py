"""The Joukowski problem: what is drawn, and what its `dataset.json` says."""

import dataclasses
from typing import Literal, final

import numpy as np

from enf2enf.field import Field
from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh.curves import closed_curves
from enf2enf.problems.joukowski import sampling
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.flow import AbstractFlow, Flow
from enf2enf.problems.joukowski.joint import JointFlow
from enf2enf.problems.joukowski.placing import placed
from enf2enf.problems.joukowski.section import Section
from enf2enf.problems.problem import AbstractProblem, Floor, SolvedCase, option
from enf2enf.schema import Quantity, Schema

CIRCLES = 0.1
"""Share of the cases that are circles."""
THICKNESS, CAMBER, EDGE = (0.03, 0.15), (-0.15, 0.15), (np.deg2rad(4), np.deg2rad(30))
"""Ranges of all other sections, see `Section`; uniform."""
INCIDENCE, SPEED = (-np.deg2rad(12), np.deg2rad(12)), (1.0, 100.0)
"""Ranges of the incidence (rad), uniform, and of the speed of the inflow (m/s), log-uniform; it has any direction."""
WALL = 192
"""Number of stored nodes of a wall."""
_FLOOR = Floor(
    20, "the relative L2 difference of the worse field from a solution with twice the terms", "have a closed form"
)


@final
@dataclasses.dataclass(frozen=True)
class Joukowski(AbstractProblem):
    """Potential flow around Karman-Trefftz aerofoils and circles, in closed form, or around two of them at once."""

    bodies: Literal["one", "two", "mixed"] = option("one", "bodies of a case; mixed: two in every other case")

    name = "joukowski"
    schema = Schema(
        2,
        (Quantity("inflow", "vector", "m/s"),),
        (
            Quantity("velocity", "vector", "m/s", scales_with=(("inflow", 1.0),), relative_to="inflow"),
            Quantity("pressure", unit="m2/s2", scales_with=(("inflow", 2.0),)),
            Quantity("wall_pressure", unit="m2/s2", scales_with=(("inflow", 2.0),), on="wall"),
        ),
        outer_is_far=True,
        length=1.0,
    )
    shares = (400, 50, 50, 200)
    frames = FrameConfig("inflow", ("y",), ((-2.5, -1.5), (2.5, 1.5)))
    licence, fine_cases = "CC0-1.0", 0

    @property
    def floor(self) -> Floor | None:
        """How exact the flows around two bodies are; None where there are none of them."""
        return None if self.bodies == "one" else _FLOOR

    def describe(self, redraws: int) -> str:
        """The problem in words."""
        text = (
            "Plane potential flow in closed form around Karman-Trefftz aerofoils (chord 1 m, trailing edge of 4 to 30 "
            "degrees, which the flow leaves smoothly, incidence up to 12 degrees) and circles (without circulation) in "
            "an inflow of any direction, 1 to 100 m/s. The pressure is over density and above that of the inflow. Half "
            "of the 8,000 points of a case have wall distances of 1e-3 to 0.3 chords, log-uniform; others are uniform "
            "in a box of 5 by 3 chords along the inflow, at which the mesh ends and the flow does not. 384 points lie "
            "on the walls, evenly."
        )
        if self.bodies == "one":
            return text
        which = "all cases" if self.bodies == "two" else "every other case"
        return (
            f"{text} In {which} there is a second, smaller body (a chord of 0.2 to 0.6 m, turned by up to 40 degrees, "
            "at a gap of 0.03 to 0.5 m); there the flow is solved by series, and chords are those of the first body."
        )

    def draw(self, seed: int, index: int, redraw: int) -> tuple[AbstractFlow, list[int]]:
        """The flow, and what its points are drawn from."""
        rng = np.random.default_rng([seed, index, redraw, 0])
        direction, speed = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(*np.log(SPEED)))
        section = _section(rng)
        incidence = 0.0 if section.edge == np.pi else rng.uniform(*INCIDENCE)
        flow, entropy = Flow(section, incidence, direction, speed), [seed, index, redraw, 1]
        if self.bodies == "one" or (self.bodies == "mixed" and index % 2 == 0):
            return flow, entropy
        return JointFlow((flow.body, placed(flow.body, _section(rng), rng)), direction, speed), entropy

    def solve(self, drawn: tuple[AbstractFlow, list[int]]) -> SolvedCase:
        """The walls and the box as bare curves; velocity and pressure at points around the walls, pressure on them."""
        flow, entropy = drawn
        rng = np.random.default_rng(entropy)
        points, on_walls = sampling.sample(flow, rng), sampling.sample_walls(flow.bodies, rng)
        low, high = sampling.BOX
        box = np.array([low, complex(high.real, low.imag), high, complex(low.real, high.imag)])
        curves = [*(body.wall(WALL) for body in flow.bodies), box * np.exp(1j * flow.direction)]
        return SolvedCase(
            closed_curves([points_of(curve) for curve in curves]),
            {"inflow": flow.inflow},
            error=lambda: flow.error(np.concatenate([points, on_walls])),
            samples=Field(points, flow.fields(points)),
            wall=Field(on_walls, {"wall_pressure": flow.fields(on_walls)["pressure"]}),
        )


def _section(rng: np.random.Generator) -> Section:
    if rng.random() < CIRCLES:
        return Section(1.0, 0.0, np.pi)
    return Section(rng.uniform(*THICKNESS), rng.uniform(*CAMBER), rng.uniform(*EDGE))
