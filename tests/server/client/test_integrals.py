"""Lift, drag and moment travel with every answer of a model that has them."""

import dataclasses

import flows
import numpy as np
import pytest
from conftest import served

from enf2enf import Client
from enf2enf.schema import Integrals
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

PLACES = {"a point": [[1.0, 1.0]], "wall": "wall", "nodes": "nodes"}


@pytest.fixture(scope="module")
def surrogate():
    """Of a flow around two bodies; untrained."""
    return flows.surrogate(schema=dataclasses.replace(flows.SCHEMA, integrals=Integrals("pressure", "inflow")))


@pytest.fixture(scope="module")
def client(surrogate):
    with served(surrogate, ServerConfig()) as target, Client(target, timeout=60) as connected:
        yield connected


@pytest.fixture(scope="module")
def mesh():
    return flows.mesh_of([*flows.bodies(np.random.default_rng(0), 2), *flows.far("round")])


@pytest.mark.parametrize("place", PLACES)
def test_a_server_says_what_the_surrogate_does(surrogate, client, mesh, place):
    here, there = (model.predict(mesh, flows.GIVEN, PLACES[place]).integrals for model in (surrogate, client))
    assert here.keys() == there.keys() >= {"C_L", "C_D", "C_m", "C_D_pressure", "x_cp", "C_L_0", "C_D_1"}
    np.testing.assert_allclose(list(there.values()), list(here.values()), rtol=1e-5, atol=1e-7)


def test_a_polar_has_those_of_each_inflow(surrogate, client, mesh):
    turned = [flows.GIVEN | {"inflow": [6 * np.cos(angle), 6 * np.sin(angle)]} for angle in (0.0, 0.2, 0.4)]
    answers = client.predict_many(client.encode(mesh), turned, "wall")
    shape = surrogate.encode(mesh)
    for given, answer in zip(turned, answers, strict=True):
        np.testing.assert_allclose(
            answer.integrals["C_L"], surrogate.decode(shape, given, "wall").integrals["C_L"], 1e-5
        )
    assert len({answer.integrals["C_L"] for answer in answers}) == 3
