"""The smallest circle around points: that of shapely, of many points in a time that grows with their number."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.enclosing import enclosing_radius


def ellipse(count: int, ratio: float, angle: float = 0.0) -> np.ndarray:
    around = 2 * np.pi * np.arange(count) / count + 0.1
    return np.stack([np.cos(around), ratio * np.sin(around)], axis=1) @ [
        [np.cos(angle), -np.sin(angle)],
        [np.sin(angle), np.cos(angle)],
    ]


@settings(max_examples=15, deadline=None)
@given(st.integers(501, 1500), st.floats(0.05, 1.0), st.floats(-3, 3), st.floats(0, 0.3), st.integers(0, 99))
def test_it_is_that_of_shapely(count, ratio, angle, rough, seed):
    points = ellipse(count, ratio, angle)
    points *= 1 + rough * np.random.default_rng(seed).uniform(size=(count, 1))
    expected = shapely.minimum_bounding_radius(shapely.MultiPoint(points))
    np.testing.assert_allclose(enclosing_radius(points), expected, rtol=1e-10)


@pytest.mark.parametrize("ratio", [0.1, 0.999, 1.0])
def test_of_a_hundred_thousand_points_of_a_convex_curve_it_is_found(ratio):
    points = ellipse(100_000, ratio)
    assert enclosing_radius(points) == pytest.approx(1.0, rel=1e-6)
    assert Geometry.of([points]).extent == pytest.approx(2.0, rel=1e-6)
