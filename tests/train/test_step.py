"""One step: its gradient, its size, its average. On a model small enough to compile in no time."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Array

from enf2enf.model.decoder import AbstractDecoder
from enf2enf.model.encoder import AbstractEncoder
from enf2enf.model.network import Network
from enf2enf.model.queries import Queries
from enf2enf.nn.latents import LatentCloud
from enf2enf.train.arrays import Batch
from enf2enf.train.config import TrainConfig
from enf2enf.train.loss import relative_errors, smooth_errors
from enf2enf.train.stages import FieldLoss
from enf2enf.train.step import TrainState, _blocks, _mean, make_optimiser, make_step

pytestmark = pytest.mark.slow

GROUPS = (0, 1, 1)
RULES = ("muon", "adam")


class Scale(AbstractEncoder):
    """One latent, its context scaled."""

    factor: Array

    def measure(self, panels, placement=0):
        raise NotImplementedError

    def __call__(self, measurements):
        return (LatentCloud(measurements.pose, measurements.context * self.factor, measurements.window),)


class Plane(AbstractDecoder):
    """A field that is linear in the point, the conditions and the latent."""

    weight: Array
    steps: Array  # whole numbers are no weights

    def condition(self, latents, conditions):
        (cloud,) = latents
        return (LatentCloud(cloud.pose, cloud.context + conditions, cloud.window),)

    def __call__(self, prepared, queries):
        context = jnp.broadcast_to(prepared[0].context[0], (len(queries.points), 2))
        return jnp.concatenate([queries.points, queries.distance[:, None], context], axis=1) @ self.weight.T

    def is_local(self, prepared):
        return False

    def answer(self, prepared, queries):
        return self(prepared, queries)


class Along(Plane):
    """Fields of the distance alone: quadratic, a wave, cubic."""

    def __call__(self, prepared, queries):
        distance = queries.distance
        return jnp.stack([1 + 2 * distance - 3 * distance**2, jnp.cos(self.steps[1] * distance), distance**3], axis=1)


def toy(seed=0):
    random = np.random.default_rng(seed)
    weight = jnp.asarray(random.normal(size=(3, 5)), jnp.float32)
    return Network(Scale(jnp.asarray([1.5, 0.5])), Plane(weight, jnp.arange(3)))


def batch_of(cases, seed=0, points=6):
    random = np.random.default_rng(seed)
    normal = lambda *shape: jnp.asarray(random.normal(size=(cases, *shape)), jnp.float32)  # noqa: E731
    source = jax.vmap(LatentCloud)(normal(1, 2), normal(1, 2), jnp.ones((cases, 1)))
    valid = jnp.asarray(np.arange(points) < random.integers(2, points + 1, cases)[:, None])
    weight = jnp.asarray(random.uniform(0.5, 2, (cases, 3)), jnp.float32)
    queries = jax.vmap(Queries)(normal(points, 2), normal(points), jnp.zeros((cases, points, 2)))
    return Batch(source, normal(2), queries, normal(points, 3), weight, valid)


errors_of = eqx.filter_jit(lambda model, batch: relative_errors(model, batch, GROUPS, False))
smooth_errors_of = eqx.filter_jit(lambda model, batch, spacing: smooth_errors(model, batch, GROUPS, spacing))
value_and_grad = eqx.filter_jit(eqx.filter_value_and_grad(lambda model, batch: jnp.mean(errors_of(model, batch))))


@eqx.filter_jit
def guess_of(model, case):
    latents = model.decoder.condition(model.encoder(case.source), case.conditions)
    return model.decoder(latents, case.queries)


def state_of(config, steps=20, model=None):
    optimiser = make_optimiser(config, steps)
    return TrainState.start(toy() if model is None else model, optimiser), optimiser


@pytest.mark.parametrize("cases", [1, 3, 6])
def test_blocks_add_up_to_the_whole_batch(cases):
    model, batch = toy(), batch_of(cases)
    blocks = _blocks(batch)
    assert sum(len(block.valid) for block in blocks) == cases
    value, gradient = _mean([value_and_grad(model, block) for block in blocks])
    whole, expected = value_and_grad(model, batch)
    np.testing.assert_allclose(value, whole, rtol=1e-5)  # measured 2e-7
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), gradient, expected)
    assert jax.tree.structure(gradient) == jax.tree.structure(expected)


@settings(max_examples=10)
@given(seed=st.integers(0, 99), spacing=st.floats(0.05, 0.5))
def test_roughness_is_the_third_difference_and_errors_are_what_they_are(seed, spacing):
    model, batch = toy(seed), batch_of(3, seed)
    model = dataclasses.replace(model, decoder=Along(model.decoder.weight, jnp.array([0, 4, 0])))
    batch = dataclasses.replace(
        batch, wall=jnp.asarray(np.random.default_rng(seed).normal(size=(3, 5, 2, 2)), jnp.float32)
    )
    errors, roughness = map(np.asarray, smooth_errors_of(model, batch, np.float32(spacing)))
    np.testing.assert_allclose(errors, errors_of(model, batch), rtol=1e-5)
    wave = np.cos(4 * spacing * np.arange(4)) @ [1, -3, 3, -1]
    weight = np.asarray(batch.weight)
    expected = np.hypot(weight[:, 1] * wave, weight[:, 2] * 6 * spacing**3)
    np.testing.assert_allclose(roughness[:, 0], 0, atol=2e-6)
    np.testing.assert_allclose(roughness[:, 1], expected, rtol=1e-3, atol=3e-6)


@settings(max_examples=6)
@given(seed=st.integers(0, 99))
def test_the_loss_counts_valid_points_only_and_each_case_alone(seed):
    model, batch = toy(seed), batch_of(3, seed)
    errors = np.asarray(errors_of(model, batch))
    spoilt = np.where(np.asarray(batch.valid)[..., None], batch.target, np.float32(1e6))
    again = errors_of(model, dataclasses.replace(batch, target=spoilt))
    np.testing.assert_array_equal(errors, again)
    for case in range(3):
        alone = jax.tree.map(lambda leaf, i=case: np.asarray(leaf)[i], batch)
        miss = (alone.weight * (np.asarray(guess_of(model, alone)) - alone.target)).astype(np.float64)[alone.valid]
        expected = [np.sqrt((miss[:, :1] ** 2).mean()), np.sqrt((miss[:, 1:] ** 2).sum(axis=1).mean())]
        np.testing.assert_allclose(errors[case], expected, rtol=1e-5)  # measured 8e-8


@pytest.mark.parametrize("rule", RULES)
def test_the_schedule_reaches_the_weights(rule):
    """The optimiser of the reference code was baked into its jitted step: its rate never changed."""
    config = TrainConfig(steps=20, cases=4, points=6, rate=0.01, warmup=4, optimiser=rule)
    state, optimiser = state_of(config)
    step, batch, sizes = make_step(FieldLoss(), optimiser.update, GROUPS, config.average), batch_of(4), []
    for _ in range(20):
        before = np.asarray(state.model.decoder.weight)
        state, _ = step(state, batch)
        sizes.append(np.abs(np.asarray(state.model.decoder.weight) - before).mean())
    assert sizes[0] == 0  # the warm-up starts from a rate of 0
    assert sizes[1] < 0.5 * sizes[4]
    assert sizes[19] < 0.05 * sizes[4]  # by the schedule 0.0096
    assert int(state.step) == 20
    np.testing.assert_array_equal(state.model.decoder.steps, np.arange(3))


@settings(max_examples=8)
@given(steps=st.integers(2, 12), warmup=st.integers(0, 12), rate=st.floats(1e-5, 1), size=st.floats(0.01, 1e4))
def test_rates_follow_warm_up_and_cosine(steps, warmup, rate, size):
    """Under a constant gradient an update by Adam is the rate itself, whatever the gradient's size."""
    optimiser = make_optimiser(TrainConfig(steps=steps, warmup=warmup, rate=rate, optimiser="adam"), steps)
    ramp = max(min(warmup, steps // 2), 1)
    weight, gradient = jnp.zeros(1), jnp.full(1, size, jnp.float32)
    moments = optimiser.init(weight)
    for count in range(steps):
        update, moments = optimiser.update(gradient, moments, weight)
        cosine = 0.5 * (1 + math.cos(math.pi * (count - ramp) / (steps - ramp)))
        expected = -rate * (count / ramp if count < ramp else cosine)
        np.testing.assert_allclose(update, expected, rtol=1e-4, atol=1e-6 * rate)  # measured 1e-5


def test_gradients_are_clipped_by_their_norm_over_all_weights():
    config = TrainConfig(clip=0.5, optimiser="adam")
    clip = optax.clip_by_global_norm(config.clip)
    optimiser, gradient = make_optimiser(config, 100), {"a": jnp.full(3, 4.0), "b": jnp.full(2, -3.0)}
    state = optimiser.init(gradient)
    _, after = jax.jit(optimiser.update)(gradient, state, gradient)
    clipped, _ = jax.jit(clip.update)(gradient, clip.init(gradient))
    first = optax.tree_utils.tree_get(after, "mu")
    jax.tree.map(lambda mu, g: np.testing.assert_allclose(mu, 0.1 * g, rtol=1e-5), first, clipped)
    assert np.linalg.norm(np.concatenate([first["a"], first["b"]])) == pytest.approx(0.05, rel=1e-5)


def test_the_average_follows_its_recurrence():
    config = TrainConfig(steps=20, cases=2, rate=0.05, warmup=1, average=0.6, optimiser="adam")
    state, optimiser = state_of(config)
    step, batch = make_step(FieldLoss(), optimiser.update, GROUPS, config.average), batch_of(2)
    average = np.asarray(state.model.decoder.weight, np.float64)
    for number in range(12):
        state, _ = step(state, batch)
        decay = min(0.6, (1 + number) / (10 + number))
        average = decay * average + (1 - decay) * np.asarray(state.model.decoder.weight, np.float64)
        np.testing.assert_allclose(state.average.decoder.weight, average, rtol=1e-5)  # measured 1e-6
    assert not np.allclose(average, state.model.decoder.weight)


@pytest.mark.parametrize("rule", RULES)
def test_a_frozen_encoder_keeps_every_bit(rule):
    """Of the weights and of their average, over enough steps for rounding to add up."""
    config = TrainConfig(steps=200, cases=2, rate=0.05, warmup=1, average=0.999, optimiser=rule)
    # In plain float32, d * x + (1 - d) * x is not x for these two at some of the decays d.
    model = eqx.tree_at(lambda m: m.encoder.factor, toy(), jnp.asarray([1.2920753, 0.5760841]))
    state, optimiser = state_of(config, 200, model)
    batch = batch_of(2)
    frozen = dataclasses.replace(batch, source=jax.vmap(model.encoder)(batch.source))
    before, weight = np.asarray(model.encoder.factor), np.asarray(model.decoder.weight)
    step = make_step(FieldLoss(frozen=True), optimiser.update, GROUPS, config.average)
    for _ in range(60):
        state, _ = step(state, frozen)
    np.testing.assert_array_equal(state.model.encoder.factor, before)
    np.testing.assert_array_equal(state.average.encoder.factor, before)
    assert not np.allclose(state.average.decoder.weight, weight)
