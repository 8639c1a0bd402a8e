"""Quantities travel as they are, and what a newer server might say is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.client.replies import quantity_of
from enf2enf.errors import ServiceError
from enf2enf.schema import Quantity
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.wire.convert import quantity_message
from enf2enf_server.wire.question import _vector

KINDS = ("scalar", "vector", "pseudoscalar", "pseudovector", "tensor")
quantities = st.builds(
    Quantity,
    name=st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True),
    kind=st.sampled_from(KINDS),
    unit=st.sampled_from(["", "Pa", "m/s"]),
    scales_with=st.dictionaries(st.sampled_from(["wind", "length"]), st.floats(-4, 4)).map(
        lambda powers: tuple(sorted(powers.items()))
    ),
    on=st.sampled_from(["domain", "wall"]),
    relative_to=st.sampled_from(["", "wind"]),
    transform=st.sampled_from(["identity", "log1p"]),
)


@given(quantity=quantities, dim=st.sampled_from([2, 3]))
def test_a_quantity_comes_back_the_same(quantity, dim):
    message = pb.Quantity.FromString(quantity_message(quantity).SerializeToString())
    assert quantity_of(message) == quantity
    assert _vector(message, dim) == (() if quantity.is_single else (quantity.width(dim),))


def test_an_older_server_says_less():
    assert quantity_of(pb.Quantity(name="p", kind=pb.Quantity.KIND_SCALAR, unit="Pa")) == Quantity("p", unit="Pa")


@pytest.mark.parametrize("kind", [0, 17])
def test_a_kind_that_is_not_known_is_named(kind):
    with pytest.raises(ServiceError, match=f"kind of p: expected one that this client knows, got {kind}"):
        quantity_of(pb.Quantity(name="p", kind=kind))
