"""The panel method against exact flows: of second order around circles and Karman-Trefftz aerofoils."""

import numpy as np
import pytest

from enf2enf.problems.aerofoil.panel import PanelFlow
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.flow import Flow
from enf2enf.problems.joukowski.section import Section

FLOWS = {
    "circle": Flow(Section(1.0, 0.0, np.pi), 0.0, 0.0, 1.0),
    "symmetric": Flow(Section(0.1, 0.0, 0.3), 0.1, 0.1, 1.0),
    "cambered": Flow(Section(0.12, 0.1, 0.2), -0.05, -0.05, 1.0),
}


def around(flow, sides):
    """The panels' wall runs clockwise from the trailing edge and ends there."""
    wall = points_of(flow.body.wall(sides))
    return PanelFlow.around(np.concatenate([wall[:1], wall[::-1]]), flow.direction)


@pytest.fixture(scope="module", params=FLOWS)
def flow(request):
    return FLOWS[request.param]


def test_velocity_and_lift_converge_to_the_exact_ones(flow):
    random = np.random.default_rng(0)
    points = random.uniform((-1, -1), (2, 1), (400, 2))
    far = np.hypot(*(points[:, None] - points_of(flow.body.wall(200))).T).min(axis=0) > 0.05
    points = points[far & flow.body.excludes(points @ (1, 1j))]
    exact, wrong, lifts = flow.velocity(points), [], []
    for sides in (60, 120, 240):
        panels = around(flow, sides)
        wrong.append(np.linalg.norm(panels.velocity(points) - exact) / np.linalg.norm(exact))
        lifts.append(abs(panels.lift_coefficient - flow.lift_coefficient))
    assert wrong[-1] < 1e-4  # measured 5e-5, 1e-5, 1e-5
    assert wrong[2] < wrong[1] / 3.5 < wrong[0] / 12  # measured 3.9 to 4
    assert lifts[-1] < 2e-4 and lifts[2] < lifts[0] / 12 + 1e-12  # measured 1e-4


def test_no_flow_crosses_the_wall_but_at_the_edges_of_panels(flow):
    panels = around(flow, 120)
    side = np.diff(panels.wall, axis=0)
    outward = np.stack([-side[:, 1], side[:, 0]], axis=1) / np.hypot(*side.T)[:, None]
    middles = (panels.wall[1:] + panels.wall[:-1]) / 2 + 1e-7 * outward
    assert abs((panels.velocity(middles) * outward).sum(axis=1)).max() < 1e-6
