"""Flow through channels: exact between flat walls, of the order of its elements elsewhere, and what Stokes flow is."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.problems.channel.problem import _error
from enf2enf.problems.channel.shape import LENGTH, Bump, Shape
from enf2enf.problems.channel.stokes import Resolution, solve_flow

seeds = st.integers(0, 2**32 - 1)
shapes = seeds.map(lambda seed: Shape.random(np.random.default_rng(seed)))
few = settings(max_examples=5)
COARSE = Resolution(24, 6)
BUMPS = Shape((Bump(1.5, 0.8, 0.3), Bump(2.6, 0.7, 0.2)), 0.05, 2.0, 1.0)


def drop(shape, resolution=COARSE):
    """From the mean pressure at the inlet to that at the outlet, by Simpson's rule."""
    flow = solve_flow(shape, resolution)
    weights = np.tile([2.0, 4.0], resolution.across + 1)[:-1]
    weights[0] = weights[-1] = 1.0
    first, last = (weights @ flow.pressure[nodes] / weights.sum() for nodes in flow.columns[[0, -1]])
    assert abs(last) < 1e-3 * first, "as its boundary condition says"  # measured 1e-4
    return first - last


@few
@given(st.integers(2, 12), st.integers(1, 8))
def test_between_flat_walls_it_is_poiseuille_flow(along, across):
    flow = solve_flow(Shape(), Resolution(along, across))
    x, y = flow.points.T
    exact = np.stack([6 * y * (1 - y), 0 * y], axis=1)
    np.testing.assert_allclose(flow.velocity, exact, atol=1e-11)  # measured 1e-13
    np.testing.assert_allclose(flow.pressure, 12 * (LENGTH - x), atol=1e-10)  # measured 2e-12


def test_it_converges_with_the_orders_of_its_elements():
    grids, errors = [solve_flow(BUMPS, Resolution(4 * across, across)) for across in (4, 8, 16)], []
    for coarse, fine in zip(grids[:-1], grids[1:], strict=True):
        nodes = fine.columns[::2, ::2].ravel()
        np.testing.assert_allclose(coarse.points, fine.points[nodes], atol=1e-14)
        off = coarse.velocity - fine.velocity[nodes], coarse.pressure - fine.pressure[nodes], coarse.flux - 1
        errors.append([np.linalg.norm(each) / np.sqrt(len(each)) for each in off])
    velocity, pressure, flux = np.log2(np.array(errors[0]) / errors[1])
    assert velocity > 2.8 and pressure > 1.9 and flux > 2.8  # measured 3.2, 2.1, 3.5


@few
@given(shapes)
def test_what_comes_in_goes_through_every_section_and_out(shape):
    flow = solve_flow(shape, COARSE)
    np.testing.assert_allclose(flow.flux[[0, -1]], 1, atol=1e-11)
    np.testing.assert_allclose(flow.flux, 1, atol=0.05)  # measured 0.016, of third order as above
    for nodes, height in ((flow.columns[:, 0], shape.bottom), (flow.columns[:, -1], shape.top)):
        assert not flow.velocity[nodes].any()
        np.testing.assert_allclose(flow.points[nodes, 1], height(flow.points[nodes, 0]), atol=1e-14)


@few
@given(shapes)
def test_it_can_be_reversed(shape):
    """Stokes flow is the same backwards: a channel seen from its outlet has the same drop, but for its ends."""
    turned = Shape(
        tuple(Bump(LENGTH - bump.middle, bump.width, bump.height) for bump in shape.bumps),
        shape.amplitude, shape.wave, np.pi - shape.phase - 2 * np.pi * LENGTH / shape.wave,
    )  # fmt: skip
    x = np.linspace(0, LENGTH, 50)
    np.testing.assert_allclose(turned.top(x), shape.top(LENGTH - x), atol=1e-12)
    assert abs(drop(turned) / drop(shape) - 1) < 0.01  # measured 3e-3


@few
@given(st.floats(0.01, 0.1))
def test_a_slight_bump_costs_what_lubrication_theory_says(height):
    """A drop of 12 dx / h^3 along walls that hardly turn."""
    shape, x = Shape((Bump(LENGTH / 2, LENGTH / 2, height),)), np.linspace(0, LENGTH, 2001)
    thin = np.trapezoid(12 * (shape.top(x) - shape.bottom(x)) ** -3.0, x)
    assert abs(drop(shape) / thin - 1) < 0.5 * height**2  # measured 0.22 times


def test_its_error_is_that_against_a_much_finer_grid():
    flow, fine = (solve_flow(BUMPS, Resolution(12 * factor, 3 * factor)) for factor in (1, 4))
    nodes = fine.columns[::4, ::4].ravel()
    worse = np.linalg.norm(flow.pressure - fine.pressure[nodes]) / np.linalg.norm(fine.pressure[nodes])
    np.testing.assert_allclose(_error(BUMPS, flow), worse, rtol=0.4)
