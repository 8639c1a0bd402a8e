"""Where fields are asked for, and under which conditions, in every form that people give."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from enf2enf import Grid, Line, Slice
from enf2enf.at import needs_shape, points_of
from enf2enf.cli.place import at_of
from enf2enf.conditions import conditions_of, numbers, vector_of
from enf2enf.errors import ConditionError, QueryError

sizes = st.floats(-1e3, 1e3)
coordinates = st.tuples(sizes, sizes)


@given(start=coordinates, end=coordinates, count=st.integers(1, 50))
def test_a_line_is_divided_evenly_from_end_to_end(start, end, count):
    points = Line(start, end, count).points
    np.testing.assert_array_equal(points[0], start)
    np.testing.assert_array_equal(points[-1], end if count > 1 else start)
    assert np.ptp(np.diff(points, axis=0), axis=0).max(initial=0) <= 1e-9 if count > 1 else len(points) == 1


@given(low=coordinates, size=st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)), value=sizes, count=st.integers(1, 20))
def test_a_slice_lies_in_the_cut_and_spans_the_shape(low, size, value, count):
    bounds = np.array([low, np.add(low, size)])
    for cut, axis in enumerate("xy"):
        points = Slice(axis, value, count).across(bounds)
        assert points.shape == (count, 2) and (points[:, cut] == value).all()
        ends = bounds[:, 1 - cut] if count > 1 else bounds[:1, 1 - cut]
        np.testing.assert_allclose(points[[0, -1][: len(ends)], 1 - cut], ends)
    space = np.hstack([bounds, bounds[:, :1]])
    assert len(np.unique(Slice("z", value, 3).across(space), axis=0)) == 9


@given(points=arrays(np.float64, (4, 2), elements=sizes), z=sizes)
def test_points_of_the_plane_may_come_with_one_z_for_all(points, z):
    bounds, spatial = np.array([[0.0, 0.0], [1.0, 1.0]]), np.insert(points, 2, z, axis=1)
    np.testing.assert_array_equal(points_of(spatial, bounds), points)
    np.testing.assert_array_equal(points_of(points.tolist(), bounds), points)
    np.testing.assert_array_equal(points_of(points[0], bounds), points[:1])
    assert needs_shape(spatial) and not needs_shape(points) and needs_shape(Slice("x", 0.0))
    spatial[0, 2] += 1
    if np.ptp(points, axis=0).max() < 1e8:
        with pytest.raises(QueryError, match=r"points: expected an array \(points, 2\), or with one z for all"):
            points_of(spatial, bounds)


@pytest.mark.parametrize("bad", [(1,), (1, 2, 3, 4), (0, np.nan), (np.inf, 0)])
def test_ends_that_are_none(bad):
    for make in (lambda: Line(bad, (0, 0)), lambda: Line((0, 0), bad)):
        with pytest.raises(QueryError, match="^line: expected points of 2 or 3 finite coordinates"):
            make()
    with pytest.raises(QueryError, match="^line: expected start and end of one dimension, got 2 and 3"):
        Line((0, 0), (0, 0, 0))


WORDS = {
    "nodes": "nodes",
    "wall": "wall",
    "line:0,0.5:1,0.5": Line((0, 0.5), (1, 0.5)),
    "line:0,-1e-3:1,2:7": Line((0, -1e-3), (1, 2), 7),
    "grid:0,0:1,2:3,4": Grid((0, 0), (1, 2), (3, 4)),
    "slice:x:0.25": Slice("x", 0.25),
    "slice:y:-1:9": Slice("y", -1.0, 9),
}


@pytest.mark.parametrize("word", WORDS)
def test_a_place_in_one_word(word):
    assert at_of(word) == WORDS[word]


TEXTS = [
    "x,y\n1,2\n3,4\n", "1,2\n3,4", "1;2\n\n3;4\n", "x,y,z\n1,2,0\n3,4,0\n", "1 2\n3\t4\n", "1, 2\n3 ,4,\n",
    "# made by hand\nX;Y\n1;2 # the first\n3;4;", "points of mine\r\n1 2\r\n3 4", "\ufeffx,y\n1,2\n3,4\n",
    "y,x\n2,1\n4,3\n", "id,x,y\n0,1,2\n1,3,4\n", "z;y;x\n0;2;1\n0;4;3\n", "y x\n2 1\n4 3\n",
    "p,Points:0,Points:1,Points:2\n7,1,2,0\n8,3,4,0\n", "p,Points_0,Points_1\n7,1,2\n8,3,4\n",
    "x [m],y [m]\n1,2\n3,4\n", "X (m);Y (m)\n1;2\n3;4\n", "id,x-coordinate,y-coordinate\n0,1,2\n1,3,4\n",
    "points x y z\n1 2 0\n3 4 0\n", "% x y p\n1 2 7\n3 4 7\n", "% x y\n1 2\n3 4\n", "Probes x y\n1 2\n3 4\n",
    "my points, of today\n1,2\n3,4\n",
    'x,y,p\n1,2,7\n3,4,"none"\n', "x,y,z,p\n1,2,0,8\n3,4,0,9\n",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_points_in_a_file(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(points_of(at_of(str(path)), np.eye(2)), [[1, 2], [3, 4]])


@given(points=arrays(np.float64, (3, 2), elements=sizes), mark=st.sampled_from([",", ";", " ", "\t", " , "]))
def test_points_in_a_file_keep_every_digit(points, mark, tmp_path_factory):
    path = tmp_path_factory.mktemp("points") / "points.csv"
    path.write_text("".join(f"{x!r}{mark}{y!r}\n" for x, y in points.tolist()))
    np.testing.assert_array_equal(at_of(str(path)), points)


BAD_TEXTS = {
    "x,y\n1\n": "line 2 of {}: expected two or three finite numbers, X,Y[,Z], got '1'",
    "1,2\n\n3\n": "line 3 of {}: expected 2 finite numbers, X,Y[,Z], got '3'",
    "1,2,3\n1,2\n": "line 2 of {}: expected 3 finite numbers, X,Y[,Z], got '1,2'",
    "1,2\n3,nan\n": "line 2 of {}: expected 2 finite numbers, X,Y[,Z], got '3,nan'",
    "x,y\n1,2\n3,five # not 5\n": "line 3 of {}: expected 2 finite numbers, X,Y[,Z], got '3,five'",
    "0,5;1,5\n": "line 1 of {}: expected decimal points, got decimal commas, '0,5;1,5'",
    "x y\n1 2\n0,5 1,5\n": "line 3 of {}: expected decimal points, got decimal commas, '0,5 1,5'",
    "a,b\nc,d\n": "line 1 of {}: expected columns called x, y[, z], in metres, got 'a,b'",
    "lon;lat\n1;2\n": "line 1 of {}: expected columns called x, y[, z], in metres, got 'lon;lat'",
    "x [mm],y [mm]\n1,2\n": "line 1 of {}: expected columns called x, y[, z], in metres, got 'x [mm],y [mm]'",
    "y,x\n1\n": "line 2 of {}: expected two or three finite numbers, X,Y[,Z], got '1'",
    "1_0,2\n": "line 1 of {}: expected 2 finite numbers, X,Y[,Z], got '1_0,2'",
    "1,2,3,4\n": "line 1 of {}: expected two or three finite numbers, X,Y[,Z], got '1,2,3,4'",
    "": "{}: expected a row of numbers for each point, X,Y[,Z], got none",
    "x,y\n": "{}: expected a row of numbers for each point, X,Y[,Z], got none",
    "\0\0": "{}: expected a row of numbers for each point, X,Y[,Z], got none",
}


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_a_file_without_points_is_refused_by_its_line(text, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(QueryError) as refusal:
        at_of(str(path))
    assert str(refusal.value) == BAD_TEXTS[text].format(path)


BAD_WORDS = ["", "cells", "line:0,0", "line:0:1", "line:0,0:1,1:0", "line:a,b:1,1", "grid:0,0:1,1", "grid:0,0:1,1:2",
             "grid:1,1:0,0:2,2", "slice:x", "slice:w:1", "slice:x:nan", "line:0,0:1,1:2:3", "none.csv"]  # fmt: skip


@pytest.mark.parametrize("word", BAD_WORDS)
def test_a_word_that_is_no_place(word):
    with pytest.raises(QueryError):
        at_of(word)


@given(magnitude=st.floats(0, 1e3), angle=st.floats(-720, 720))
def test_a_vector_by_its_magnitude_and_angle(magnitude, angle):
    x, y = vector_of(magnitude, angle)
    assert np.hypot(x, y) == pytest.approx(magnitude, rel=1e-12)
    assert [x, y] == pytest.approx([magnitude * np.cos(np.deg2rad(angle)), magnitude * np.sin(np.deg2rad(angle))])
    given_ = conditions_of(["p=1"], [f"inflow={magnitude!r},{angle!r}"])
    np.testing.assert_array_equal(numbers("inflow", given_["inflow"], 2), [x, y])


NO_VECTORS = [
    ({"magnitude": np.nan, "angle_deg": np.float64(-4.0)}, "finite numbers, got [nan, -4.0]"),
    ({"magnitude": np.float32(2.0), "angle_deg": np.inf}, "finite numbers, got [2.0, inf]"),
    ({"magnitude": np.float64(-50.0), "angle_deg": 4}, "a magnitude of at least 0, got -50"),
    (conditions_of([], ["inflow=-0.5,4"])["inflow"], "a magnitude of at least 0, got -0.5"),
    ({"magnitude": np.float64(1.0)}, "numbers, or a table of 'magnitude' and 'angle_deg', got {'magnitude': 1.0}"),
    ({"magnitude": "50", "angle_deg": np.int64(4)}, "numbers, or a table of 'magnitude' and 'angle_deg', got "
     "{'magnitude': '50', 'angle_deg': 4}"),
    ([np.float64(-4.0), "a"], "numbers, got [-4.0, 'a']"),
    ((np.float64(-4.0), [1.0]), "numbers, got [-4.0, [1.0]]"),
    (np.bool_(True), "numbers, got True"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "sentence"), NO_VECTORS)
def test_a_vector_that_cannot_be_is_refused_in_plain_numbers(value, sentence):
    with pytest.raises(ConditionError) as refused:
        numbers("inflow", value, 2)
    assert str(refused.value) == f"condition 'inflow': expected {sentence}"


def test_a_vector_of_no_magnitude_has_no_direction():
    assert not numbers("inflow", {"magnitude": 0, "angle_deg": 30.0}, 2).any()


def test_right_angles_are_exact():
    for quarter, expected in enumerate([(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]):
        np.testing.assert_array_equal(vector_of(3.0, 90.0 * quarter), np.multiply(3, expected))


class Metres:
    """As pint gives them."""

    magnitude, units = 3.0, "m/s"

    def __str__(self):
        return "3.0 m/s"


UNITS = ["10 m/s", "10m/s", "-1e3Pa", " 2.5 kN", "20 °C", Metres()]


@pytest.mark.parametrize("value", UNITS, ids=map(str, UNITS))
def test_a_unit_is_refused_with_the_one_that_is_wanted(value):
    sentence = f"condition 'speed': expected numbers in m/s, without a unit, got {str(value)!r}"
    with pytest.raises(ConditionError, match=re.escape(sentence)):
        numbers("speed", value, 1, "m/s")


@pytest.mark.parametrize("text", ["a", "a=1", "a=1,2,3", "a=x,1"])
def test_a_vector_that_is_none(text):
    with pytest.raises(ConditionError):
        conditions_of([], [text])
    with pytest.raises(ConditionError, match="every name once"):
        conditions_of(["a=1"], ["a=1,2"])


def test_a_row_of_999_is_a_point(tmp_path):
    (tmp_path / "far.csv").write_text("x,y\n1,2\n999,999\n")
    np.testing.assert_array_equal(at_of(str(tmp_path / "far.csv")), [[1, 2], [999, 999]])


@pytest.mark.parametrize("points", [[[0.1, True]], [0.1, False], ([0.1, 0.2], (np.True_, 0.3)), [[True, False]]])
def test_a_truth_value_is_no_coordinate(points):
    with pytest.raises(QueryError, match=r"^points: expected numbers in an array \(points, dim\), got "):
        points_of(points, None)


@pytest.mark.parametrize("number", [np.float32(0.25), np.float64(0.25), np.int32(1)])
def test_a_slice_takes_numbers_of_numpy(number):
    assert Slice("x", number) == Slice("x", float(number))


NO_NUMBERS = ["line:0,0:1,1:1_0", "line:0,0:1,1_0", "slice:x:1_0", "slice:x:1,2", "slice:x:1,2:5", "grid:0,0:1,1:1_0,2"]


@pytest.mark.parametrize("word", NO_NUMBERS)
def test_numbers_that_are_none_or_too_many(word):
    with pytest.raises(QueryError, match="^--at: expected "):
        at_of(word)
