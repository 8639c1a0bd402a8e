"""A channel between its inlet and its outlet, asked about here and at a server."""

import dataclasses

import numpy as np
import pytest
from conftest import cell, served

from enf2enf import Client, Geometry
from enf2enf.errors import GeometryError
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.mesh.curves import closed_curves
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.normalise import Normaliser
from enf2enf.schema import Quantity, Schema
from enf2enf.surrogate import Surrogate
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

WALLS = ("floor", "roof")
POINTS = np.random.default_rng(0).uniform([0, 0.2], [4, 0.9], (200, 2))


def channel(shift: float = 0.0) -> Mesh:
    """A channel of 4 by 1 with a bump on its floor, between an inlet and an outlet."""
    x, share = np.linspace(0, 4, 25), np.linspace(0, 1, 6)
    floor = 0.2 * np.exp(-(((x - 1.5) / 0.4) ** 2))[:, None]
    points = np.stack([np.repeat(x, 6), (floor + share * (1 - floor)).ravel()], axis=1) + shift
    node = np.arange(len(points)).reshape(25, 6)
    quads = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=2).reshape(-1, 4)
    lines = {"floor": node[:, 0], "roof": node[:, -1], "in": node[0], "out": node[-1]}
    patches = {name: np.stack([line[:-1], line[1:]], axis=1) for name, line in lines.items()}
    return Mesh(points, (CellBlock("quad", quads),), patches)


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    """Of a flow through channels; untrained."""
    velocity = Quantity("velocity", "vector", "m/s", scales_with=(("speed", 1.0),))
    schema = Schema(2, (Quantity("speed", unit="m/s"),), (velocity,), open_walls=True)
    random = np.random.default_rng(0)
    fields = [random.normal(size=(16, 2)) for _ in range(8)]
    config = ModelConfig(
        AmortisedConfig(width=16, heads=2, blocks=1, grid=4, wall=8),
        RotaryConfig(width=16, heads=2, blocks=1, layers=1, reaches=(0.7, 1.4)),
        panels=64,
    )
    speeds = random.uniform(1, 2, (8, 1))
    return Surrogate.untrained(config, Normaliser.fit(schema, np.full(8, 4.0), speeds, fields), seed=0)


@pytest.fixture(scope="module")
def client(surrogate):
    with served(surrogate, ServerConfig()) as target, Client(target, timeout=60) as connected:
        yield connected


@pytest.mark.parametrize("at", [POINTS, "nodes", "wall"], ids=["points", "nodes", "wall"])
def test_a_server_answers_as_the_surrogate_does(surrogate, client, at):
    assert client.describe().schema.open_walls
    here = surrogate.predict(channel(), {"speed": 1.5}, at, walls=WALLS)
    there = client.predict(channel(), {"speed": 1.5}, at, walls=WALLS)
    assert not here.outside and not there.outside and np.isfinite(here.fields["velocity"]).all()
    np.testing.assert_allclose(there.fields["velocity"], here.fields["velocity"], rtol=1e-6, atol=1e-6)
    shapes = surrogate.encode(channel(), walls=WALLS), client.encode(channel(), walls=WALLS)
    assert shapes[0].walls == shapes[1].walls == (24, 24)


def test_walls_are_numbered_as_they_lie_on_the_boundary(surrogate, client):
    expected = WallSides.of(Geometry.from_mesh(channel(), WALLS))
    for model in (surrogate, client):
        sides = model.predict(channel(), {"speed": 1.5}, "wall", walls=WALLS).sides
        np.testing.assert_array_equal(sides.walls, expected.walls)
        np.testing.assert_allclose(sides.midpoints, expected.midpoints, atol=1e-12)
        np.testing.assert_allclose(sides.normals, expected.normals, atol=1e-12)


def test_a_geometry_travels_as_its_curves(surrogate, client):
    geometry = Geometry.from_mesh(channel(), WALLS)
    here, there = (model.predict(geometry, {"speed": 1.5}, POINTS) for model in (surrogate, client))
    np.testing.assert_allclose(there.fields["velocity"], here.fields["velocity"], rtol=1e-6, atol=1e-6)


def test_answers_move_with_the_channel(surrogate):
    here = surrogate.predict(channel(), {"speed": 1.5}, POINTS, walls=WALLS)
    there = surrogate.predict(channel(32.0), {"speed": 1.5}, POINTS + 32, walls=WALLS)
    np.testing.assert_allclose(there.fields["velocity"], here.fields["velocity"], atol=1e-5)


def test_which_parts_are_walls_makes_a_difference(surrogate):
    both, floor = (
        surrogate.predict(channel(), {"speed": 1.5}, POINTS, walls=walls).fields["velocity"]
        for walls in (WALLS, WALLS[:1])
    )
    assert np.abs(both - floor).max() > 1e-3


@pytest.mark.parametrize("walls", [("floor", "lid"), ("floor", "inside")])
def test_walls_that_are_none_are_refused_alike(surrogate, client, walls):
    mesh = channel()
    mesh.patches["inside"] = np.array([[7, 8]])
    sentences = []
    for model in (surrogate, client):
        with pytest.raises(GeometryError) as caught:
            model.encode(mesh, walls=walls)
        sentences.append((caught.value.name, caught.value.expected, caught.value.got))
    assert sentences[0] == sentences[1]


def test_whole_loops_are_walls_too(surrogate, client):
    mesh = cell(0.3)
    large = Mesh(4 * mesh.points, mesh.cells)
    here, there = (model.predict(large, {"speed": 1.5}, "wall") for model in (surrogate, client))
    np.testing.assert_allclose(there.fields["velocity"], here.fields["velocity"], rtol=1e-6, atol=1e-6)


def test_a_small_body_between_two_walls_is_named_by_the_number_that_answers_give_it(surrogate, client):
    """Of one boundary there are two walls before it, in and out of the channel between them."""
    x, angle = np.linspace(0, 4, 25), 2 * np.pi * np.arange(24) / 24
    floor = np.stack([x, np.zeros(25)], axis=1)
    body = np.array([1.0, 0.5]) + 0.02 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    curves = closed_curves([np.concatenate([floor, floor[::-1] + [0.0, 1.0]]), body])
    on_wall = np.ones(74, dtype=bool)
    on_wall[[24, 49]] = False
    mesh = dataclasses.replace(curves, patches={"walls": curves.cells[0].nodes[on_wall]})
    for model in (surrogate, client):
        shape = model.encode(mesh, walls=["walls"])
        assert shape.walls == (24, 24, 24)
        (warning,) = shape.warnings
        assert warning == "walls 2: expected at least 12 of the model's panels each, got 3; shapes are lost"
