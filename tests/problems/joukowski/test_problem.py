"""What the Joukowski problem draws, stores and says of itself."""

import dataclasses
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.data import Dataset, PackedData
from enf2enf.errors import DatasetError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.problems.campaign import Plan, _make_case, generate
from enf2enf.problems.joukowski.body import complex_of, points_of
from enf2enf.problems.joukowski.problem import CAMBER, EDGE, INCIDENCE, SPEED, THICKNESS, WALL, Joukowski
from enf2enf.problems.joukowski.sampling import NEAR, SPREAD
from enf2enf.settings import from_dict


@given(st.integers(0, 2**31), st.integers(0, 5000))
def test_draws_are_in_range_and_repeatable(seed, index):
    (flow, entropy), again = Joukowski().draw(seed, index, 0), Joukowski().draw(seed, index, 0)
    assert (flow, entropy) == again
    assert SPEED[0] <= np.hypot(*flow.inflow) * (1 + 1e-12) and flow.speed <= SPEED[1] * (1 + 1e-12)
    if flow.section.edge == np.pi:
        assert flow.circulation == 0
    else:
        section = flow.section
        for value, (low, high) in (
            (section.thickness, THICKNESS), (section.camber, CAMBER), (section.edge, EDGE), (flow.incidence, INCIDENCE),
        ):  # fmt: skip
            assert low <= value <= high


@pytest.mark.parametrize("example", ["joukowski", "joukowski_eighth", "joukowski_inner", "joukowski_mixed"])
def test_the_examples_see_it_in_its_frames(root, example):
    frames = tomllib.loads((root / "examples" / f"{example}.toml").read_text())["model"]["frames"]
    assert from_dict(FrameConfig, frames, "frames") == Joukowski().frames


def test_a_tenth_of_the_cases_are_circles_and_the_inflow_has_any_direction():
    flows = [Joukowski().draw(0, index, 0)[0] for index in range(1000)]
    assert 70 < sum(flow.section.edge == np.pi for flow in flows) < 130
    quadrants = np.bincount([int(flow.direction // (np.pi / 2)) + 2 for flow in flows])
    assert (quadrants > 200).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate(Joukowski(), tmp_path_factory.mktemp("data") / "two", 4, seed=3, jobs=2, progress=False)


def test_the_number_of_jobs_does_not_show(folder, tmp_path):
    one = generate(Joukowski(), tmp_path / "one", 4, seed=3, jobs=1, progress=False)
    names = {p.relative_to(one) for p in one.rglob("*") if p.is_file()}
    assert len([name for name in names if name.parts[0] == "samples"]) == 4
    for name in names:
        assert (one / name).read_bytes() == (folder / name).read_bytes()


def test_a_case_is_its_walls_its_box_and_exact_fields_at_its_samples(folder):
    packed, problem = PackedData.load(folder, iter), Joukowski()
    assert packed.schema == problem.schema
    for index, name in enumerate(packed.names):
        flow, _ = problem.draw(3, int(name.removeprefix("case_")), 0)
        case = Dataset.open(folder).case(name)
        (wall,), fields = case.geometry.walls, flow.fields(case.solution.points)
        np.testing.assert_array_equal(wall, points_of(flow.body.wall(WALL)))
        assert np.ptp(case.geometry.outer @ flow.inflow) == pytest.approx(5 * flow.speed)
        assert case.geometry.contains(case.solution.points).all()
        np.testing.assert_array_equal(case.conditions["inflow"], flow.inflow)
        for quantity in problem.schema.fields_on("domain"):
            np.testing.assert_allclose(case.solution[quantity.name], fields[quantity.name], rtol=1e-6)
        on_wall = flow.fields(case.wall.points)["pressure"]
        np.testing.assert_allclose(case.wall["wall_pressure"], on_wall, rtol=1e-6)
        np.testing.assert_array_equal(packed.points(index)[: NEAR + SPREAD], case.solution.points)
        np.testing.assert_array_equal(packed.points(index)[NEAR + SPREAD :], case.wall.points)


def test_its_lift_is_that_of_the_stored_wall_pressure(folder):
    """By trapezoids between the samples, which are closer to each other than the walls are round."""
    dataset = Dataset.open(folder)
    for name in dataset.manifest["cases"]:
        flow, _ = Joukowski().draw(3, int(name.removeprefix("case_")), 0)
        wall, pressure = complex_of((field := dataset.case(name).wall).points), field["wall_pressure"]
        force = (1j * (np.roll(wall, -1) - wall) * (pressure + np.roll(pressure, -1)) / 2).sum()
        coefficient = 2 * force / np.exp(1j * flow.direction) / flow.speed**2
        assert abs(coefficient - 1j * flow.lift_coefficient) < 0.02  # measured 4e-3


@pytest.mark.slow
def test_every_other_case_of_the_mixed_set_has_two_bodies_and_its_error_is_stated(tmp_path):
    problem = Joukowski("mixed")
    folder = generate(problem, tmp_path / "mixed", 4, seed=3, jobs=1, floor_cases=4, progress=False)
    manifest = (dataset := Dataset.open(folder)).manifest
    assert (manifest["name"], manifest["floor"]["cases"]) == ("joukowski-mixed", 2)
    assert 0 < manifest["floor"]["relative_l2"] < 1e-4 and "2 more have a closed form" in manifest["floor"]["how"]
    assert manifest["source"] == "enf2enf generate joukowski --cases 4 --seed 3 --bodies mixed"
    assert Joukowski().floor is None and "second" in manifest["description"]
    packed = PackedData.load(folder, iter)
    for index, name in enumerate(packed.names):
        number = int(name.removeprefix("case_"))
        (flow, _), geometry = problem.draw(3, number, 0), packed.geometry(index)
        assert len(geometry.walls) == len(flow.bodies) == 1 + number % 2
        for wall, body in zip(geometry.walls, flow.bodies, strict=True):
            np.testing.assert_array_equal(wall, points_of(body.wall(WALL)))
        case = dataset.case(name)
        assert geometry.contains(case.solution.points).all()
        np.testing.assert_allclose(case.solution["velocity"], flow.velocity(case.solution.points), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(case.wall["wall_pressure"], flow.fields(case.wall.points)["pressure"], rtol=1e-5)


def test_a_case_without_its_wall_samples_ends_the_campaign(tmp_path, monkeypatch):
    solve = Joukowski.solve
    monkeypatch.setattr(Joukowski, "solve", lambda self, drawn: dataclasses.replace(solve(self, drawn), wall=None))
    with pytest.raises(DatasetError, match=r"case 'case_0000': expected wall values of 'wall_pressure', got only \[\]"):
        _make_case(tmp_path, Plan(Joukowski(), 4, 3, 0), 0)


def test_nodes_of_the_wall_crowd_to_both_edges():
    flow = next(flow for index in range(9) if (flow := Joukowski().draw(0, index, 0)[0]).section.edge < 1)
    wall = points_of(flow.body.wall(WALL))
    sides = np.hypot(*(np.roll(wall, -1, axis=0) - wall).T)
    edge, nose, middle = sides[0], sides[WALL // 2], sides[WALL // 4]
    assert edge < middle / 10 and nose < middle / 3
