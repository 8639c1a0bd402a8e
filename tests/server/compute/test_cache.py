"""The cache of shapes: bounded, and every owner sees only what is theirs."""

import numpy as np

from enf2enf.inference.encoding import Encoding
from enf2enf_server.compute.cache import EncodedShape, ShapeCache, handle_of
from enf2enf_server.compute.models import Model
from enf2enf_server.parsing.parsed_mesh import ParsedMesh


def shape(nodes, owner="me", model=None, views=0, handle="a"):
    mesh = ParsedMesh(np.zeros((nodes, 2)), 0, (), None, 0, 0.0)
    return EncodedShape(handle, model, owner, mesh, (), Encoding(None, (None,) * views), 0.1, 0.2)


def test_it_keeps_the_recently_used_within_both_bounds():
    cache = ShapeCache(entries=3, bytes_=3 * shape(1000).bytes)
    for name in "abc":
        cache.put(shape(1000, handle=name))
    cache.find("me", "a")
    cache.put(shape(1000, handle="d"))
    assert cache.find("me", "b") is None and cache.find("me", "a") is not None and len(cache) == 3
    cache.put(shape(100_000, handle="big"))
    assert len(cache) == 1 and cache.find("me", "big") is not None
    assert cache.bytes == shape(100_000).bytes


def test_a_shape_with_more_views_takes_more():
    assert shape(10, views=2).bytes - shape(10, views=1).bytes > 112 * 96 * 4  # the contexts of the shipped model


def test_a_shape_is_its_owners():
    cache = ShapeCache(entries=3, bytes_=1 << 30)
    cache.put(shape(10, "me", handle="a"))
    assert cache.find("you", "a") is None and cache.find("me", "a") is not None


def test_shapes_go_with_their_model():
    one, two = Model("m", 1, None), Model("m", 1, None)  # the same name and version, loaded twice
    cache = ShapeCache(entries=9, bytes_=1 << 30)
    cache.put(shape(10, model=one, handle="a"))
    cache.put(shape(10, model=two, handle="b"))
    cache.keep([two])
    assert cache.find("me", "a") is None and cache.find("me", "b") is not None
    assert cache.bytes == shape(10).bytes


def test_a_handle_depends_on_every_part_and_on_where_parts_end():
    parts = [(b"ab", ("c",)), (b"a", ("bc",)), (b"", ("abc",)), (b"", ("ab", "c")), (b"ab", ("d",)), (b"ac", ("c",))]
    assert len({handle_of(*part) for part in parts}) == len(parts)
