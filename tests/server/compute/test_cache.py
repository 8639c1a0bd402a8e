"""The cache of shapes: bounded, and every owner sees only what is theirs."""

import dataclasses

import numpy as np
import pytest

from enf2enf.geometry.frames import FrameConfig
from enf2enf.inference.encoding import MOST_DIRECTIONS, Encoding
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.cache import EncodedShape, ShapeCache, handle_of
from enf2enf_server.compute.models import Model
from enf2enf_server.parsing.parsed_mesh import ParsedMesh


def model_of(surrogate, frames):
    config = dataclasses.replace(surrogate.config, frames=frames)
    return Model("m", 1, Surrogate(surrogate.model, config, surrogate.normaliser, {}))


@pytest.fixture
def shape(surrogate):
    usual = model_of(surrogate, FrameConfig())

    def made(nodes, owner="me", model=usual, handle="a"):
        mesh = ParsedMesh(np.zeros((nodes, 2)), 0, (), None, ({},), 0, 0.0)
        return EncodedShape(handle, model, owner, mesh, (), Encoding(None, ({},), 32, ""), 0.1, 0.2)

    return made


def test_it_keeps_the_recently_used_within_both_bounds(shape):
    cache = ShapeCache(entries=3, bytes_=3 * shape(1000).bytes)
    for name in "abc":
        cache.put(shape(1000, handle=name))
    cache.find("me", "a")
    cache.put(shape(1000, handle="d"))
    assert cache.find("me", "b") is None and cache.find("me", "a") is not None and len(cache) == 3
    cache.put(shape(100_000, handle="big"))
    assert len(cache) == 1 and cache.find("me", "big") is not None
    assert cache.bytes == shape(100_000).bytes


def test_a_shape_with_more_views_takes_more(surrogate, shape):
    box, context = ((-1.0, -1.0), (1.0, 1.0)), 112 * 96 * 4  # of the shipped model
    usual = shape(10).bytes
    for frames, views in (
        (FrameConfig(), 1),
        (FrameConfig(reflections=("x", "y")), 4),
        (FrameConfig("walls", box=box), 1),
        (FrameConfig("inflow", box=box, inflow="load"), MOST_DIRECTIONS),
        (FrameConfig("inflow", ("y",), box, "load"), 2 * MOST_DIRECTIONS),
    ):
        more = shape(10, model=model_of(surrogate, frames)).bytes - usual
        assert more >= (views - 1) * context and (more > 0) == (views > 1)


def test_a_shape_is_its_owners(shape):
    cache = ShapeCache(entries=3, bytes_=1 << 30)
    cache.put(shape(10, "me", handle="a"))
    assert cache.find("you", "a") is None and cache.find("me", "a") is not None


def test_shapes_go_with_their_model(surrogate, shape):
    one, two = Model("m", 1, surrogate), Model("m", 1, surrogate)  # the same name and version, loaded twice
    cache = ShapeCache(entries=9, bytes_=1 << 30)
    cache.put(shape(10, model=one, handle="a"))
    cache.put(shape(10, model=two, handle="b"))
    cache.keep([two])
    assert cache.find("me", "a") is None and cache.find("me", "b") is not None
    assert cache.bytes == shape(10, model=two).bytes


def test_a_handle_depends_on_every_part_and_on_where_parts_end():
    parts = [(b"ab", ("c",)), (b"a", ("bc",)), (b"", ("abc",)), (b"", ("ab", "c")), (b"ab", ("d",)), (b"ac", ("c",))]
    assert len({handle_of(*part) for part in parts}) == len(parts)
