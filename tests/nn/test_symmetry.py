"""Poses and points moved together change nothing; the absolute-coordinate member shows that the test can tell."""

import dataclasses
import functools

import equinox as eqx
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
    """Poses, contexts, points and a move."""
    random = np.random.default_rng(seed)
    pose, points = (_dyadic(random, -0.5, 0.5, (n, dim), 2**16) for n in (LATENTS, POINTS))
    context = random.normal(size=(LATENTS, WIDTH)).astype(np.float32)
    return pose, context, points, _dyadic(random, -10, 10, dim, 2**10)


ROTARY = RotaryConfig(width=WIDTH, heads=2, blocks=1, layers=2, reaches=(0.7, 1.4), wavelengths=(2.0, 0.25))
BUILD = {
    "rotary": lambda member, dim, key: ROTARY.build(Translation(), WIDTH, Schema(dim, (), FIELDS), 0, key=key),
    "cross": lambda member, dim, key: CrossAttention(member, dim, WIDTH, 2, 1, 1.0, key=key),
    "field": lambda member, dim, key: NeuralField(member, dim, WIDTH, 2, WIDTH, 2, 1, 0, 0.5, key=key),
    "transformer": lambda member, dim, key: LatentTransformer(dim, WIDTH, 2, 2, 2, (2.0, 0.25), (0.15, 2.0), key=key),
}
FIELDS = (Quantity("u"),)
FAMILY = ("rotary", "cross", "field")


@functools.cache
def _structure(name: str, member, dim: int):
    """What all members of a family share: only their weights differ, which are arguments of one program."""
    return eqx.partition(BUILD[name](member, dim, jax.random.key(0)), eqx.is_array)[1]


@functools.cache
def build(name: str, member, dim: int, seed: int):
    """A member of a family with random weights."""
    weights = eqx.filter(BUILD[name](member, dim, jax.random.key(seed)), eqx.is_array)
    return eqx.combine(weights, _structure(name, member, dim))


@eqx.filter_jit
def transformed(transformer, context, pose):
    return transformer(context, pose)


def answer(module, member, pose, context, points):
    """What a member of a family gives at some points."""
    return np.asarray(_answer(module, member, *map(jnp.asarray, (pose, context, points))))


@eqx.filter_jit
def _answer(module, member, pose, context, points):
    cloud = LatentCloud(pose, context, jnp.full(LATENTS, 0.75))
    if isinstance(module, CrossAttention):
        return jax.vmap(lambda x: module(cloud, x, jnp.full(1, 0.25)))(points)
    if isinstance(module, NeuralField):
        return jax.vmap(lambda x: module(module.prepare(cloud), x, jnp.zeros(0)))(points)
    prepared = module.condition((cloud,), jnp.zeros(0))
    if isinstance(member, Absolute):  # the ablation: absolute positions, through an origin that stays behind
        prepared = dataclasses.replace(prepared, centre=jnp.zeros(points.shape[1]), pose=cloud.pose)
    return module(prepared, Queries(points, jnp.full(len(points), 0.25), jnp.zeros_like(points)))


def _change(name: str, member, seed: int, dim: int) -> float:
    pose, context, points, move = _scene(seed, dim)
    module = build(name, member, dim, seed % 7)
    still = answer(module, member, pose, context, points)
    moved = answer(module, member, pose + move, context, points + move)
    return float(np.max(np.abs(moved - still)) / np.ptp(still))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
@settings(max_examples=5)
@given(seed=seeds, dim=dims)
def test_translation_leaves_the_field_unchanged(name, seed, dim):
    assert _change(name, Translation(), seed, dim) < TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_absolute_coordinates_do_not(name):
    assert all(_change(name, Absolute(), seed, 2) > 1e-2 for seed in range(3))  # measured 0.2 and more


def _mixed(seed, dim, context, *poses):
    """The contexts after self-attention in each of the poses."""
    transformer = build("transformer", Translation(), dim, seed % 7)
    return [np.asarray(transformed(transformer, jnp.asarray(context), jnp.asarray(pose))) for pose in poses]


@pytest.mark.slow
@settings(max_examples=5)
@given(seed=seeds, dim=dims)
def test_self_attention_sees_relative_positions_only(seed, dim):
    pose, context, _, move = _scene(seed, dim)
    still, moved = _mixed(seed, dim, context, pose, pose + move)
    assert np.max(np.abs(moved - still)) < 2 * TOLERANCE * np.ptp(still)  # measured 3e-6


@settings(max_examples=5)
@given(seed=seeds, dim=dims)
def test_self_attention_does_see_positions(seed, dim):
    pose, context, _, _ = _scene(seed, dim)
    still, stretched = _mixed(seed, dim, context, pose, np.float32(1.5) * pose)
    assert np.max(np.abs(stretched - still)) > 1e-3 * np.ptp(stretched)


@pytest.mark.parametrize("name", FAMILY)
@settings(max_examples=4)
@given(seed=seeds)
def test_order_of_latents_does_not_matter(name, seed):
    pose, context, points, _ = _scene(seed, 2)
    order = np.random.default_rng(seed).permutation(LATENTS)
    module = build(name, Translation(), 2, 0)
    one = answer(module, Translation(), pose, context, points)
    other = answer(module, Translation(), pose[order], context[order], points)
    assert np.max(np.abs(one - other)) < TOLERANCE * np.ptp(one)  # measured 5e-7
