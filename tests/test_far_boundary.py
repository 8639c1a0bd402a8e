"""A far boundary says where answers exist, and nothing else; walls alone say where frames are."""

import flows
import numpy as np
import pytest
from flows import BOX, FAR, GIVEN, SCHEMA, Motion
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import ConditionError, GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.frames import FrameConfig

pytestmark = pytest.mark.slow

WALLS = FrameConfig("walls", (), BOX)


@pytest.fixture(scope="module", params=[flows.INFLOW, WALLS], ids=["inflow", "walls"])
def surrogate(request):
    return flows.surrogate("as for aerofoils", request.param)


@pytest.mark.parametrize("count", [1, 2])
def test_the_same_walls_give_the_same_bytes_whatever_is_around_them(surrogate, count):
    walls, random = flows.bodies(np.random.default_rng(3), count), np.random.default_rng(0)
    near, wide = random.uniform([-1.2, -1.0], [1.5, 1.7], (120, 2)), random.uniform(-6, 6, (300, 2))
    answers = {}
    for far in FAR:
        loops = [*walls, *flows.far(far)]
        geometry = surrogate.encode(flows.mesh_of(loops)).geometry
        assert geometry.outer is None if far == "absent" else geometry.boundaries[-1].role == "far"
        answers[far] = flows.answer(surrogate, loops, GIVEN, near, walls[0])
        everywhere = flows.answer(surrogate, loops, GIVEN, wide, walls[0])[: len(wide)]
        views = surrogate.views(surrogate.encode(geometry), surrogate.condition_row(GIVEN))
        inside = geometry.contains(wide) & np.logical_and.reduce([view.covers(wide) for view in views])
        np.testing.assert_array_equal(np.isfinite(everywhere).all(axis=1), inside)
        assert np.isnan(everywhere[~inside]).all() and (far == "absent" or 0 < inside.sum() < 200)
    assert len({values.tobytes() for values in answers.values()}) == 1
    assert np.isfinite(answers["absent"]).all(axis=1).sum() > 80


def test_a_wall_that_moves_a_little_is_noticed(surrogate):
    """Else the test above could not fail."""
    walls, points = flows.bodies(np.random.default_rng(3), 1), np.random.default_rng(0).uniform(-1, 1, (50, 2))
    one, other = (flows.answer(surrogate, [size * walls[0]], GIVEN, points, walls[0]) for size in (1.0, 1.001))
    assert one.tobytes() != other.tobytes()


@settings(max_examples=8)
@given(shift=st.tuples(*2 * [st.integers(-(2**14), 2**14)]), far=st.sampled_from(FAR), count=st.integers(1, 2))
def test_with_the_anchor_at_the_walls_answers_move_with_the_body(shift, far, count):
    """By multiples of 2^-10, which are exact where coordinates are multiples of 2^-20."""
    surrogate, motion = flows.surrogate(frames=WALLS), Motion(np.eye(2), np.array(shift) / 2**10)
    exact = lambda points: np.round(points * 2**20) / 2**20  # noqa: E731
    loops = [exact(loop) for loop in (*flows.bodies(np.random.default_rng(1), count), *flows.far(far))]
    points = exact(np.random.default_rng(0).uniform([-1.2, -1.0], [1.5, 1.7], (100, 2)))
    one = flows.answer(surrogate, loops, GIVEN, points, loops[0])
    moved = [motion.points(loop) for loop in loops]
    other = flows.answer(surrogate, moved, GIVEN, motion.points(points), moved[0])
    assert flows.worst(SCHEMA, one, other) <= 1e-6


def test_an_inflow_that_has_no_direction_is_refused_by_name():
    surrogate = flows.surrogate()
    sentence = r"^condition 'inflow': expected a finite magnitude above 0, which has a direction, got \[-?0.0, -?0.0\]$"
    with pytest.raises(ConditionError, match=sentence):
        surrogate.condition_row(GIVEN | {"inflow": [0.0, 0.0]})
    encoding = surrogate.encode(flows.mesh_of(flows.bodies(np.random.default_rng(0), 1)))
    with pytest.raises(ConditionError, match=sentence):
        surrogate.decode(encoding, GIVEN | {"inflow": [0.0, -0.0]}, np.zeros((1, 2)))


def test_a_geometry_must_end_as_the_training_data_do(geometry):
    wide = Geometry.of([4 * (geometry.walls[0] - 0.5)], 6 * (geometry.outer - 0.5))
    with pytest.raises(GeometryError, match="role of the outer boundary: expected far, as in the training data, got o"):
        flows.surrogate().encode(wide)


@pytest.mark.parametrize("given", ["False", 1, None, [True]])
def test_whether_a_boundary_is_far_is_said_by_a_truth_value(given):
    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    with pytest.raises(GeometryError, match="^outer_is_far: expected true or false, got "):
        Geometry.of([0.1 * square], square, given)
