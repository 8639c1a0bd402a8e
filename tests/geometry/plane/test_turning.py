"""Panels that are shorter at bends: equal steps of length and turning together, wherever a curve begins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.geometry.plane.corners import turns
from enf2enf.geometry.plane.curve import Curve
from enf2enf.geometry.plane.ruler import Ruler

NO_CORNERS = np.zeros(0, int)
shares = st.floats(0.01, 10)


def ellipse(sides: int, width: float, height: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(sides) / sides
    return np.stack([width * np.cos(angle), height * np.sin(angle)], axis=1)


def ruler_of(curve: Curve, share: float) -> Ruler:
    return Ruler.of(curve.arc, turns(curve.points), share)


@given(share=shares, size=st.floats(1e-3, 1e3), sides=st.integers(64, 300), count=st.integers(3, 60))
def test_a_circle_is_cut_as_without(share, size, sides, count):
    circle = Curve(ellipse(sides, size, size), NO_CORNERS)
    got, expected = (circle.cut(count, turning)[0] for turning in (share, 0.0))
    np.testing.assert_allclose(got, expected, atol=1e-3 * size)  # to the sag of its sides


@given(share=shares, height=st.floats(0.2, 1.0))
def test_a_ruler_reads_length_and_turning(share, height):
    """L + share L of an ellipse, which turns by a whole turn; both ways are inverse to each other."""
    curve = Curve(ellipse(256, 1.0, height), NO_CORNERS)
    ruler = ruler_of(curve, share)
    assert ruler.read(np.zeros(1)) == 0
    assert ruler.length == pytest.approx((1 + share) * curve.length, rel=1e-12)
    assert (np.diff(ruler.readings) >= 0).all()
    along = np.linspace(0, curve.length, 77)
    np.testing.assert_allclose(ruler.place(ruler.read(along)), along, atol=1e-12 * curve.length)


@pytest.mark.parametrize("share", [0.3, 1.0, 4.0])
def test_panels_are_as_long_as_the_curvature_says(share):
    """Of an ellipse, whose curvature is a b / (a^2 sin^2 + b^2 cos^2)^(3/2): ds (1 + share L / 2 pi k) is constant."""
    width, height, count = 1.0, 0.5, 400
    curve = Curve(ellipse(4000, width, height), NO_CORNERS)
    cut = curve.cut(count, share)[0]
    middle = (cut + np.roll(cut, -1, axis=0)) / 2
    bend = width * height / ((width * middle[:, 1] / height) ** 2 + (height * middle[:, 0] / width) ** 2) ** 1.5
    reading = np.linalg.norm(np.roll(cut, -1, axis=0) - cut, axis=1) * (1 + share * curve.length / (2 * np.pi) * bend)
    np.testing.assert_allclose(reading, (1 + share) * curve.length / count, rtol=0.01)  # measured 0.004


@given(share=shares, first=st.integers(0, 119), back=st.booleans())
def test_it_does_not_matter_where_a_curve_begins(share, first, back):
    loop = ellipse(120, 1.0, 0.2) @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    other = np.roll(loop, first, axis=0)
    axes = np.diag([1.0, -1.0]) if back else np.eye(2)
    expected = Curve(loop, NO_CORNERS).turned(axes).cut(48, share)[0]
    np.testing.assert_allclose(Curve(other, NO_CORNERS).turned(axes).cut(48, share)[0], expected, atol=1e-12)


@given(share=st.floats(0.1, 1), where=st.integers(0, 4094), by=st.floats(1e-9, 1e-6), height=st.floats(0.1, 1))
def test_two_points_that_are_nearly_one_are_no_bend(share, where, by, height):
    """Between them the polygon turns by any angle, and back."""
    loop = ellipse(4096, 1.0, height)
    double = np.insert(loop, where + 1, loop[where] + [by, by / 3], axis=0)
    expected, got = (Curve(each, NO_CORNERS).cut(48, share)[0] for each in (loop, double))
    np.testing.assert_allclose(got, expected, atol=0.05)  # measured 0.03


@pytest.mark.parametrize("height", [0.1, 0.5, 1.0])
def test_single_precision_of_a_finely_cut_curve_bends_nothing(height):
    """Of which a vertex turns, to either side, by as much as the curve itself does there, or more."""
    loop = ellipse(40_000, 1.0, height)
    rounded = (loop + 0.7).astype(np.float32).astype(float) - 0.7
    expected, got = (Curve(each, NO_CORNERS).cut(48, 0.7)[0] for each in (loop, rounded))
    np.testing.assert_allclose(got, expected, atol=5e-3)


def test_the_nose_of_a_thin_body_gets_its_panels():
    """By its parts of the length and of the turning."""
    curve = Curve(ellipse(4000, 1.0, 0.2), NO_CORNERS)
    for share in (1.0, 3.0):
        cut = curve.cut(1000, share)[0]
        near = (cut[:, 0] > 0.99).mean()
        length = (curve.points[:, 0] > 0.99) @ np.diff(curve.arc) / curve.length
        turned = np.abs(turns(curve.points))[curve.points[:, 0] > 0.99].sum() / (2 * np.pi)
        assert near == pytest.approx((length + share * turned) / (1 + share), rel=0.1)
        assert near > 3 * length
