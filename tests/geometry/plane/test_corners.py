"""Straight sides are told from arcs, whatever nodes are on them."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry.plane.smooth import smoothed


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
