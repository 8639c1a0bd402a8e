"""Straight sides are told from arcs, whatever nodes are on them."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry.plane.smooth import smoothed


@given(arcs=st.integers(6, 20), straight=st.integers(2, 30), length=st.floats(1, 4))
def test_straight_walls_leave_the_arcs_of_a_quadratic_mesh_what_they_are(arcs, straight, length):
    """Two half circles and two straight lines, all cut into sides with a node in the middle of each."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, arcs + 1)
    right = np.stack([length / 2 + np.cos(angle), np.sin(angle)], axis=1)
    top = np.stack([np.linspace(length / 2, -length / 2, straight + 1)[1:-1], np.ones(straight - 1)], axis=1)
    vertices = np.concatenate([right, top, -right, -top])
    middles = (vertices + np.roll(vertices, -1, axis=0)) / 2
    curves = [smoothed(vertices), smoothed(np.stack([vertices, middles], axis=1).reshape(-1, 2))]
    off = [np.abs(np.hypot(np.maximum(np.abs(x) - length / 2, 0), y) - 1).max() for x, y in (c.T for c in curves)]
    assert off[1] <= off[0] + 1e-12


@settings(max_examples=100)
@given(seed=st.integers(0, 2**31), count=st.integers(3, 9), nodes=st.integers(3, 5), shift=st.integers(0, 30))
def test_polygons_of_three_nodes_a_side_or_more_stay_straight(seed, count, nodes, shift):
    """However little their corners turn, and to either side; of an even number of nodes too."""
    rng = np.random.default_rng(seed)
    around = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.8, count)) / count
    corners = rng.uniform(0.4, 1, (count, 1)) * np.stack([np.cos(around), np.sin(around)], axis=1)
    polygon = np.concatenate(
        [
            start + np.arange(nodes)[:, None] / nodes * (end - start)
            for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
        ]
    )
    outline = shapely.linearrings(corners)
    assert shapely.distance(outline, shapely.points(smoothed(np.roll(polygon, shift, axis=0)))).max() < 1e-12
