"""What the Joukowski problem draws, stores and says of itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.data import Dataset, PackedData
from enf2enf.problems.campaign import generate
from enf2enf.problems.joukowski.problem import CAMBER, EDGE, INCIDENCE, SPEED, THICKNESS, WALL, Joukowski


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
        np.testing.assert_array_equal(wall, flow.wall(WALL))
        assert np.ptp(case.geometry.outer @ flow.inflow) == pytest.approx(5 * flow.speed)
        assert case.geometry.contains(case.solution.points).all()
        np.testing.assert_array_equal(case.conditions["inflow"], flow.inflow)
        for quantity in problem.schema.fields:
            np.testing.assert_allclose(case.solution[quantity.name], fields[quantity.name], rtol=1e-6)
        np.testing.assert_array_equal(packed.points(index), case.solution.points)


def test_nodes_of_the_wall_crowd_to_both_edges():
    flow = next(flow for index in range(9) if (flow := Joukowski().draw(0, index, 0)[0]).section.edge < 1)
    wall = flow.wall(WALL)
    sides = np.hypot(*(np.roll(wall, -1, axis=0) - wall).T)
    edge, nose, middle = sides[0], sides[WALL // 2], sides[WALL // 4]
    assert edge < middle / 10 and nose < middle / 3
