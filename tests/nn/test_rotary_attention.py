"""Rotary attention: what it hears of a latent fades smoothly at the edge of the window and depends on x - p only."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.nn.rotary import PlaneWaves
from enf2enf.nn.rotary_attention import CompactWindow, GaussianWindow, RotaryBlock

LATENTS, WIDTH, HEADS = 14, 16, 2
seeds = st.integers(0, 2**31 - 1)


def _uniform(random, low, high, shape):
    return jnp.asarray(random.uniform(low, high, shape), jnp.float32)


def _largest_step(values) -> float:
    return float(np.max(np.abs(np.diff(values, axis=0))))


def _itself(function):
    return function


@eqx.filter_jit
def _along(derive, block, waves, context, pose, radius, start, way, steps):
    """The answers, or their derivatives, at steps along a line."""
    keys_values = block.keys_values(context, waves(pose))

    def answer(s):
        point = (start + s * way)[None]
        squared = jnp.sum((point[:, None] - pose) ** 2, axis=-1)
        return block(jnp.ones((1, WIDTH)), waves(point), keys_values, CompactWindow(squared, radius))[0]

    return jax.vmap(derive(answer))(steps)


compact = jax.jit(lambda squared, radius, scores: CompactWindow(squared, radius)(scores))
gaussian = jax.jit(lambda squared, reach, scores: GaussianWindow(squared, reach)(scores))


@jax.jit
def _turned(waves, x, y, features):
    """By y, then by x; by their sum; by x and back."""
    return waves(x)(waves(y)(features)), waves(x + y)(features), waves(x).back()(waves(x)(features))


@jax.jit
def _phase(waves, x):
    return waves(x), jnp.einsum("hpd,nd->hnp", waves.vectors, x)


@pytest.fixture(scope="module")
def plane_waves():
    """By dimension."""
    return {dim: PlaneWaves(dim, HEADS, 5, (2.0, 0.2)) for dim in (2, 3)}


@pytest.mark.slow
@settings(max_examples=3)
@given(seed=seeds)
def test_the_answer_is_continuously_differentiable_along_lines(seed):
    """Halving the sampling of a continuous function must shrink its largest step; a jump stays."""
    random = np.random.default_rng(seed)
    pose, radius = _uniform(random, -1, 1, (LATENTS, 2)), _uniform(random, 0.4, 1.0, (HEADS, LATENTS))
    context = jnp.asarray(random.normal(size=(LATENTS, WIDTH)), jnp.float32)
    waves, block = PlaneWaves(2, HEADS, 4, (2.0, 0.5)), RotaryBlock(WIDTH, HEADS, 1, key=jax.random.key(seed % 5))
    start, way = (_uniform(random, -1, 1, 2) for _ in range(2))
    for derive in (_itself, jax.jacfwd):
        coarse, fine = (
            _along(derive, block, waves, context, pose, radius, start, way, np.linspace(-1, 1, n, dtype=np.float32))
            for n in (1_001, 16_001)
        )
        assert _largest_step(fine) < 0.35 * _largest_step(coarse) + 1e-3  # 1/16 expected; a jump would keep its size


@given(seed=seeds)
def test_latents_out_of_reach_say_nothing_and_the_rest_at_most_one(seed):
    random = np.random.default_rng(seed)
    squared, radius = _uniform(random, 0, 2, (9, LATENTS)), _uniform(random, 0.2, 1.5, (HEADS, LATENTS))
    weights = np.asarray(compact(squared, radius, _uniform(random, -50, 50, (HEADS, 9, LATENTS))))
    near = np.asarray(squared) < np.asarray(radius)[:, None] ** 2
    assert np.all((weights > 0) <= near) and np.all(weights >= 0)
    assert np.all(np.sum(weights, axis=-1) <= 1 + 1e-6)


@given(seed=seeds)
def test_a_gaussian_window_sums_to_one_and_prefers_what_is_near(seed):
    random = np.random.default_rng(seed)
    squared = _uniform(random, 0, 2, (9, LATENTS))
    reach, scores = np.array([0.3, 2.0], np.float32), np.zeros((HEADS, 9, LATENTS), np.float32)
    weights = np.asarray(gaussian(squared, reach, scores))
    assert np.max(np.abs(np.sum(weights, axis=-1) - 1)) < 1e-5
    assert np.all(np.argmax(weights, axis=-1) == np.argmin(squared, axis=-1))


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 3])
@given(seed=seeds)
def test_turns_compose_preserve_lengths_and_undo(plane_waves, dim, seed):
    """turn(x) turn(y) = turn(x + y): the identity behind relative positions, and against exact trigonometry."""
    random, waves = np.random.default_rng(seed), plane_waves[dim]
    x, y = _uniform(random, -1, 1, (4, dim)), _uniform(random, -1, 1, (4, dim))
    features = jnp.asarray(random.normal(size=(HEADS, 4, 10)), jnp.float32)
    both, once, undone = map(np.asarray, _turned(waves, x, y, features))
    assert np.max(np.abs(both - once)) < 1e-4  # measured 2e-5: angles up to 60 in float32
    assert np.max(np.abs(undone - np.asarray(features))) < 1e-5  # measured 7e-7
    phase, angle = _phase(waves, x)
    assert np.max(np.abs(phase.cos - np.cos(angle))) < 5e-6  # measured 1e-6
    assert np.max(np.abs(phase.sin - np.sin(angle))) < 5e-6


@pytest.mark.parametrize("dim", [2, 3])
def test_waves_span_their_lengths_in_all_directions(dim):
    waves = PlaneWaves(dim, HEADS, 64, (2.0, 0.1))
    vectors = np.asarray(waves.vectors).reshape(-1, dim)
    lengths = 2 * np.pi / np.linalg.norm(vectors, axis=1)
    assert lengths.min() == pytest.approx(0.1, rel=1e-4) and lengths.max() == pytest.approx(2.0, rel=1e-4)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    spread = units.T @ units / len(units)
    assert np.max(np.abs(spread - np.eye(dim) / dim)) < 0.03  # isotropic; measured 0.008
