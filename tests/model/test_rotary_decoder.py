"""The response to a load: linear in its direction, or the magnitude of something linear, at a fixed level."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.model.queries import Queries
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.nn.bi_invariant import Translation
from enf2enf.nn.latents import LatentCloud
from enf2enf.schema import Quantity, Schema

pytestmark = pytest.mark.slow

SCHEMA = Schema(
    2,
    (Quantity("heat"), Quantity("load", "vector")),
    (Quantity("stress", scales_with=(("load", 1.0),)), Quantity("energy", scales_with=(("load", 2.0),))),
)
directions = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(lambda d: np.asarray(d, np.float32))


@pytest.fixture(scope="module")
def respond():
    """The fields at some points over the direction of the load, its level and all else fixed; without the constant."""
    random = np.random.default_rng(0)
    config = RotaryConfig(width=16, heads=2, blocks=1, layers=1, reaches=(0.7, 1.4), magnitude=3)
    decoder = config.build(Translation(), 16, SCHEMA, 5, key=jax.random.key(0))
    pose, points = (jnp.asarray(random.uniform(-0.5, 0.5, (n, 2)), jnp.float32) for n in (12, 30))
    cloud = LatentCloud(pose, jnp.asarray(random.normal(size=(12, 16)), jnp.float32), jnp.full(12, 0.6))

    @jax.jit
    def fields(direction):
        prepared = decoder.condition((cloud,), jnp.concatenate([jnp.array([0.3, 0.1, -0.8]), direction]))
        return decoder(prepared, Queries(points, jnp.full(30, 0.2), jnp.zeros_like(points))) - decoder.offset

    return lambda direction: np.asarray(fields(direction))


@given(one=directions, two=directions)
def test_the_odd_part_is_linear_and_the_even_part_obeys_the_parallelogram_law(respond, one, two):
    def odd(d):
        return (respond(d) - respond(-d))[:, 0] / 2

    def even(d):
        return (respond(d) + respond(-d))[:, 0] / 2

    assert np.max(np.abs(odd(one) + odd(two) - odd(one + two))) < 1e-4  # measured 2e-6
    law = even(one + two) ** 2 + even(one - two) ** 2 - 2 * even(one) ** 2 - 2 * even(two) ** 2
    assert np.max(np.abs(law)) < 1e-3  # measured 3e-5
    slanted = np.array([1.0, 0.5], np.float32)
    assert np.ptp(odd(slanted)) > 1e-2 < np.ptp(even(slanted))


@given(one=directions, two=directions)
def test_a_field_that_does_not_scale_linearly_with_it_knows_no_direction(respond, one, two):
    assert np.array_equal(respond(one)[:, 1], respond(two)[:, 1])


@given(angle=st.floats(0, 6.3), apart=st.floats(0.1, 3.0), distance=st.floats(0, 0.5))
def test_the_direction_from_the_wall_counts_where_it_is_near_and_asked_for(angle, apart, distance):
    ways = [np.array([np.cos(a), np.sin(a)], np.float32) for a in (angle, angle + apart)]
    decoders = {directed: _decoder(directed) for directed in (False, True)}
    fields = {directed: [ask(distance, way) for way in ways] for directed, ask in decoders.items()}
    assert np.array_equal(*fields[False])
    assert not np.array_equal(*fields[True])
    one, two = (decoders[True](40.0, way) for way in ways)
    assert np.max(np.abs(one - two)) < 1e-6 * np.max(np.abs(one))


@functools.cache
def _decoder(directed: bool):
    """The fields at one point over its distance and its direction from the wall."""
    config = RotaryConfig(width=16, heads=2, blocks=0, layers=1, reaches=(0.7, 1.4), directed=directed)
    decoder = config.build(Translation(), 16, SCHEMA, 5, key=jax.random.key(0))
    cloud = LatentCloud(jnp.zeros((3, 2)), jnp.ones((3, 16)), jnp.full(3, 0.6))
    prepared = decoder.condition((cloud,), jnp.ones(5))

    @jax.jit
    def fields(distance, direction):
        return decoder(prepared, Queries(jnp.zeros((1, 2)), distance[None], direction[None]))

    return lambda distance, direction: np.asarray(fields(np.float32(distance), np.asarray(direction)))
