"""Poses and points moved together change nothing; the absolute-coordinate member shows that the test can tell."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.model.queries import Queries
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.nn.bi_invariant import Absolute, Translation
from enf2enf.nn.cross_attention import CrossAttention
from enf2enf.nn.field import NeuralField
from enf2enf.nn.latents import LatentCloud
from enf2enf.nn.transformer import LatentTransformer
from enf2enf.schema import Quantity, Schema

WIDTH, LATENTS, POINTS = 16, 12, 24
TOLERANCE = 1e-5  # of the span; measured 1.2e-6

# Coordinates are multiples of 2^-16, moves of 2^-10: moving them is exact in float32, and what is left is ours.
seeds = st.integers(0, 2**31 - 1)
dims = st.sampled_from([2, 3])


def _dyadic(random, low, high, shape, grain):
    return (random.integers(int(low * grain), int(high * grain) + 1, shape) / grain).astype(np.float32)


def _scene(seed: int, dim: int):
    random = np.random.default_rng(seed)
    pose, points = (_dyadic(random, -0.5, 0.5, (n, dim), 2**16) for n in (LATENTS, POINTS))
    cloud = LatentCloud(
        jnp.asarray(pose),
        jnp.asarray(random.normal(size=(LATENTS, WIDTH)), jnp.float32),
        jnp.full(LATENTS, 0.75),
    )
    return cloud, jnp.asarray(points), jnp.asarray(_dyadic(random, -10, 10, dim, 2**10))


def _moved(cloud: LatentCloud, move) -> LatentCloud:
    return LatentCloud(cloud.pose + move, cloud.context, cloud.window)


def _cross(member, dim, key):
    attention = CrossAttention(member, dim, WIDTH, 2, 1, 1.0, key=key)
    return lambda cloud, points: jax.vmap(lambda x: attention(cloud, x, jnp.full(1, 0.25)))(points)


def _field(member, dim, key):
    field = NeuralField(member, dim, WIDTH, 2, WIDTH, 2, 1, 0, 0.5, key=key)
    return lambda cloud, points: jax.vmap(lambda x: field(field.prepare(cloud), x, jnp.zeros(0)))(points)


def _rotary(member, dim, key):
    """The decoder of the `fast` preset; its ablation sees absolute positions through an origin that stays behind."""
    schema = Schema(dim, (), (Quantity("u"),))
    config = RotaryConfig(width=WIDTH, heads=2, blocks=1, layers=2, reaches=(0.7, 1.4), wavelengths=(2.0, 0.25))
    decoder = config.build(Translation(), WIDTH, schema, 0, key=key)

    def answer(cloud, points):
        prepared = decoder.condition((cloud,), jnp.zeros(0))
        if isinstance(member, Absolute):
            prepared = dataclasses.replace(prepared, centre=jnp.zeros(dim), pose=cloud.pose)
        return decoder(prepared, Queries(points, jnp.full(len(points), 0.25), jnp.zeros_like(points)))

    return answer


FAMILY = {"rotary": _rotary, "cross": _cross, "field": _field}


def _change(name: str, member, seed: int, dim: int) -> float:
    cloud, points, move = _scene(seed, dim)
    answer = jax.jit(FAMILY[name](member, dim, jax.random.key(seed % 7)))
    still, moved = answer(cloud, points), answer(_moved(cloud, move), points + move)
    return float(jnp.max(jnp.abs(moved - still)) / jnp.ptp(still))


@pytest.mark.parametrize("name", FAMILY)
@settings(max_examples=5)
@given(seed=seeds, dim=dims)
def test_translation_leaves_the_field_unchanged(name, seed, dim):
    assert _change(name, Translation(), seed, dim) < TOLERANCE


@pytest.mark.parametrize("name", FAMILY)
def test_absolute_coordinates_do_not(name):
    assert all(_change(name, Absolute(), seed, 2) > 1e-2 for seed in range(3))  # measured 0.2 and more


def _transformer(seed, dim):
    transformer = LatentTransformer(dim, WIDTH, 2, 2, 2, (2.0, 0.25), key=jax.random.key(seed % 7))
    return jax.jit(lambda context, pose: transformer(context, pose))


@settings(max_examples=5)
@given(seed=seeds, dim=dims)
def test_self_attention_sees_relative_positions_only(seed, dim):
    (cloud, _, move), mix = _scene(seed, dim), _transformer(seed, dim)
    still, moved = mix(cloud.context, cloud.pose), mix(cloud.context, cloud.pose + move)
    assert jnp.max(jnp.abs(moved - still)) < 2 * TOLERANCE * jnp.ptp(still)  # measured 3e-6


@settings(max_examples=5)
@given(seed=seeds, dim=dims)
def test_self_attention_does_see_positions(seed, dim):
    (cloud, _, _), mix = _scene(seed, dim), _transformer(seed, dim)
    stretched = mix(cloud.context, 1.5 * cloud.pose)
    assert jnp.max(jnp.abs(stretched - mix(cloud.context, cloud.pose))) > 1e-3 * jnp.ptp(stretched)


@pytest.mark.parametrize("name", FAMILY)
@settings(max_examples=4)
@given(seed=seeds)
def test_order_of_latents_does_not_matter(name, seed):
    cloud, points, _ = _scene(seed, 2)
    order = np.random.default_rng(seed).permutation(LATENTS)
    shuffled = jax.tree.map(lambda leaf: leaf[order], cloud)
    answer = jax.jit(FAMILY[name](Translation(), 2, jax.random.key(0)))
    one, other = answer(cloud, points), answer(shuffled, points)
    assert jnp.max(jnp.abs(one - other)) < TOLERANCE * jnp.ptp(one)  # measured 5e-7
