"""Encoders: deterministic, one geometry at a time, equivariant, differentiable in the wall."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from enf2enf.geometry.plane.polygon import end_normals
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.panels import Panels
from enf2enf.nn.bi_invariant import Translation

pytestmark = pytest.mark.slow

ENCODERS = {
    "amortised": AmortisedConfig(width=16, heads=2, blocks=1, grid=3, wall=8),
    # An untrained field hardly feels its contexts: a large first rate makes the inner steps worth measuring.
    "meta": MetaConfig(context=4, width=16, heads=2, grid=2, samples=8, steps=2, rate=50.0),
}


def _panels(lobes: int = 3, depth: float = 0.06) -> Panels:
    angle = np.linspace(0, 2 * np.pi, 65)
    radius = 0.27 + depth * np.cos(lobes * angle + 0.3)
    wall = np.round(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) * 2**14) / 2**14
    vertices = jnp.asarray(np.stack([wall[:-1], wall[1:]], axis=1), jnp.float32)
    normals = jnp.asarray(end_normals(wall[:-1], np.zeros(64, bool)), jnp.float32)
    return Panels(vertices, jnp.zeros(64, jnp.int32), normals, jnp.asarray([[-0.5, -0.5], [0.5, 0.5]]))


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request):
    return ENCODERS[request.param].build(Translation(), 2, key=jax.random.key(1))


def _encode(encoder, panels):
    return encoder(encoder.measure(panels))


encode = eqx.filter_jit(_encode)
measure = eqx.filter_jit(lambda encoder, panels: encoder.measure(panels))
finish = eqx.filter_jit(lambda encoder, measurements: encoder(measurements))
finish_all = eqx.filter_jit(lambda encoder, measurements: jax.vmap(encoder)(measurements))


def _numbers(tree):
    """The same with arrays of NumPy, whose sums compile nothing."""
    return [jax.tree.map(np.asarray, (cloud.pose, cloud.context)) for cloud in tree]


def test_moves_with_the_geometry(encoder):
    panels, move = _panels(), np.asarray([4.25, -3.5], np.float32)
    vertices, box = (jnp.asarray(each + move) for each in (panels.vertices, panels.box))
    elsewhere = dataclasses.replace(panels, vertices=vertices, box=box)
    still, moved = (_numbers(encode(encoder, seen)) for seen in (panels, elsewhere))
    for (pose, context), (new_pose, new_context) in zip(still, moved, strict=True):
        assert np.max(np.abs(new_pose - pose - move)) < 1e-6 * 8
        assert np.max(np.abs(new_context - context)) < 2e-4 * np.ptp(context)  # measured 4e-6; no move: 0.3


def test_batch_does_not_change_the_method(encoder):
    """Any batch gives the latents of each geometry alone (METHOD: the inner loss once averaged over the batch)."""
    observations = [measure(encoder, _panels(lobes)) for lobes in (2, 3, 5)]
    batch = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *observations)
    together = _numbers(finish_all(encoder, batch))
    for index, observation in enumerate(observations):
        for (_, one), (_, many) in zip(_numbers(finish(encoder, observation)), together, strict=True):
            assert np.max(np.abs(one - many[index])) < 1e-5 * np.max(np.abs(one))  # 1e-6


def test_is_deterministic(encoder):
    one, two = encode(encoder, _panels()), encode(encoder, _panels())
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True))


def test_latents_are_differentiable_in_the_wall(encoder):
    """The derivative along a deformation of the wall against a central difference."""
    panels = _panels()
    towards = panels.vertices / np.linalg.norm(panels.vertices, axis=-1, keepdims=True)

    @jax.jit
    def contexts_and_derivative(step):
        def contexts(step):
            latents = _encode(encoder, dataclasses.replace(panels, vertices=panels.vertices + step * towards))
            return jnp.concatenate([cloud.context.ravel() for cloud in latents])

        return jax.jvp(contexts, (step,), (jnp.ones(()),))

    step = 2e-3
    (above, _), (_, exact), (below, _) = (map(np.asarray, contexts_and_derivative(s)) for s in (step, 0.0, -step))
    difference = (above - below) / (2 * step)
    assert np.all(np.isfinite(exact)) and np.linalg.norm(exact) > 1e-3
    assert np.linalg.norm(difference - exact) < 0.05 * np.linalg.norm(exact)  # measured 4e-3


def test_inner_steps_reduce_the_misfit_and_are_differentiated_through():
    encoder = ENCODERS["meta"].build(Translation(), 2, key=jax.random.key(1))
    observation = measure(encoder, _panels())
    misfit = jax.jit(
        jax.value_and_grad(
            lambda rate: eqx.tree_at(lambda e: e.log_rate, encoder, rate).reconstruction_loss(observation)
        )
    )
    rate, step = np.asarray(encoder.log_rate), np.float32(1e-2)
    (usual, slope), (frozen, _), (above, _), (below, _) = map(
        misfit, (rate, np.full_like(rate, -30.0), rate + step, rate - step)
    )
    assert usual < frozen
    difference = (float(above) - float(below)) / (2 * step)
    assert abs(slope.sum() - difference) < 0.02 * abs(difference) + 1e-6  # measured 1e-3


def test_latents_on_a_wall_reach_less_far_where_they_are_closer():
    """In proportion to their distances from their neighbours, over the mean, down to a share of the usual window."""
    config = AmortisedConfig(width=16, heads=2, blocks=1, grid=2, wall=8, wall_window=0.6, narrowest=0.25)
    angle = np.cumsum(np.repeat([1.0, 0.5, 0.1, 0.01, 0.01, 0.1, 0.5, 1.0], 8))
    wall = 0.3 * np.stack([np.cos(angle := 2 * np.pi * angle / angle[-1]), np.sin(angle)], axis=1)
    ends = jnp.asarray(np.stack([wall, np.roll(wall, -1, axis=0)], axis=1), jnp.float32)
    panels = Panels(ends, None, jnp.zeros_like(ends), jnp.asarray([[-0.5, -0.5], [0.5, 0.5]]))
    encoder = config.build(Translation(), 2, key=jax.random.key(1))
    grid, cloud = measure(encoder, panels)
    assert np.array_equal(grid.window, np.full(4, np.float32(config.window)))
    gap = np.linalg.norm(np.roll(cloud.pose, -1, axis=0) - cloud.pose, axis=1)
    own = (gap + np.roll(gap, 1)) / (2 * gap.mean())
    np.testing.assert_allclose(cloud.window, 0.6 * np.clip(own, 0.25, 1.0), rtol=1e-5)
    assert own.min() < 0.25 and own.max() > 1


def test_the_misfit_counts_other_points_as_much_as_the_samples():
    """Where the distance at half of the samples is given again it is the mean of both mean squares."""
    encoder = ENCODERS["meta"].build(Translation(), 2, key=jax.random.key(1))
    measured = measure(encoder, _panels())
    _, points, distance = measured
    loss = eqx.filter_jit(lambda *known: encoder.reconstruction_loss(measured, *known))
    whole, parts = loss(), [loss(points[part::2], distance[part::2]) for part in (0, 1)]
    assert parts[0] != parts[1]
    np.testing.assert_allclose(np.mean(parts), whole, rtol=1e-5)
    np.testing.assert_allclose(loss(points, distance), whole, rtol=1e-5)
