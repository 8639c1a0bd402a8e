"""Encoders: deterministic, one geometry at a time, equivariant, differentiable in the wall."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.panels import Panels
from enf2enf.nn.bi_invariant import Translation

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
    return Panels(vertices, jnp.zeros(64, jnp.int32), jnp.asarray([[-0.5, -0.5], [0.5, 0.5]]))


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request):
    return ENCODERS[request.param].build(Translation(), 2, key=jax.random.key(1))


def _encode(encoder, panels):
    return encoder(encoder.measure(panels))


def test_moves_with_the_geometry(encoder):
    encode = eqx.filter_jit(_encode)
    panels, move = _panels(), jnp.asarray([4.25, -3.5])
    still, moved = (
        encode(encoder, panels),
        encode(encoder, Panels(panels.vertices + move, panels.role, panels.box + move)),
    )
    for a, b in zip(still, moved, strict=True):
        assert jnp.max(jnp.abs(b.pose - a.pose - move)) < 1e-6 * 8
        assert jnp.max(jnp.abs(b.context - a.context)) < 2e-4 * jnp.ptp(a.context)  # measured 4e-6; no move: 0.3


def test_batch_does_not_change_the_method(encoder):
    """Any batch gives the latents of each geometry alone (METHOD: the inner loss once averaged over the batch)."""
    measure = eqx.filter_jit(lambda e, panels: e.measure(panels))
    observations = [measure(encoder, _panels(lobes)) for lobes in (2, 3, 5)]
    batch = jax.tree.map(lambda *leaves: jnp.stack(leaves), *observations)
    together = eqx.filter_jit(lambda e, o: jax.vmap(e)(o))(encoder, batch)
    alone = eqx.filter_jit(lambda e, o: e(o))
    for index, observation in enumerate(observations):
        for one, many in zip(alone(encoder, observation), together, strict=True):
            assert jnp.max(jnp.abs(one.context - many.context[index])) < 1e-5 * jnp.max(jnp.abs(one.context))  # 1e-6


def test_is_deterministic(encoder):
    encode = eqx.filter_jit(_encode)
    one, two = encode(encoder, _panels()), encode(encoder, _panels())
    assert all(jnp.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True))


def test_latents_are_differentiable_in_the_wall(encoder):
    """The derivative along a deformation of the wall against a central difference."""
    panels = _panels()
    towards = panels.vertices / jnp.linalg.norm(panels.vertices, axis=-1, keepdims=True)

    @jax.jit
    def contexts(step):
        latents = _encode(encoder, Panels(panels.vertices + step * towards, panels.role, panels.box))
        return jnp.concatenate([cloud.context.ravel() for cloud in latents])

    exact = jax.jit(jax.jacfwd(contexts))(0.0)
    step = 2e-3
    difference = (contexts(step) - contexts(-step)) / (2 * step)
    assert jnp.all(jnp.isfinite(exact)) and jnp.linalg.norm(exact) > 1e-3
    assert jnp.linalg.norm(difference - exact) < 0.05 * jnp.linalg.norm(exact)  # measured 4e-3


def test_inner_steps_reduce_the_misfit_and_are_differentiated_through():
    encoder = ENCODERS["meta"].build(Translation(), 2, key=jax.random.key(1))
    observation = eqx.filter_jit(lambda e, panels: e.measure(panels))(encoder, _panels())
    frozen = eqx.tree_at(lambda e: e.log_rate, encoder, jnp.full_like(encoder.log_rate, -30.0))
    misfit = eqx.filter_jit(lambda e: e.reconstruction_loss(observation))
    assert misfit(encoder) < misfit(frozen)

    @jax.jit
    def loss(rate):
        return eqx.tree_at(lambda e: e.log_rate, encoder, encoder.log_rate + rate).reconstruction_loss(observation)

    step = 1e-2
    difference = (loss(step) - loss(-step)) / (2 * step)
    assert jnp.abs(jax.jit(jax.grad(loss))(0.0) - difference) < 0.02 * jnp.abs(difference) + 1e-6  # measured 1e-3
