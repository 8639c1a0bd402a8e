"""Functions with their first arguments given: the same numbers, by one program for all of one structure."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from enf2enf.precision import bound, compiled


@pytest.fixture
def networks():
    """Three of one structure: it holds a function, which is equal to itself alone."""
    first = eqx.nn.MLP(2, 3, 5, 1, key=jax.random.key(0))
    return [jax.tree.map(lambda leaf, k=k: k * leaf if eqx.is_array(leaf) else leaf, first) for k in (1, 2, -3)]


def test_what_is_bound_answers_as_what_is_compiled_and_is_traced_once(networks):
    traced = []

    def apply(network, shift, points):
        traced.append(points)
        return jax.vmap(network)(points) + shift

    points, shift = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32), jnp.ones(3)
    answers = [bound(apply, network, shift)(points) for network in networks]
    assert len(traced) == 1
    for network, answer in zip(networks, answers, strict=True):
        assert np.asarray(answer).tobytes() == np.asarray(compiled(apply)(network, shift, points)).tobytes()
    bound(apply, networks[0], shift)(points[1:])
    bound(apply, eqx.nn.MLP(2, 3, 5, 2, key=jax.random.key(0)), shift)(points)
    assert len(traced) == 1 + 1 + 2  # of `compiled`, of another shape and of another structure


def test_what_is_bound_computes_in_single_precision(networks):
    with jax.enable_x64(True):
        halves = bound(lambda network, points: jax.vmap(network)(points) + jnp.linspace(0, 1, 3), networks[0])
        assert halves(np.zeros((4, 2), np.float32)).dtype == np.float32
