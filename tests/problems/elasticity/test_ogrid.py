"""The curved grid: it fills the domain, its elements are sound, and points are found in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skfem import Basis, ElementQuad2

from enf2enf.errors import SolverError
from enf2enf.problems.elasticity.cloud import in_domain
from enf2enf.problems.elasticity.ogrid import OGrid, Resolution, graded, shape_functions
from enf2enf.problems.elasticity.unit_cell import RESOLUTION
from enf2enf.problems.elasticity.void import Void

COARSE = Resolution((10, 8, 10, 12), 6, wall=0.3, outer=0.2, clamp=0.4)
seeds = st.integers(0, 2**32 - 1)


def void_of(seed):
    return Void.random(np.random.default_rng(seed))


def area(void):
    theta = np.linspace(0, 2 * np.pi, 2001)[:-1]
    return 1 - 0.5 * (void.radius(theta) ** 2).mean() * 2 * np.pi


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_no_element_of_the_production_grid_is_inverted_and_together_they_fill_the_domain(seed):
    void = void_of(seed)
    grid = OGrid(void, RESOLUTION)
    basis = Basis(grid.mesh, ElementQuad2(), intorder=5)
    assert basis.mapping.detDF(basis.X).min() > 0
    np.testing.assert_allclose(basis.dx.sum(), area(void), rtol=1e-6)  # measured 1.5e-7


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_points_are_found_where_they_are(seed):
    void = void_of(seed)
    grid = OGrid(void, COARSE)
    points = in_domain(void, np.random.default_rng(seed).random((300, 2)))
    element, reference = grid.locate(points)
    corners = grid.nodes[grid.element_nodes[element]]
    found = np.einsum("na,nai->ni", shape_functions(reference)[0], corners)
    np.testing.assert_allclose(found, points, atol=1e-12)  # measured 1e-14
    # Beyond [0, 1] only by how far the quadratic wall of this coarse grid is from the true one.
    assert np.all((reference > -0.05) & (reference < 1 + 1e-6))  # measured -2e-3


def test_the_corners_of_the_cell_are_nodes_and_wall_nodes_are_on_the_wall():
    void = void_of(1)
    grid = OGrid(void, COARSE)
    for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
        assert np.abs(grid.nodes - corner).sum(axis=1).min() < 1e-15
    wall = grid.nodes[grid.element_nodes[:: COARSE.across][:, [0, 7, 3]]].reshape(-1, 2) - 0.5
    np.testing.assert_allclose(np.hypot(*wall.T), void.radius(np.arctan2(wall[:, 1], wall[:, 0])), rtol=1e-13)


def test_a_point_in_the_void_is_refused():
    with pytest.raises(SolverError, match="point: expected inside the solver's grid, got"):
        OGrid(void_of(1), COARSE).locate(np.array([[0.5, 0.5]]))


@given(st.floats(0.01, 1.4), st.floats(0.01, 1.4))
def test_grading_is_monotone_with_the_slopes_it_is_given(first, last):
    t = np.linspace(0, 1, 201)
    s = graded(t, first, last)
    assert s[0] == 0 and abs(s[-1] - 1) < 1e-12 and np.all(np.diff(s) > 0)
    h = 1e-7
    np.testing.assert_allclose(graded(np.array([h]), first, last) / h, first, atol=1e-5)
    np.testing.assert_allclose((1 - graded(np.array([1 - h]), first, last)) / h, last, atol=1e-5)
