"""What the slotted problem draws, stores and says of itself."""

import tomllib

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.slotted import Truth
from enf2enf.data import Dataset, PackedData
from enf2enf.forces import integrals
from enf2enf.geometry.frames import FrameConfig
from enf2enf.problems.campaign import generate
from enf2enf.problems.slotted import problem as slotted
from enf2enf.problems.slotted.problem import PANELS, Slotted
from enf2enf.problems.slotted.sampling import CLOSEST, CROP, FARTHEST, NEAR, SLOT, SPREAD
from enf2enf.settings import from_dict


@given(st.integers(0, 2**31), st.integers(0, 5000))
def test_draws_are_in_range_and_repeatable(seed, index):
    case = Slotted().draw(seed, index, 0)
    placed = case.arrangement
    assert case == Slotted().draw(seed, index, 0) != Slotted().draw(seed, index, 1)
    assert placed.flap.cove == 0
    for value, (low, high) in (
        (placed.main.thickness, slotted.THICKNESS), (placed.flap.camber, slotted.CAMBER),
        (placed.main.cove, slotted.COVE), (placed.main.cove_from, slotted.COVE_FROM), (placed.chord, slotted.CHORD),
        (placed.gap, slotted.GAP), (placed.overlap, slotted.OVERLAP), (placed.deflection, slotted.DEFLECTION),
        (case.incidence, slotted.INCIDENCE), (np.log(case.speed), np.log(slotted.SPEED)),
    ):  # fmt: skip
        assert low <= value <= high


def test_the_example_sees_it_in_its_frames(root):
    frames = tomllib.loads((root / "examples/slotted.toml").read_text())["model"]["frames"]
    assert from_dict(FrameConfig, frames, "frames") == Slotted().frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate(
        Slotted(), tmp_path_factory.mktemp("data") / "two", 4, seed=3, jobs=1, floor_cases=1, progress=False
    )


@pytest.mark.slow
def test_a_case_is_its_walls_its_crop_and_the_flow_at_its_points(folder):
    packed, dataset = PackedData.load(folder, iter), Dataset.open(folder)
    assert packed.schema == Slotted().schema
    assert 0 < dataset.manifest["floor"]["relative_l2"] < 4e-3  # measured 1.4e-3
    for name in packed.names:
        drawn, case = Slotted().draw(3, int(name.removeprefix("case_")), 0), dataset.case(name)
        flow, points = drawn.flow(), case.solution.points
        for wall, nodes in zip(case.geometry.walls, flow.walls, strict=True):
            np.testing.assert_array_equal(wall, nodes[:0:-1])
        np.testing.assert_array_equal(case.geometry.outer[[0, 2]], CROP)
        np.testing.assert_array_equal(case.conditions["inflow"], drawn.inflow)
        np.testing.assert_allclose(case.solution["velocity"], drawn.speed * flow.velocity(points), rtol=1e-5, atol=1e-5)
        speed = np.hypot(*case.solution["velocity"].T)
        total = case.solution["pressure"] + speed**2 / 2
        np.testing.assert_allclose(total, drawn.speed**2 / 2, rtol=1e-5)  # Bernoulli


@pytest.mark.slow
def test_points_are_near_the_walls_in_the_slot_and_all_over_the_crop(folder):
    dataset = Dataset.open(folder)
    for name in dataset.manifest["cases"]:
        case, gap = dataset.case(name), Slotted().draw(3, int(name.removeprefix("case_")), 0).arrangement.gap
        points = shapely.points(case.solution.points)
        distances = np.stack([shapely.distance(shapely.Polygon(wall), points) for wall in case.geometry.walls])
        nearest = distances.min(axis=0)
        assert len(points) == NEAR + SLOT + SPREAD and nearest.min() >= CLOSEST
        assert nearest[:NEAR].max() <= FARTHEST and np.median(nearest[:NEAR]) < 0.03  # measured 0.015
        assert (distances[:, NEAR : NEAR + SLOT].sum(axis=0) <= 2 * gap).all()
        spread = case.solution.points[NEAR + SLOT :]
        counts = np.histogram2d(*spread.T, 4, np.transpose(CROP))[0]
        assert abs(counts - SPREAD / 16).max() < 60  # four deviations of 14


@pytest.mark.slow
def test_the_stored_wall_pressure_lifts_by_kutta_joukowski_and_does_not_drag(folder):
    packed = PackedData.load(folder, iter)
    for index, name in enumerate(packed.names):
        drawn = Slotted().draw(3, int(name.removeprefix("case_")), 0)
        case = Dataset.open(folder).case(name)
        pressure = np.concatenate([part[::-1] for part in np.split(case.wall["wall_pressure"], 2)])  # along the sides
        found = integrals(packed.schema, packed.geometry(index), {"wall_pressure": pressure}, {"inflow": drawn.inflow})
        lift = drawn.flow().lift_coefficients.sum()
        assert found["C_L"] == pytest.approx(lift, rel=4e-3)
        assert abs(found["C_D"]) < 4e-3 * lift
        assert found["C_L_0"] + found["C_L_1"] == pytest.approx(found["C_L"])
        assert len(case.wall.points) == 2 * PANELS
        truth = Truth.of(packed, index)
        errors, lifts, exact = truth.of_elements(truth.values + [0, 0, 0, drawn.speed**2 / 2]).T  # C_p and 1
        np.testing.assert_allclose(exact, [found["C_L_0"], found["C_L_1"]], rtol=1e-6)
        np.testing.assert_allclose(lifts, exact, rtol=1e-6)
        for wall, speed, error in zip(drawn.flow().walls, drawn.flow().wall_speeds, errors, strict=True):
            length = np.hypot(*np.diff(wall, axis=0).T)
            assert error == pytest.approx(np.sqrt(length.sum() / (length @ (1 - speed**2) ** 2)), rel=1e-5)
