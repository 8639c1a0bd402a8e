"""The public face: what an answer may not depend on, where there is none, and what is refused."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import load
from enf2enf.errors import ConditionError, GeometryError, QueryError
from enf2enf.geometry import Geometry
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.metrics import relative_l2
from enf2enf.problems.elasticity.void import Void

CONDITIONS = {"traction": [10.0, 80.0]}
TOLERANCE = 1e-5  # of the span; the same bytes are measured for chunks, 3e-7 for padding, 2e-6 for moves of 1e6


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(1).uniform(0.01, 0.99, (700, 2))


@pytest.fixture(scope="module")
def reference(surrogate, geometry, points):
    return _values(surrogate, geometry, points)


def _values(surrogate, geometry, points):
    return surrogate.decode(surrogate.encode(geometry), CONDITIONS, points)["von_mises"]


def _difference(one, other) -> float:
    assert np.array_equal(np.isnan(one), np.isnan(other))
    return float(np.nanmax(np.abs(one - other)) / np.ptp(other[~np.isnan(other)]))


@settings(max_examples=10)
@given(move=st.tuples(*[st.floats(-1e6, 1e6)] * 2))
def test_moving_the_mesh_and_the_points_changes_nothing(surrogate, geometry, points, reference, move):
    moved = Geometry.of(tuple(wall + move for wall in geometry.walls), geometry.outer + move)
    assert _difference(_values(surrogate, moved, points + move), reference) < TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("sides", [120, 480])
def test_cutting_a_wall_more_finely_changes_little(sides):
    """Of the shipped surrogate, which learnt from walls of 112 to 128 sides; as polygons, 480 differ by 4e-3."""
    shipped, random = load("elasticity"), np.random.default_rng(0)
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    for _ in range(5):
        void, points = Void.random(random), random.random((500, 2))
        walls = [void.wall(void.evenly(count, random.random())) for count in (112, sides)]
        encodings = [shipped.encode(Geometry.of((wall,), square)) for wall in walls]
        one, other = (shipped.decode(encoding, {}, points)["von_mises"] for encoding in encodings)
        known = ~np.isnan(one + other)
        assert relative_l2(other[known], one[known]) < 2e-3  # measured 1e-3 and below


def test_moving_the_mesh_alone_does(surrogate, geometry, points, reference):
    moved = Geometry.of(tuple(wall + 0.02 for wall in geometry.walls), geometry.outer)
    other = _values(surrogate, moved, points)
    both = ~np.isnan(other) & ~np.isnan(reference)
    assert np.abs(other - reference)[both].max() > 1e-3 * np.ptp(reference[both])


@pytest.mark.slow
@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_chunks_padding_and_order_of_points_do_not_matter(surrogate, geometry, points, reference, sizes, seed):
    order = np.random.default_rng(seed).permutation(len(points))
    parts = np.split(points[order], np.minimum(np.cumsum(sizes), len(points)))
    evaluator = surrogate.evaluator(surrogate.encode(geometry), CONDITIONS)
    fields = [surrogate.field(part, evaluator.chunk(part)) for part in parts]
    values = np.concatenate([field["von_mises"] for field in fields])
    assert _difference(values, reference[order]) < TOLERANCE


@settings(max_examples=10)
@given(start=st.integers(0, 47), reverse=st.booleans(), swap=st.booleans())
def test_start_direction_and_order_of_loops_do_not_matter(surrogate, geometry, points, start, reverse, swap):
    loops = [geometry.walls[0] * 0.4 + 0.1, geometry.walls[0] * 0.4 + 0.5]
    expected = _values(surrogate, Geometry.of(tuple(loops), geometry.outer), points)
    turned = [np.roll(loop[::-1] if reverse else loop, start, axis=0) for loop in loops]
    actual = _values(surrogate, Geometry.of(tuple(turned[::-1] if swap else turned), geometry.outer), points)
    assert _difference(actual, expected) < TOLERANCE


def test_the_same_request_gives_the_same_bytes(surrogate, geometry, points, reference):
    assert _values(surrogate, geometry, points).tobytes() == reference.tobytes()


def test_no_field_in_the_void_and_outside(surrogate, geometry, points, reference):
    assert np.array_equal(np.isnan(reference), ~geometry.contains(points))
    field = surrogate.decode(surrogate.encode(geometry), CONDITIONS, np.array([[0.5, 0.5], [2.0, 0.5], [0.02, 0.02]]))
    assert field.outside == 2 and np.isfinite(field["von_mises"][2])


def test_the_wall_itself_has_a_field(surrogate, geometry):
    assert surrogate.decode(surrogate.encode(geometry), CONDITIONS, geometry.walls[0]).outside == 0


def test_no_points_give_an_empty_field(surrogate, geometry):
    assert len(surrogate.decode(surrogate.encode(geometry), CONDITIONS, np.zeros((0, 2)))["von_mises"]) == 0


@settings(max_examples=10)
@given(power=st.floats(0.1, 1.0))
def test_predict_is_encode_and_decode(surrogate, geometry, points, power):
    conditions = {"traction": [0.0, 80.0 * power]}
    one = surrogate.predict(geometry, conditions, points)["von_mises"]
    assert np.array_equal(one, surrogate.decode(surrogate.encode(geometry), conditions, points)["von_mises"], True)


@pytest.mark.parametrize("factor", [1e3, 1e-3, 10.0, 0.1])
def test_another_size_is_noticed_not_absorbed(surrogate, geometry, factor):
    grown = Geometry.of(tuple(wall * factor for wall in geometry.walls), geometry.outer * factor)
    with pytest.raises(GeometryError, match="length unit"):
        surrogate.encode(grown)


def test_walls_without_a_domain_are_refused(surrogate, geometry):
    with pytest.raises(GeometryError, match="outer boundary"):
        surrogate.encode(Geometry.of(geometry.walls))


def test_a_plate_without_a_hole_is_refused(surrogate):
    square = Mesh(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), (CellBlock("quad", np.arange(4)[None]),))
    with pytest.raises(GeometryError, match="walls"):
        surrogate.encode(square)


@pytest.mark.parametrize(
    "points", [np.zeros(4), np.eye(3), np.zeros((3, 4)), np.array([[0.0, np.nan]]), np.array([[np.inf, 0.0]])]
)
def test_bad_points_are_named(surrogate, geometry, points):
    with pytest.raises(QueryError, match="^points?( 0)?: expected"):
        surrogate.decode(surrogate.encode(geometry), CONDITIONS, points)


@pytest.mark.parametrize(
    "conditions", [{}, {"traction": 3.0}, {"traction": [1.0, np.nan]}, {**CONDITIONS, "load": 1.0}, {"traction": "up"}]
)
def test_bad_conditions_are_named(surrogate, geometry, points, conditions):
    with pytest.raises(ConditionError, match="traction|load"):
        surrogate.decode(surrogate.encode(geometry), conditions, points)


def test_extrapolation_is_named_not_refused(surrogate, geometry, points):
    shape = surrogate.encode(geometry)
    assert surrogate.decode(shape, CONDITIONS, points).extrapolating == ()
    assert surrogate.decode(shape, {"traction": [0.0, 1e4]}, points).extrapolating == ("traction",)


def test_it_travels_to_other_processes(surrogate, geometry):
    points = np.random.default_rng(0).uniform(0, 1, (50, 2))
    conditions = {"traction": [10.0, 80.0]}
    expected = surrogate.predict(geometry, conditions, points)
    again = pickle.loads(pickle.dumps(surrogate))  # with what it has compiled
    assert again.version == surrogate.version and again.card == surrogate.card
    np.testing.assert_array_equal(again.predict(geometry, conditions, points)["von_mises"], expected["von_mises"])


def test_a_shape_that_another_surrogate_encoded_is_refused(surrogate, geometry, points):
    """Its latents are of another network; one of the same weights, as in another process, may be asked about it."""
    other, shape = surrogate.with_weights(load("elasticity").model, {}), surrogate.encode(geometry)
    pattern = rf"^shape: expected one that this surrogate \({other.version}\) encoded, got one of {surrogate.version}$"
    for ask in (other.decode, other.evaluator, lambda shape, given, at: other.predict_many(shape, [given], at)):
        arguments = (shape, CONDITIONS) if ask == other.evaluator else (shape, CONDITIONS, points)
        with pytest.raises(QueryError, match=pattern):
            ask(*arguments)
    same = pickle.loads(pickle.dumps(surrogate))
    expected = surrogate.decode(shape, CONDITIONS, points)["von_mises"]
    np.testing.assert_array_equal(same.decode(shape, CONDITIONS, points)["von_mises"], expected)


@pytest.mark.parametrize("far", [1e39, 1e160, 1e300, 1.7e308])
def test_points_however_far_away_have_no_field_and_give_no_warning(surrogate, geometry, far):
    shape = surrogate.encode(geometry)
    points = far * np.array([[1.0, 0.0], [-1.0, 1.0], [0.5, -1.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for at in (points, points[:1], np.concatenate([points, [[0.01, 0.01]]])):
            answer = surrogate.decode(shape, {"traction": [10.0, 80.0]}, at)
            np.testing.assert_array_equal(np.isfinite(answer["von_mises"]), np.abs(at).max(axis=1) < 1)
