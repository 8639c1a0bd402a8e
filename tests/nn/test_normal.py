"""The normal of the wall nearest to a point, from panels and their normals, against those of smooth curves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry.plane.polygon import end_normals
from enf2enf.nn.distance import from_wall, signed_distance

_HALF = 0.5**0.5
few = settings(max_examples=25, deadline=None)
found = jax.jit(jax.vmap(from_wall, in_axes=(None, None, 0)))
derivatives = jax.jit(jax.jacrev(from_wall, argnums=(0, 1, 2)))
distances = jax.jit(jax.vmap(signed_distance, in_axes=(None, 0)))
slopes = jax.jit(jax.vmap(jax.grad(signed_distance, argnums=1), in_axes=(None, 0)))
shapes = st.floats(0.05, 1), st.sampled_from([120, 300]), st.integers(0, 10**6)


def panels_of(loop: np.ndarray, corners: np.ndarray | None = None) -> tuple[jax.Array, jax.Array]:
    """Its sides and their normals, body on the left."""
    sharp = np.zeros(len(loop), bool) if corners is None else corners
    sides = np.stack([loop, np.roll(loop, -1, axis=0)], axis=1)
    return jnp.asarray(sides, jnp.float32), jnp.asarray(end_normals(loop, sharp), jnp.float32)


def ellipse(aspect: float, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and normals."""
    x, y = np.cos(2 * np.pi * share), np.sin(2 * np.pi * share)
    normal = np.stack([aspect * x, y], axis=-1)
    return np.stack([x, aspect * y], axis=-1), normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def star(seed: int, count: int) -> np.ndarray:
    """A smooth curve with bulges and hollows."""
    random, angle = np.random.default_rng(seed), 2 * np.pi * np.arange(count) / count
    radius = 0.25 + 0.1 * sum(random.uniform(-0.5, 0.5) * np.cos(k * angle + random.uniform(0, 6)) for k in (1, 2, 3))
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@few
@given(*shapes, st.floats(0, 0.5))
def test_it_is_that_of_the_smooth_curve_to_second_order(aspect, count, seed, distance):
    """Of how much a panel turns, at any distance; a panel's own normal is off by half of that."""
    panels, normals = panels_of(ellipse(aspect, np.arange(count) / count)[0])
    wall, exact = ellipse(aspect, np.random.default_rng(seed).uniform(size=200))
    got = np.asarray(found(panels, normals, jnp.asarray(wall + distance * exact, jnp.float32)))
    own = np.asarray(normals)
    turn = np.arccos(np.clip((own[:, 0] * own[:, 1]).sum(axis=1), -1, 1)).max()
    off = np.linalg.norm(got - exact, axis=1)
    assert off.max() < 0.4 * turn**2 + 2e-4
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-6)


@few
@given(*shapes, st.sampled_from([0, 1e-4, 0.01, 0.3]))
def test_it_turns_without_a_jump_from_panel_to_panel(aspect, count, seed, distance):
    """All along a curve at some distance: a hundredth of a panel on, it turns a hundredth as much."""
    panels, normals = panels_of(ellipse(aspect, np.arange(count) / count)[0])
    start = np.random.default_rng(seed).integers(count)
    wall, exact = ellipse(aspect, (start + np.linspace(-1, 3, 400)) / count)
    got = np.asarray(found(panels, normals, jnp.asarray(wall + distance * exact, jnp.float32)))
    step, whole = np.linalg.norm(np.diff(got, axis=0), axis=1), np.linalg.norm(exact[-1] - exact[0])
    assert step.max() < 0.05 * whole + 1e-3


@few
@given(st.integers(0, 10**6))
def test_it_is_the_slope_of_the_distance(seed):
    """Beside hollows, too, and beyond the centres of their curvature."""
    panels, normals = panels_of(star(seed, 300))
    points = jnp.asarray(np.random.default_rng(seed).uniform(-0.8, 0.8, (300, 2)), jnp.float32)
    outside = np.asarray(distances(panels, points)) > 1e-3
    got, slope = (np.asarray(each) for each in (found(panels, normals, points), slopes(panels, points)))
    assert np.linalg.norm(got - slope, axis=1)[outside].max() < 0.05


@pytest.mark.parametrize(("at", "expected"), [
    ((0.5, -0.2), (0, -1)), ((0.999, -1e-3), (0, -1)), ((1.3, 0.4), (1, 0)), ((1.0, 0.5), (1, 0)),
    ((0.5, 0.9), (0, 1)), ((1.3, -0.4), (0.6, -0.8)), ((1.001, 0.0), (1, 0)), ((1.0, 0.0), (_HALF, -_HALF)),
    ((1.1, 1.1), (_HALF, _HALF)),
])  # fmt: skip
def test_around_a_corner_it_is_the_direction_from_it(at, expected):
    """Of a unit square, whose inside is no domain: there it is the nearest side's."""
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    for corners in (np.ones(4, bool), None):  # it turns by 90 degrees in any case
        got = found(*panels_of(square, corners), jnp.asarray([at], jnp.float32))[0]
        np.testing.assert_allclose(got, expected, atol=1e-5)


@few
@given(st.integers(0, 10**6), st.booleans())
def test_it_is_finite_and_has_derivatives_on_the_wall(seed, at_vertex):
    panels, normals = panels_of(star(seed, 40))
    point = panels[seed % 40, 0] if at_vertex else panels[seed % 40].mean(axis=0)
    for leaf in derivatives(panels, normals, point):
        assert np.isfinite(leaf).all()


@few
@given(inlet=st.floats(95, 175), place=st.floats(0.1, 0.9), distance=st.floats(0.01, 0.8))
def test_beyond_the_end_of_a_wall_it_is_the_direction_from_there(inlet, place, distance):
    """As the distance grows: where the next panel, which slants, is no wall."""
    slant, angle = np.deg2rad(inlet), np.deg2rad(90 + place * (inlet - 90))
    loop = np.array([(1.0, 0.0), (0.0, 0.0), (2 * np.cos(slant), 2 * np.sin(slant)), (1.0, 2.0)])
    panels, normals = panels_of(loop, np.ones(4, bool))
    point, is_wall = jnp.asarray(distance * np.array([np.cos(angle), np.sin(angle)]), jnp.float32), jnp.arange(4) == 0
    expected = [np.cos(angle), np.sin(angle)]
    np.testing.assert_allclose(from_wall(panels, normals, point, is_wall), expected, atol=1e-5)
    np.testing.assert_allclose(jax.grad(signed_distance, argnums=1)(panels, point, is_wall), expected, atol=1e-5)
