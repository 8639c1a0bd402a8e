"""The Joukowski problem: what is drawn, and what its `dataset.json` says."""

import dataclasses
from typing import final

import numpy as np

from enf2enf.field import Field
from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.problems.joukowski import sampling
from enf2enf.problems.joukowski.flow import Flow, points_of
from enf2enf.problems.joukowski.section import Section
from enf2enf.problems.problem import AbstractProblem, SolvedCase
from enf2enf.schema import Quantity, Schema

CIRCLES = 0.1
"""Share of the cases that are circles."""
THICKNESS, CAMBER, EDGE = (0.03, 0.15), (-0.15, 0.15), (np.deg2rad(4), np.deg2rad(30))
"""Ranges of all other sections, see `Section`; uniform."""
INCIDENCE, SPEED = (-np.deg2rad(12), np.deg2rad(12)), (1.0, 100.0)
"""Ranges of the incidence (rad), uniform, and of the speed of the inflow (m/s), log-uniform; it has any direction."""
WALL = 192
"""Number of stored nodes of the wall."""


@final
@dataclasses.dataclass(frozen=True)
class Joukowski(AbstractProblem):
    """Potential flow around Karman-Trefftz aerofoils and circles, in closed form."""

    name = "joukowski"
    schema = Schema(
        2,
        (Quantity("inflow", "vector", "m/s"),),
        (
            Quantity("velocity", "vector", "m/s", scales_with=(("inflow", 1.0),), relative_to="inflow"),
            Quantity("pressure", unit="m2/s2", scales_with=(("inflow", 2.0),)),
        ),
        outer_is_far=True,
        length=1.0,
    )
    shares = (400, 50, 50, 200)
    frames = FrameConfig("inflow", ("y",), ((-2.5, -1.5), (2.5, 1.5)))
    licence, fine_cases, floor = "CC0-1.0", 0, None

    def describe(self, redraws: int) -> str:
        """The problem in words."""
        return (
            "Plane potential flow in closed form around Karman-Trefftz aerofoils (chord 1 m, trailing edge of 4 to 30 "
            "degrees, which the flow leaves smoothly, incidence up to 12 degrees) and circles (without circulation) in "
            "an inflow of any direction, 1 to 100 m/s. The pressure is over density and above that of the inflow. Half "
            "of the 8,000 points of a case have wall distances of 1e-3 to 0.3 chords, log-uniform; others are uniform "
            "in a box of 5 by 3 chords along the inflow, at which the mesh ends and the flow does not."
        )

    def draw(self, seed: int, index: int, redraw: int) -> tuple[Flow, list[int]]:
        """The flow, and what its points are drawn from."""
        rng = np.random.default_rng([seed, index, redraw, 0])
        direction, speed = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(*np.log(SPEED)))
        if rng.random() < CIRCLES:
            return Flow(Section(1.0, 0.0, np.pi), 0.0, direction, speed), [seed, index, redraw, 1]
        section = Section(rng.uniform(*THICKNESS), rng.uniform(*CAMBER), rng.uniform(*EDGE))
        return Flow(section, rng.uniform(*INCIDENCE), direction, speed), [seed, index, redraw, 1]

    def solve(self, drawn: tuple[Flow, list[int]]) -> SolvedCase:
        """The wall and the box as bare curves; velocity and pressure at points around the wall."""
        flow, entropy = drawn
        points = sampling.sample(flow, np.random.default_rng(entropy))
        low, high = sampling.BOX
        box = np.array([low, complex(high.real, low.imag), high, complex(low.real, high.imag)])
        nodes = np.concatenate([flow.wall(WALL), points_of(box * np.exp(1j * flow.direction))])
        after = np.arange(1, WALL + 5)
        after[[WALL - 1, WALL + 3]] = 0, WALL  # two closed curves
        mesh = Mesh(nodes, (CellBlock("line", np.stack([np.arange(WALL + 4), after], axis=1)),))
        return SolvedCase(mesh, {"inflow": flow.inflow}, samples=Field(points, flow.fields(points)))
