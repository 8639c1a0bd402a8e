"""Conditions on shapes: what is remembered of their checks is what checking them says."""

import dataclasses

import flows
import numpy as np
import pytest
from flows import GIVEN
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import ConditionError
from enf2enf.recent import Recent
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.compute.conditioned_shape import ConditionedShape, Conditioning
from enf2enf_server.compute.models import Model
from enf2enf_server.parsing.parsed_mesh import ParsedMesh


@pytest.fixture(scope="module")
def shape():
    surrogate = flows.surrogate()
    encoding = surrogate.encode(flows.mesh_of([*flows.bodies(np.random.default_rng(0), 1), *flows.far("cropped")]))
    mesh = ParsedMesh(np.zeros((1, 2)), 0, (), None, encoding.described, 0, 0.0)
    return EncodedShape("a", Model("m", 1, surrogate), "me", mesh, (), encoding, 0.1, 0.2)


speeds = st.sampled_from([0.0, -0.0, 1e-30, 3.0, 5.0, 60.0, 1e4])
asked = st.lists(st.tuples(speeds, speeds, st.booleans()), min_size=1, max_size=12)


@given(asked=asked, entries=st.integers(1, 4))
def test_what_is_remembered_is_what_would_be_found_again(shape, asked, entries):
    conditioning = Conditioning(entries)
    others = [shape, dataclasses.replace(shape, handle="b")]
    for x, y, other in asked:
        conditions = GIVEN | {"inflow": np.array([x, y])}
        try:
            expected = ConditionedShape.of(others[other], conditions)
        except ConditionError as error:
            with pytest.raises(ConditionError, match="^" + str(error).split(":")[0]):
                conditioning(others[other], conditions)
            continue
        found = conditioning(others[other], conditions)
        assert found.shape is others[other] and found.key == expected.key and found.conditions is conditions
        assert found.extrapolating == expected.extrapolating


def test_a_shape_that_was_uploaded_again_is_not_the_one_before(shape):
    conditioning, again = Conditioning(4), dataclasses.replace(shape)
    assert conditioning(shape, GIVEN).shape is shape
    assert conditioning(again, GIVEN).shape is again


@given(keys=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40), entries=st.integers(1, 4))
def test_the_last_that_were_used_are_kept(keys, entries):
    kept, order = Recent(entries), []
    for key, is_put in keys:
        assert kept.find(key) == (key if key in order else None)
        if is_put:
            kept.put(key, key)
        if is_put or key in order:
            order = ([one for one in order if one != key] + [key])[-entries:]
