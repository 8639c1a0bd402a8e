"""Whether curves meet: by the sweep, for curves of every degeneracy, against GEOS; and which of the two is asked."""

from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enf2enf.geometry.plane import crossing as module
from enf2enf.geometry.plane.crossing import crossing

few = settings(max_examples=200, deadline=None)
whole = st.integers(0, 6).map(float)  # so that vertices lie on sides and on each other, and sides along each other
numbers = st.one_of(whole, st.floats(0, 6, allow_subnormal=False))
loops = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=9, unique=True).map(np.array)
places = st.sampled_from([(0.0, 0.0), (0.5, 0.0), (2.0, 2.0), (9.0, 0.25)])


def star(count: int, low: float, high: float, turned: float = 0.0) -> np.ndarray:
    """A closed curve that goes to and fro between two circles."""
    angle = turned + 2 * np.pi * np.arange(count) / count
    radius = np.where(np.arange(count) % 2, high, low)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


stars = st.builds(star, st.integers(3, 20).map(lambda n: 2 * n), st.just(1.0), st.floats(1.1, 5), st.floats(0, 1))


def rings(curves: list[np.ndarray]) -> shapely.MultiLineString:
    return shapely.multilinestrings([shapely.LinearRing(curve) for curve in curves])


@pytest.fixture
def swept(monkeypatch):
    """Leaves nothing to GEOS."""
    monkeypatch.setattr(module, "_WORK", 0)


@pytest.mark.slow
@pytest.mark.usefixtures("swept")
def test_the_sweep_finds_what_meets():
    @few
    @given(curves=st.lists(st.tuples(st.one_of(loops, stars), places, st.booleans()), min_size=1, max_size=3))
    def check(curves):
        curves = [(curve + np.array(at))[:: -1 if back else 1] for curve, at, back in curves]
        assume(all((np.roll(curve, -1, axis=0) != curve).any(axis=1).all() for curve in curves))
        found = crossing(curves)
        assert (found is None) == bool(shapely.is_simple(rings(curves)))
        if found is not None:
            at = shapely.points(found.place)
            assert max(shapely.distance(at, rings([curves[number]])) for number in found.loops) < 1e-12

    check()


@pytest.mark.usefixtures("swept")
@given(count=st.integers(2, 40).map(lambda n: 2 * n), reach=st.floats(0.3, 0.99), turned=st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_the_sweep_tells_stars_apart_that_fit_into_each_other(count, reach, turned):
    """A star in the gaps of a larger one, until it is turned or grows by too much."""
    around, gap = star(count, 1.0, 2.0, turned), np.pi / count
    inside = star(count, reach * 0.9, reach, turned)
    assert crossing([around, inside]) is None
    assert crossing([around, star(count, 0.5, 1.9, turned + 2 * gap)]).loops == (0, 1)


def exact_turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> Fraction:
    ax, ay, bx, by, cx, cy = map(Fraction, [*a.tolist(), *b.tolist(), *c.tolist()])
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@pytest.mark.usefixtures("swept")
@few
@given(ends=st.tuples(*[st.floats(0.1, 1)] * 4), share=st.floats(0.3, 0.7), ulps=st.tuples(*[st.integers(-2, 2)] * 2))
def test_the_sweep_is_exact_where_rounding_decides(ends, share, ulps):
    """A triangle on one side of a line, another that reaches down to it, to the last digit of its lowest vertex."""
    a, b = np.reshape(ends, (2, 2))
    along = b - a
    assume(np.linalg.norm(along) > 0.1)
    up = np.array([-along[1], along[0]])
    lowest = a + share * along
    lowest = lowest + np.array(ulps) * np.spacing(lowest)
    below = np.array([a, b, a + 0.5 * along - up])
    above = np.array([lowest, a + 0.6 * along + up, a + 0.4 * along + up])
    assert (crossing([below, above]) is None) == (exact_turn(a, b, lowest) > 0)


@pytest.mark.usefixtures("swept")
def test_the_place_is_where_they_cross():
    bow = np.array([[0.0, 0], [1, 1], [1, 0], [0, 1]])
    np.testing.assert_allclose(crossing([bow]).place, [0.5, 0.5], atol=1e-15)
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    assert crossing([square + 5, square, square + [0.5, 0.25]]).loops == (1, 2)


def test_a_star_is_not_left_to_what_compares_all_its_sides(monkeypatch):
    monkeypatch.setattr(shapely, "is_simple", lambda _: pytest.fail("quadratic"))
    assert crossing([star(6000, 1.0, 2.0)]) is None


def test_a_smooth_curve_of_many_sides_is_not_swept(monkeypatch):
    monkeypatch.setattr(module, "_Sweep", lambda _: pytest.fail("slow"))
    angle = 2 * np.pi * np.arange(200_000) / 200_000
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert crossing([circle, 0.5 * circle]) is None
