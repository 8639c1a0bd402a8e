"""The slotted problem: what is drawn, and what its `dataset.json` says."""

import dataclasses
from typing import final

import numpy as np
from jaxtyping import Float

from enf2enf.field import Field
from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh.curves import closed_curves, rectangle
from enf2enf.problems.panel import PanelFlow
from enf2enf.problems.problem import AbstractProblem, Floor, SolvedCase
from enf2enf.problems.slotted.elements import Arrangement, Element
from enf2enf.problems.slotted.sampling import CROP, sample
from enf2enf.schema import Integrals, Quantity, Schema

THICKNESS, CAMBER, COVE, COVE_FROM = (0.1, 0.16), (0.0, 0.04), (0.2, 0.7), (0.6, 0.8)
"""Ranges of the elements, see `Element`; a flap has no cove. These and all others but the speed's are uniform."""
CHORD, GAP, OVERLAP, DEFLECTION = (0.2, 0.35), (0.012, 0.035), (-0.005, 0.02), (np.deg2rad(5), np.deg2rad(40))
"""Ranges of the arrangement, see `Arrangement`."""
INCIDENCE, SPEED = (-np.deg2rad(4), np.deg2rad(12)), (1.0, 100.0)
"""Ranges of the angle from the main chord to the inflow (rad), and of its speed (m/s), log-uniform."""
PANELS = 200
"""Of either wall: those of the solver, whose nodes are stored."""


@dataclasses.dataclass(frozen=True)
class Case:
    """An arrangement in an inflow.

    Args:
        arrangement: of 1 m main chord.
        incidence: from the main chord to the inflow, rad.
        speed: of the inflow, m/s.
        entropy: what the points are drawn from.
    """

    arrangement: Arrangement
    incidence: float
    speed: float
    entropy: tuple[int, ...]

    @property
    def inflow(self) -> Float[np.ndarray, "2"]:
        """The undisturbed velocity, m/s."""
        return self.speed * np.array([np.cos(self.incidence), np.sin(self.incidence)])

    def flow(self, panels: int = PANELS) -> PanelFlow:
        """In an inflow of speed 1, by so many panels an element."""
        return PanelFlow.around(self.arrangement.walls(panels), self.incidence)

    def fields(self, flow: PanelFlow, points: Float[np.ndarray, "points 2"]) -> dict[str, np.ndarray]:
        """Velocity, m/s, and pressure over density above that of the inflow, m2/s2, at points."""
        velocity = self.speed * flow.velocity(points)
        return {"velocity": velocity, "pressure": (self.speed**2 - (velocity**2).sum(axis=1)) / 2}

    def error(self, points: Float[np.ndarray, "points 2"]) -> float:
        """Relative L2 difference of the fields from those of twice the panels, that of the worse."""
        own, better = (self.fields(self.flow(panels), points) for panels in (PANELS, 2 * PANELS))
        return max(float(np.linalg.norm(own[key] - better[key]) / np.linalg.norm(better[key])) for key in own)


@final
@dataclasses.dataclass(frozen=True)
class Slotted(AbstractProblem):
    """Potential flow around a main element and a slotted flap, by panels of linear vorticity."""

    name = "slotted"
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
        integrals=Integrals("wall_pressure", "inflow"),
    )
    shares = (14, 2, 1, 3)
    frames = FrameConfig("inflow", ("y",), ((-2.9, -2.4), (3.9, 2.4)))
    licence, fine_cases = "CC0-1.0", 0
    floor = Floor(
        20, "the relative L2 difference of the worse field from a solution with twice the panels", "have none"
    )

    def describe(self, redraws: int) -> str:
        """The problem in words."""
        return (
            "Plane potential flow around a main element of 1 m chord (10 to 16 % thick, camber up to 4 %, with a cove) "
            "and a slotted flap behind and under it (chord 0.2 to 0.35 m, gap 0.012 to 0.035 m, overlap -0.005 to "
            "0.02 m, deflection 5 to 40 degrees), at incidences from -4 to 12 degrees of an inflow of 1 to 100 m/s, "
            "which leaves both trailing edges smoothly. Solved by 200 panels of linear vorticity an element. The "
            "pressure is over density and above that of the inflow. Of the 8,000 points of a case 4,000 are close to "
            "the walls (0.001 to 0.3 m), 1,000 in the slot, and 3,000 uniform in [-2, 4] x [-1.5, 1.5] m, where the "
            "mesh ends and the flow does not; 400 are the middles of the panels."
        )

    def draw(self, seed: int, index: int, redraw: int) -> Case:
        """The arrangement and its inflow."""
        rng = np.random.default_rng([seed, index, redraw, 0])
        main = Element(*(rng.uniform(*span) for span in (THICKNESS, CAMBER, COVE, COVE_FROM)))
        flap = Element(*(rng.uniform(*span) for span in (THICKNESS, CAMBER)))
        placed = Arrangement(main, flap, *(rng.uniform(*span) for span in (CHORD, GAP, OVERLAP, DEFLECTION)))
        speed = float(np.exp(rng.uniform(*np.log(SPEED))))
        return Case(placed, rng.uniform(*INCIDENCE), speed, (seed, index, redraw, 1))

    def solve(self, drawn: Case) -> SolvedCase:
        """The walls and the crop as bare curves; velocity and pressure at points around the walls, pressure on them."""
        flow = drawn.flow()
        points = sample(flow.walls, drawn.arrangement.gap, np.random.default_rng(drawn.entropy))
        middles = np.concatenate([(wall[1:] + wall[:-1]) / 2 for wall in flow.walls])
        on_wall = drawn.speed**2 * (1 - np.concatenate(flow.wall_speeds) ** 2) / 2
        return SolvedCase(
            closed_curves([*(wall[:0:-1] for wall in flow.walls), rectangle(*CROP)]),  # the bodies are on their left
            {"inflow": drawn.inflow},
            error=lambda: drawn.error(points),
            samples=Field(points, drawn.fields(flow, points)),
            wall=Field(middles, {"wall_pressure": on_wall}),
        )
