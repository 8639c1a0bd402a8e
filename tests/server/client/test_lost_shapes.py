"""A shape that the server has dropped is encoded again by the model that encoded it, whatever else serves by now."""

import contextlib

import pytest
from conftest import CONDITIONS, cell

from enf2enf.client import Client
from enf2enf.errors import QueryError
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.models import Model
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

POINTS = [[0.1, 0.2], [0.8, 0.9]]


@pytest.fixture(scope="module")
def other(surrogate):
    """A surrogate that answers otherwise."""
    return Surrogate.untrained(surrogate.config, surrogate.normaliser, seed=2)


@contextlib.contextmanager
def forgetful(surrogate):
    """A server of one model that keeps one shape, and a client of it."""
    server, port = create_server(surrogate, ServerConfig(cached_shapes=1, parsers=1))
    server.start().result()
    try:
        with Client(f"127.0.0.1:{port}", timeout=60) as client:
            yield server.engine.models, client
    finally:
        server.stop()


def lose(client, model):
    """Makes the server drop the shapes that it has."""
    client.encode(cell(0.1), model=model)


def values(client, shape):
    answers = client.decode(shape, CONDITIONS, POINTS), *client.predict_many(shape, [CONDITIONS] * 2, POINTS)
    assert len({answer["stress"].tobytes() for answer in answers}) == 1
    return answers[0]["stress"].tobytes(), (answers[0].shape.model, answers[0].shape.version)


def test_beside_another_model(surrogate, other, mesh):
    with forgetful(surrogate) as (models, client):
        shape = client.encode(mesh)
        expected = values(client, shape)
        models.put(Model("another", 1, other))
        for model in ("another", "tiny"):
            lose(client, model)
            assert values(client, shape) == expected == (expected[0], ("tiny", 1))


def test_in_place_of_its_model(surrogate, other, mesh):
    with forgetful(surrogate) as (models, client):
        shape = client.encode(mesh)
        models.put(Model("another", 1, other))
        models.drop("tiny", 1)
        lose(client, "")
        with pytest.raises(QueryError, match="^model: expected one of another, got 'tiny'"):
            client.decode(shape, CONDITIONS, POINTS)


def test_a_version_that_was_not_named_is_the_newest(surrogate, other, mesh):
    with forgetful(surrogate) as (models, client):
        shapes = [client.encode(mesh), client.encode(mesh, version=1)]
        old = values(client, shapes[1])
        models.put(Model("tiny", 2, other))
        lose(client, "tiny")
        newest = values(client, shapes[0])
        assert newest[1] == ("tiny", 2) and newest[0] != old[0]
        lose(client, "tiny")
        assert values(client, shapes[1]) == old
