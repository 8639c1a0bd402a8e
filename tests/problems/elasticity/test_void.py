"""The void against the formula it is defined by."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.problems.elasticity.void import CENTRE, Void

seeds = st.integers(0, 2**32 - 1)


def void_of(seed):
    return Void.random(np.random.default_rng(seed))


@given(seeds, st.floats(-10, 10))
def test_the_radius_is_the_definition_term_by_term(seed, theta):
    void = void_of(seed)
    g = 4 / 3 * void.cosines[0] / math.sqrt(2 * math.pi)
    for k in range(1, 8):
        s = 4 / math.sqrt(k * k + 9)
        g += s * (void.cosines[k] * math.cos(k * theta) + void.sines[k] * math.sin(k * theta)) / math.sqrt(math.pi)
    expected = 0.2 + 0.2 / (1 + math.exp(g))
    np.testing.assert_allclose(void.radius(np.array([theta]))[0], expected, rtol=1e-12)  # measured 3e-16


@given(seeds)
def test_the_wall_is_closed_within_bounds_and_bounds_the_hole(seed):
    void = void_of(seed)
    theta = np.linspace(0, 2 * np.pi, 400)
    wall = void.wall(theta)
    np.testing.assert_allclose(wall[0], wall[-1], atol=1e-14)
    assert np.all((void.radius(theta) > 0.2) & (void.radius(theta) < 0.4))
    assert void.contains(CENTRE + 0.999 * (wall - CENTRE)).all()
    assert not void.contains(CENTRE + 1.001 * (wall - CENTRE)).any()


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(60, 200), st.floats(0, 1))
def test_even_spacing_is_even_in_arc_length(seed, count, phase):
    void = void_of(seed)
    theta = void.evenly(count, phase)
    assert np.all(np.diff(theta) > 0)
    arcs = []
    for start, end in zip(theta, [*theta[1:], theta[0] + 2 * np.pi], strict=True):
        arc = void.wall(np.linspace(start, end, 30))
        arcs.append(np.linalg.norm(np.diff(arc, axis=0), axis=1).sum())
    assert np.ptp(arcs) / np.mean(arcs) < 1e-3  # measured 1.2e-4
