"""The differentiable signed distance against exact answers and against the library's float64 one."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.geometry import Geometry
from enf2enf.nn.distance import signed_distance

distances = jax.jit(jax.vmap(signed_distance, in_axes=(None, 0)))
gradients = jax.jit(jax.vmap(jax.grad(signed_distance, argnums=1), in_axes=(None, 0)))


def _star(seed: int, centre: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = 0.25 + 0.1 * sum(random.uniform(-0.5, 0.5) * np.cos(k * angle + random.uniform(0, 6)) for k in (1, 2, 3))
    return centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _panels(*loops: np.ndarray):
    pairs = [np.stack([loop, np.roll(loop, -1, axis=0)], axis=1) for loop in loops]
    return jnp.asarray(np.concatenate(pairs), jnp.float32)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_agrees_with_the_geometry(seed):
    loops = (_star(seed), _star(seed + 1, centre=1.0))
    points = np.random.default_rng(seed).uniform(-0.6, 1.6, (400, 2))
    exact = Geometry.of(loops).signed_distance(points)
    assert np.abs(np.asarray(distances(_panels(*loops), jnp.asarray(points, jnp.float32))) - exact).max() < 2e-6  # 2e-7
    box = np.array([[-0.6, -0.6], [1.6, -0.6], [1.6, 1.6], [-0.6, 1.6]])
    points *= 1.2  # some beyond a wall that encloses the domain
    exact = Geometry.of((*loops, box), box).signed_distance(points)
    got = distances(_panels(*loops, box[::-1]), jnp.asarray(points, jnp.float32))
    assert np.abs(np.asarray(got) - exact).max() < 2e-6


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_gradient_is_a_unit_vector_and_a_wall_the_other_way_round_encloses_the_domain(seed):
    panels, points = _panels(_star(seed)), np.random.default_rng(seed).uniform(-0.6, 0.6, (100, 2)).astype(np.float32)
    there, back = (np.asarray(distances(p, points)) for p in (panels, jnp.asarray(np.asarray(panels)[:, ::-1])))
    far = np.abs(there) > 1e-3
    sizes = np.linalg.norm(np.asarray(gradients(panels, points)), axis=1)
    assert np.max(np.abs(sizes - 1) * far) < 1e-3  # measured 1e-4
    assert np.max(np.abs(there + back)) < 1e-6  # measured 6e-8


def test_is_finite_and_differentiable_on_the_wall():
    panels = _panels(_star(3))
    both = jax.jit(jax.value_and_grad(signed_distance, argnums=(0, 1)))
    for point in (np.asarray(panels)[0, 0], np.asarray(panels)[5].mean(axis=0)):
        value, gradient = both(panels, jnp.asarray(point))
        assert abs(float(value)) < 1e-6
        assert all(np.all(np.isfinite(leaf)) for leaf in gradient)
