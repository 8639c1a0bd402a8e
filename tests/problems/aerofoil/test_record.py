"""A flow that was solved and stored becomes a case of a data set; its wall integrals are its coefficients."""

from pathlib import Path

import numpy as np
import pytest

from enf2enf.data.airfrans.schema import SCHEMA
from enf2enf.forces import coefficients, forces, integrals
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.problems.aerofoil.record import solved_case

STORED = Path(__file__).with_name("naca_5_digits.npz")


@pytest.fixture(scope="module")
def record():
    return dict(np.load(STORED))


def test_the_wall_gives_its_lift_drag_and_moment(record):
    case = solved_case(record)
    sides = WallSides.of(Geometry.from_mesh(case.mesh, outer_is_far=True))
    order = [int(np.hypot(*(case.wall.points - middle).T).argmin()) for middle in sides.midpoints]
    np.testing.assert_allclose(case.wall.points[order], sides.midpoints, atol=1e-12)
    on = forces(sides, case.wall["wall_pressure"][order], case.wall["wall_shear"][order], about=(0.25, 0.0))
    found = coefficients(on, case.conditions["inflow"], chord=1.0)
    assert found.lift == pytest.approx(float(record["Cl"]), abs=1e-6)
    assert found.drag == pytest.approx(float(record["Cd"]), abs=1e-6)
    assert found.moment == pytest.approx(-float(record["Cm"]), abs=2e-4)
    known = {name: case.wall[name][order] for name in ("wall_pressure", "wall_shear")}
    whole = integrals(SCHEMA, Geometry.from_mesh(case.mesh, outer_is_far=True), known, case.conditions)
    expected = [float(record[name]) for name in ("Cl", "Cd", "Cm")]
    np.testing.assert_allclose([whole[name] for name in ("C_L", "C_D", "C_m")], expected, atol=2e-3)
    assert 0 < whole["C_D_pressure"] < whole["C_D"]


def test_the_body_is_on_the_left_of_its_wall_and_the_flow_outside(record):
    case = solved_case(record)
    wall = case.mesh.points[: len(record["surf_p"])]
    x, y = wall.T
    assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0
    assert wall[0].tolist() == [1.0, 0.0]
    geometry = Geometry.from_mesh(case.mesh, outer_is_far=True)
    assert geometry.contains(case.samples.points).all()
