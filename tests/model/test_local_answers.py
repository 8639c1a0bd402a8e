"""Asking only the latents in reach changes nothing: compact windows make it exact."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.model import rotary_decoder
from enf2enf.model.decoder import BLOCK
from enf2enf.model.queries import Queries
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.nn.bi_invariant import Translation
from enf2enf.nn.latents import LatentCloud
from enf2enf.nn.nearby import latents_in_reach
from enf2enf.schema import Quantity, Schema

pytestmark = pytest.mark.slow

LATENTS, POINTS = 300, 256
in_reach = jax.jit(latents_in_reach, static_argnums=3)
seeds = st.integers(0, 2**31 - 1)


@pytest.fixture(scope="module")
def both():
    """What blocks answer, what all points answer together, and whether blocks could leave latents out."""
    config = RotaryConfig(width=16, heads=2, blocks=0, layers=2, reaches=(0.7, 1.4))
    decoder = config.build(Translation(), 16, Schema(2, (), (Quantity("u"),)), 0, key=jax.random.key(0))

    @eqx.filter_jit
    def answers(pose, context, window, points):
        prepared = decoder.condition((LatentCloud(pose, context, window),), jnp.zeros(0))
        assert decoder.is_local(prepared)
        distance = jnp.linalg.norm(points, axis=1)
        radius = jnp.max(prepared.radius, axis=0)
        places = (points - prepared.centre).reshape(-1, BLOCK, 2)
        whole = jax.vmap(lambda block: latents_in_reach(prepared.pose, radius, block, rotary_decoder._NEAR)[1])(places)
        queries = Queries(points, distance, jnp.zeros_like(points))
        return decoder.answer(prepared, queries), decoder(prepared, queries), jnp.all(whole)

    return answers


def _cloud(random):
    pose, context = random.uniform(-0.5, 0.5, (LATENTS, 2)), random.normal(size=(LATENTS, 16))
    return jnp.asarray(pose, jnp.float32), jnp.asarray(context, jnp.float32)


@settings(max_examples=20)
@given(seed=seeds, spread=st.floats(0.01, 1.0), window=st.floats(0.01, 0.4))
def test_blocks_answer_as_all_points_together(both, seed, spread, window):
    """Points close together or not, windows wide or narrow: where too many latents are heard, all are asked."""
    random = np.random.default_rng(seed)
    points = jnp.asarray(random.uniform(-0.5, 0.5, 2) + spread * random.uniform(-1, 1, (POINTS, 2)), jnp.float32)
    blocks, together, _ = both(*_cloud(random), jnp.full(LATENTS, window), points)
    blocks, together = np.asarray(blocks), np.asarray(together)
    assert np.max(np.abs(blocks - together)) < 1e-4 * np.max(np.abs(together))  # measured 2e-6


def test_latents_are_left_out_of_compact_blocks_and_not_of_wide_ones(both):
    random = np.random.default_rng(0)
    unit = random.uniform(-1, 1, (POINTS, 2))
    for spread, expected in ((0.05, True), (1.0, False)):
        points = jnp.asarray(spread * unit, jnp.float32)
        assert both(*_cloud(random), jnp.full(LATENTS, 0.15), points)[2] == expected


@given(seed=seeds, count=st.sampled_from([1, 20, LATENTS]))
def test_all_that_are_heard_are_found_once_and_it_is_known_whether_they_are_all(seed, count):
    random = np.random.default_rng(seed)
    pose, radius = random.uniform(-1, 1, (LATENTS, 2)), random.uniform(0.05, 0.3, LATENTS)
    points = random.uniform(-0.1, 0.1, (30, 2)) + random.uniform(-0.5, 0.5, 2)
    index, whole = in_reach(*(np.asarray(x, np.float32) for x in (pose, radius, points)), count)
    near = (np.linalg.norm(points[:, None] - pose, axis=-1) < radius).any(axis=0)
    times = np.bincount(index, minlength=LATENTS)
    assert len(index) == count
    if whole:
        np.testing.assert_array_equal(times[near], 1)
        assert (times > 1).sum() <= 1  # of those not heard, one fills up
    else:
        assert count < LATENTS
