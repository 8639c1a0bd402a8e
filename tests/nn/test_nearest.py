"""A latent's weight and its first derivative vanish where it leaves the set; ties do not matter."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.latents import LatentCloud
from enf2enf.nn.bi_invariant import Translation
from enf2enf.nn.nearest import NearestAttention, nearest_weights

LATENTS = 14
counts = st.sampled_from([1, 3, 6])
seeds = st.integers(0, 2**31 - 1)


def _dense(index, weights):
    return jnp.zeros(LATENTS).at[index].add(weights)


@functools.partial(jax.jit, static_argnums=(4, 5))
def _follow(pose, radius, start, way, count: int, samples: int):
    def weights(s):
        return _dense(*nearest_weights(jnp.sum((pose - start - s * way) ** 2, axis=1), radius, count))

    s = jnp.linspace(-1, 1, samples)
    return jax.vmap(weights)(s), jax.vmap(jax.jacfwd(weights))(s)


def _along_line(seed: int, count: int, samples: int):
    """All weights, and their exact derivatives, along a random line through a random cloud."""
    random = np.random.default_rng(seed)
    pose = jnp.asarray(random.uniform(-1, 1, (LATENTS, 2)), jnp.float32)
    radius = jnp.asarray(random.uniform(0.4, 1.5, LATENTS), jnp.float32)
    start, way = (jnp.asarray(random.uniform(-1, 1, 2), jnp.float32) for _ in range(2))
    return _follow(pose, radius, start, way, count, samples)


def _largest_step(values) -> float:
    return float(jnp.max(jnp.abs(jnp.diff(values, axis=0))))


@settings(max_examples=8)
@given(seed=seeds, count=counts)
def test_weights_and_gradients_do_not_jump(seed, count):
    """Halving the sampling of a continuous function must shrink its largest step; a jump stays."""
    coarse, fine = (_along_line(seed, count, samples) for samples in (2_001, 32_001))
    for few, many in zip(coarse, fine, strict=True):
        assert _largest_step(many) < 0.25 * _largest_step(few) + 1e-4  # 1/32 expected; a jump would keep its size


@settings(max_examples=8)
@given(seed=seeds, count=counts)
def test_at_most_count_latents_speak(seed, count):
    weights, _ = _along_line(seed, count, 500)
    assert int(jnp.max(jnp.sum(weights > 0, axis=1))) <= count
    assert jnp.all(weights >= 0)


@given(tied=st.integers(2, LATENTS), count=counts)
def test_more_tied_latents_than_places_say_nothing(tied, count):
    squared = jnp.where(jnp.arange(LATENTS) < tied, 0.25, 9.0)
    _, weights = nearest_weights(squared, jnp.ones(LATENTS), count)
    assert float(jnp.sum(weights)) == 0 if tied > count else jnp.ptp(weights[:tied]) == 0 < weights[0]


@settings(max_examples=3)
@given(seed=seeds)
def test_the_answer_is_continuously_differentiable_along_lines(seed):
    random = np.random.default_rng(seed)
    attention = NearestAttention(Translation(), 2, 16, 3, 6, (0.5,), key=jax.random.key(seed % 5))
    cloud = LatentCloud(
        jnp.asarray(random.uniform(-1, 1, (LATENTS, 2)), jnp.float32),
        jnp.asarray(random.normal(size=(LATENTS, 16)), jnp.float32),
        jnp.full(LATENTS, 0.8),
    )
    modulated = attention.modulate(cloud)
    start, way = (jnp.asarray(random.uniform(-1, 1, 2), jnp.float32) for _ in range(2))

    def answer(s):
        return attention(modulated, start + s * way, jnp.float32(0.1))

    for function in (answer, jax.jacfwd(answer)):
        coarse, fine = (jax.jit(jax.vmap(function))(jnp.linspace(-1, 1, n)) for n in (1_001, 16_001))
        assert _largest_step(fine) < 0.35 * _largest_step(coarse) + 1e-3


def test_gradient_is_finite_everywhere():
    """At a pose, at an edge of a window, and beyond all windows."""
    pose = jnp.zeros((3, 2)).at[1, 0].set(1.0).at[2, 1].set(1.0)

    def total(point):
        return jnp.sum(nearest_weights(jnp.sum((pose - point) ** 2, axis=1), jnp.ones(3), 2)[1])

    for point in ((0.0, 0.0), (1.0, 1.0), (9.0, 9.0), (0.5, 0.5)):
        assert jnp.all(jnp.isfinite(jax.grad(total)(jnp.array(point))))
