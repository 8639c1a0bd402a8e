"""What is in a domain, where its polygons stand for smooth curves and where they do not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry import Geometry

SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
few = settings(max_examples=15, deadline=None)


@few
@given(sides=st.integers(14, 60), phase=st.floats(0, 1))
def test_a_circle_that_was_cut_coarsely_contains_the_true_one(sides, phase):
    def circle(count: int) -> np.ndarray:
        angle = 2 * np.pi * (np.arange(count) + phase) / count
        return 0.5 + 0.3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    room = Geometry.of((circle(sides),), circle(sides))  # a wall around the domain
    assert room.contains(circle(1000)).all()
    assert not room.contains(0.5 + 1.05 * (circle(1000) - 0.5)).any()


@few
@given(thickness=st.floats(1e-4, 0.2), sides=st.integers(1, 30), turned=st.floats(0, 6.3))
def test_a_thin_body_is_not_contained(thickness, sides, turned):
    """A plate with nodes along its length, and its middle."""
    x = np.linspace(-0.3, 0.3, sides + 1)
    lower = np.stack([x, np.full(sides + 1, -thickness / 2)], axis=1)
    turn = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    plate = Geometry.of((0.5 + np.concatenate([lower, -lower]) @ turn,), SQUARE)
    depth = np.linspace(-0.49, 0.49, 99)[:, None] * [0, thickness]
    inside = np.linspace(-0.29, 0.29, 200)[:, None, None] * [1, 0] + depth
    assert not plate.contains(0.5 + inside.reshape(-1, 2) @ turn).any()
