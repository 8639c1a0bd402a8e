"""The sides of walls as a closed surface: what the theorem of Gauss says of it, and where its normals point."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.polygon import area
from enf2enf.geometry.plane.sides import WallSides


def star(rng: np.random.Generator, centre=(0.0, 0.0)) -> np.ndarray:
    """A star-shaped polygon of 3 to 20 vertices, none farther than 1 from the centre."""
    count = rng.integers(3, 21)
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.6, count)) / count
    return centre + rng.uniform(0.3, 1, (count, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@st.composite
def geometries(draw) -> Geometry:
    """One or two bodies, in a domain without end, in one with an outer boundary, or in one with a wall around it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    bodies = [star(rng, centre) for centre in [(-1.5, 0.2), (1.5, -0.4)][: draw(st.integers(1, 2))]]
    around = np.array([[-4.0, -2], [4, -3], [3, 4], [-3, 3]])
    kind = draw(st.sampled_from(["endless", "bounded", "enclosed"]))
    return Geometry.of([*bodies, around] if kind == "enclosed" else bodies, None if kind == "endless" else around)


@settings(max_examples=25)
@given(geometries())
def test_every_wall_is_closed_and_bounds_its_area(geometry):
    sides = WallSides.of(geometry)
    assert len(sides.walls) == sum(map(len, geometry.walls))
    for number, wall in enumerate(geometry.walls):
        own = sides.walls == number
        vectors = sides.lengths[own, None] * sides.normals[own]
        np.testing.assert_allclose(vectors.sum(axis=0), 0, atol=1e-14)
        np.testing.assert_allclose((sides.midpoints[own] * vectors).sum() / 2, area(wall), rtol=1e-13)
        np.testing.assert_allclose(sides.midpoints[own], (wall + np.roll(wall, -1, axis=0)) / 2, rtol=1e-15)
        ahead = sides.midpoints[own] + sides.lengths[own, None] * sides.along[own] / 2
        np.testing.assert_allclose(ahead, np.roll(wall, -1, axis=0), atol=1e-14)


@settings(max_examples=25)
@given(geometries())
def test_normals_point_out_of_the_bodies_into_the_domain(geometry):
    sides = WallSides.of(geometry)
    np.testing.assert_allclose(np.linalg.norm(sides.normals, axis=1), 1, rtol=1e-14)
    off = 1e-6
    for sign in (1, -1):
        distance = geometry.signed_distance(sides.midpoints + sign * off * sides.normals)
        np.testing.assert_allclose(distance, sign * off, rtol=1e-6)
