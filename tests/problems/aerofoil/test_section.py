"""Sections: published ordinates, splines through points of known sections, and points that are no section."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.problems.aerofoil.naca import FiveDigits, FourDigits
from enf2enf.problems.aerofoil.spline import LEAST_POINTS, SplineSection
from enf2enf.problems.aerofoil.stretching import geometric, two_sided

X = [1.25, 2.5, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 95]
PUBLISHED = {  # Abbott and von Doenhoff 1959, Theory of Wing Sections, appendix III: upper and lower, percent
    "0012": (
        [1.894, 2.615, 3.555, 4.2, 4.683, 5.345, 5.737, 5.941, 6.002, 5.803, 5.294, 4.563, 3.664, 2.623, 1.448, 0.807],
        None,
    ),
    "2412": (
        [2.15, 2.99, 4.13, 4.96, 5.63, 6.61, 7.26, 7.67, 7.88, 7.8, 7.24, 6.36, 5.18, 3.75, 2.08, 1.14],
        [-1.65, -2.27, -3.01, -3.46, -3.75, -4.1, -4.23, -4.22, -4.12, -3.8, -3.34, -2.76, -2.14, -1.5, -0.82, -0.48],
    ),
    "23012": (
        [2.67, 3.61, 4.91, 5.8, 6.43, 7.19, 7.5, 7.6, 7.55, 7.14, 6.41, 5.47, 4.36, 3.08, 1.68, 0.92],
        [-1.23, -1.71, -2.26, -2.61, -2.92, -3.5, -3.97, -4.28, -4.46, -4.48, -4.17, -3.67, -3.0, -2.16, -1.23, -0.7],
    ),
}
BY_HAND = {
    "0012": 1e-5,
    "2412": 2e-4,
    "23012": 3.1e-4,
}  # measured 5e-6, 1.8e-4, 3.0e-4: theirs are not exact to a digit
SECTIONS = {"0012": FourDigits(0, 0, 12), "2412": FourDigits(2, 4, 12), "23012": FiveDigits(2, 3, 12)}
FINE = np.linspace(0, 1, 4001)
ELSEWHERE = "expected points that begin at the trailing edge, got a sharper corner at point"

four_digits = st.builds(FourDigits, st.floats(0, 7), st.floats(1.5, 7), st.floats(5, 20))
five_digits = st.builds(FiveDigits, st.floats(0, 4), st.floats(3, 8), st.floats(5, 20))


def outline(section, points=201):
    """As in a file: from the trailing edge over the upper side."""
    at = np.linspace(0, 1, points // 2 + 1)
    return np.concatenate([section.side(True, at)[::-1], section.side(False, at)[1:]])


def opened(points, gap):
    """An outline with a blunt edge."""
    opening = np.where(np.arange(len(points)) <= len(points) // 2, 0.5, -0.5) * gap * np.clip(points[:, 0], 0, None)
    return points + np.stack([np.zeros_like(opening), opening], axis=1)


def moved(points, turn=0.0, size=1.0, to=(0.0, 0.0)):
    cosine, sine = size * np.cos(turn), size * np.sin(turn)
    return points @ np.array([[cosine, sine], [-sine, cosine]]) + to


@pytest.mark.parametrize("name", SECTIONS)
def test_published_ordinates(name):
    """Those have an open trailing edge: the last coefficient is 0.1015 where it is 0.1036 here."""
    x = np.array(X) / 100
    for upper, published in zip((True, False), PUBLISHED[name], strict=True):
        if published is not None:
            found = np.interp(x, *SECTIONS[name].side(upper, FINE).T)
            opened = found + (1 if upper else -1) * 5 * 0.12 * 0.0021 * x**4
            np.testing.assert_allclose(opened, np.array(published) / 100, atol=BY_HAND[name])


@given(st.one_of(four_digits, five_digits))
def test_the_mean_line_is_highest_where_the_digits_say(section):
    x = np.linspace(0, 1, 20_001)
    height, slope = section.mean_line(x)
    np.testing.assert_allclose(np.gradient(height, x)[1:-1], slope[1:-1], atol=2e-3)
    four = isinstance(section, FourDigits)
    if four:
        assert height.max() == pytest.approx(section.camber / 100, abs=1e-6)
    if height.max() > 1e-3:
        assert x[height.argmax()] == pytest.approx(section.position / (10 if four else 20), abs=1e-3)


@given(st.one_of(four_digits, five_digits))
def test_a_wall_is_closed_and_has_the_faces_that_are_asked_for(section):
    wall = section.wall(60, 5e-4, 5e-3)
    assert wall.shape == (121, 2) and wall[0].tolist() == wall[-1].tolist() == [1, 0] and not wall[60].any()
    lengths = np.hypot(*np.diff(wall, axis=0).T)
    np.testing.assert_allclose(lengths[[59, 60]], 5e-4, rtol=0.15)
    np.testing.assert_allclose(lengths[[0, -1]], 5e-3, rtol=0.15)
    assert abs(np.diff(np.log(lengths))).max() < 0.2  # from face to face; measured 0.16
    assert wall[1, 1] < wall[-2, 1]


@given(st.integers(10, 100), st.floats(1e-3, 2), st.floats(1e-3, 2))
def test_stretched_points_have_the_steps_of_both_ends(steps, first, last):
    """The more points, the better: the slope of the stretching is exact."""
    wrong = []
    for count in (steps, 10 * steps):
        points = two_sided(count, first / count, last / count)
        taken = np.diff(points)
        assert points[0] == 0 and points[-1] == pytest.approx(1) and (taken > 0).all()
        wrong.append(abs(taken[[0, -1]] * count / [first, last] - 1))
    assert (wrong[1] < wrong[0] / 5 + 1e-4).all()


@given(st.integers(10, 100), st.floats(1e-3, 1e-2))
def test_steps_that_grow_by_one_ratio(steps, first):
    points, ratio = geometric(steps, first, 1.0)
    assert np.diff(points)[0] == pytest.approx(first) and points[-1] == pytest.approx(1)
    np.testing.assert_allclose(np.diff(points)[1:] / np.diff(points)[:-1], ratio, rtol=1e-6)


@pytest.mark.slow
@settings(max_examples=10)
@given(st.one_of(four_digits, five_digits), st.floats(-3, 3), st.floats(0.1, 10), st.booleans())
def test_a_spline_through_points_of_a_section_is_that_section(section, turn, size, reverse):
    """Wherever the points are; its chord is the longest line from the trailing edge, which camber turns a little."""
    points = moved(outline(section), turn, size, (3.0, -2.0))
    found = outline(SplineSection.through(points[::-1] if reverse else points), 401)
    own = outline(section, 20_001) @ (1, 1j)
    nose = own[abs(own - 1).argmax()]
    curve = (own - nose) / (1 - nose)
    ring = shapely.LineString(np.stack([curve.real, curve.imag], axis=1))
    assert shapely.distance(shapely.points(found), ring).max() < 3e-4  # measured 1.4e-4, at the most cambered nose
    assert abs(found[200]).max() < 1e-4 and found[0] == pytest.approx([1, 0])
    assert (found[1:200, 1] > found[-2:200:-1, 1]).all()


@pytest.mark.parametrize("thickness", [8, 12, 20])
def test_the_nose_of_a_spline_is_about_as_round_as_it_is(thickness):
    """It is the mean of a stretch, which decides no more than the sizes of cells."""
    section = FourDigits(0, 0, thickness)
    assert SplineSection.through(outline(section)).nose_radius == pytest.approx(section.nose_radius, rel=0.1)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_blunt_edge_is_closed_and_the_nose_stays(name):
    section, gap = SECTIONS[name], 0.005
    points = outline(section)
    blunt = opened(points, gap)
    closed, sharp = (outline(SplineSection.through(p), 401) for p in (blunt, points))
    np.testing.assert_allclose(closed, sharp, atol=2e-4)
    wall = SplineSection.through(blunt).wall(60, 5e-4, 5e-3)
    assert wall[0].tolist() == wall[-1].tolist() == [1, 0]
    blunt = opened(points, 5 * gap)
    with pytest.raises(GeometryError, match="foil: expected a trailing edge at most 0.02 chords thick, got 0.025"):
        SplineSection.through(blunt, "foil")


@settings(max_examples=200)
@given(
    st.one_of(four_digits, five_digits), st.sampled_from([25, 41, 61, 201]),
    st.one_of(st.just(0.0), st.floats(0.002, 0.018)), st.floats(0, 1), st.booleans(), st.booleans(), st.floats(-3, 3),
)  # fmt: skip
def test_points_that_begin_elsewhere_than_at_the_trailing_edge(section, count, gap, share, is_closed, reverse, turn):
    points = opened(outline(section, count), gap) if gap else outline(section, count)[:-1]
    SplineSection.through(points if gap else np.concatenate([points, points[:1]]), "foil")
    rolled = np.roll(points, 2 + round(share * (len(points) - 4)), axis=0)
    rolled = moved(np.concatenate([rolled, rolled[:1]]) if is_closed else rolled, turn, 3.0)
    rolled = rolled[::-1] if reverse else rolled
    with pytest.raises(GeometryError, match=f"^foil: {ELSEWHERE}") as refusal:
        SplineSection.through(rolled, "foil")
    corner = rolled[int(refusal.value.got.split()[5].rstrip(","))]
    assert np.hypot(*(corner - moved(np.array([1.0, 0.0]), turn, 3.0))) < 0.03


@given(st.one_of(four_digits, five_digits), st.sampled_from([21, 61, 201]))
def test_closed_curves_that_begin_one_point_off_the_trailing_edge(section, count):
    points = outline(section, count)
    for by in (1, -1):
        rolled = np.roll(points[:-1], by, axis=0)
        with pytest.raises(GeometryError, match=f"^foil: {ELSEWHERE}"):
            SplineSection.through(np.concatenate([rolled, rolled[:1]]), "foil")


@given(st.integers(10, 100), st.floats(0.02, 0.3), st.booleans())
def test_a_section_may_be_as_sharp_at_its_nose_as_at_its_trailing_edge(steps, thickness, is_round):
    """An ellipse, and two arcs."""
    angle = np.linspace(0, np.pi, steps + 1)
    upper = np.stack([np.cos(angle), thickness * (np.sin(angle) if is_round else np.sin(angle) ** 2)], axis=1)
    nose = SplineSection.through(np.concatenate([upper, (upper * [1, -1])[-2::-1]]), "foil").side(True, np.zeros(1))
    np.testing.assert_allclose(nose, [[0, 0]], atol=1e-9)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda p: p[::20], rf"expected at least {LEAST_POINTS} points in the plane, got an array \(11, 2\)"),
        (
            lambda p: np.where(np.arange(201)[:, None] == 7, np.nan, p),
            r"expected finite .* got \[nan, nan\] at point 7",
        ),
        (lambda p: np.insert(p, 9, p[9], axis=0), "expected points that differ from the one before, got the same at"),
        (lambda p: p * np.where(np.arange(201)[:, None] < 150, 1, [1, -3]), "expected a curve that does not cross"),
        (
            lambda p: np.concatenate([p[:50], p[60:40:-1], p[60:]]),
            "expected a curve that does not cross itself, got one",
        ),
    ],
)
def test_points_that_are_no_section(spoil, sentence):
    with pytest.raises(GeometryError, match=f"^foil: {sentence}"):
        SplineSection.through(spoil(outline(FourDigits(2, 4, 12))), "foil")
