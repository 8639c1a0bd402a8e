"""The channel problem: what is drawn, and what its `dataset.json` says."""

import dataclasses
from typing import final

import numpy as np

from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.problems.channel.shape import LENGTH, Shape
from enf2enf.problems.channel.stokes import Flow, Resolution, solve_flow
from enf2enf.problems.problem import AbstractProblem, Floor, SolvedCase
from enf2enf.schema import Quantity, Schema

HEIGHT = 0.01
"""Height of the inlet, m."""
SPEED, VISCOSITY = (1e-4, 1e-2), (1.0, 100.0)
"""Ranges of the mean speed (m/s) and of the viscosity (Pa s), log-uniform: the Reynolds number of a liquid is small."""


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A case that is not solved yet: a channel, the mean speed in it (m/s) and the viscosity (Pa s)."""

    shape: Shape
    speed: float
    viscosity: float


@final
@dataclasses.dataclass(frozen=True)
class Channel(AbstractProblem):
    """Velocity and pressure of Stokes flow through a plane channel with bumps, between walls that end at its ends."""

    resolution: Resolution = Resolution()

    name = "channel"
    schema = Schema(
        2,
        (Quantity("speed", unit="m/s"), Quantity("viscosity", unit="Pa s")),
        (
            Quantity("velocity", "vector", "m/s", scales_with=(("speed", 1.0),)),
            Quantity("pressure", unit="Pa", scales_with=(("viscosity", 1.0), ("speed", 1.0), ("length", -1.0))),
        ),
        length=HEIGHT,
        open_walls=True,
    )
    walls = ("bottom", "top")
    shares = (70, 10, 5, 15)
    frames = FrameConfig(reflections=("y",))
    licence, fine_cases = "CC0-1.0", 0

    @property
    def floor(self) -> Floor:
        """Against the same solver at twice the resolution."""
        how = (
            f"the relative L2 difference over the stored nodes, of the worse field, between {self.resolution.along} x "
            f"{self.resolution.across} x 2 Taylor-Hood elements and twice as many each way"
        )
        return Floor(10, how, "could not be refined")

    def describe(self, redraws: int) -> str:
        """The problem in words."""
        return (
            f"Plane Stokes flow through a channel, {100 * HEIGHT:g} cm high and {100 * LENGTH * HEIGHT:g} cm long: one "
            "or two bumps, 0.1 to 0.5 heights high, on the lower wall (patch bottom), and in half of the cases waves "
            "of the upper one (top). No slip on both; parabolic flow of a mean speed at the inlet; viscosity x du/dn = "
            "p n at the outlet, as where flow is fully developed, so that its mean pressure is 0. "
            "Quadratic velocities and linear pressures on curved triangles, stored at their corners and mid-sides."
        )

    def draw(self, seed: int, index: int, redraw: int) -> Drawn:
        """The channel and its conditions."""
        rng = np.random.default_rng([seed, index, redraw])
        speed, viscosity = (float(np.exp(rng.uniform(*np.log(limits)))) for limits in (SPEED, VISCOSITY))
        return Drawn(Shape.random(rng), speed, viscosity)

    def solve(self, drawn: Drawn) -> SolvedCase:
        """The flow, at the nodes of its mesh."""
        flow = solve_flow(drawn.shape, self.resolution)
        fields = {
            "velocity": drawn.speed * flow.velocity,
            "pressure": drawn.viscosity * drawn.speed / HEIGHT * flow.pressure,
        }
        mesh = Mesh(HEIGHT * flow.points, (CellBlock("triangle6", flow.triangles),), _patches(flow), fields)
        conditions = {"speed": drawn.speed, "viscosity": drawn.viscosity}
        return SolvedCase(mesh, conditions, error=lambda: _error(drawn.shape, flow))


def _patches(flow: Flow) -> dict[str, np.ndarray]:
    """The edges of both ends and both walls."""
    corners = flow.columns[::2, ::2]
    sides = {"bottom": corners[:, 0], "inlet": corners[0], "outlet": corners[-1], "top": corners[:, -1]}
    return {name: np.stack([nodes[:-1], nodes[1:]], axis=1) for name, nodes in sides.items()}


def _error(shape: Shape, flow: Flow) -> float:
    """Relative L2 difference, of the worse field, from the flow on a grid with twice as many elements each way."""
    finer = solve_flow(shape, flow.resolution.refined(2))
    nodes = finer.columns[::2, ::2].ravel()
    pairs = ((flow.velocity, finer.velocity[nodes]), (flow.pressure, finer.pressure[nodes]))
    return max(float(np.linalg.norm(own - fine) / np.linalg.norm(fine)) for own, fine in pairs)
