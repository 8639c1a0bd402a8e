"""Statuses whose details make no sense, tell of an older server, or come before the requests were written."""

import asyncio

import numpy as np
import pytest
from fakes import BOTH, ENCODED, detailed, ends, threads
from google.protobuf import any_pb2
from google.rpc import error_details_pb2
from grpc import StatusCode

from enf2enf.client import AsyncClient, Retry
from enf2enf.errors import QueryError, ServiceError


def info(reason, **parts):
    packed = any_pb2.Any()
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="enf2enf", metadata=parts))
    return packed


@BOTH
def test_a_server_that_does_not_know_walls_as_a_place(fake, ask):
    more = detailed(3, "wrong", info("QueryError", name="target", expected="one of three", got="none"))
    fake[0].sampled = fake[0].streamed = ends(StatusCode.INVALID_ARGUMENT, "wrong", [more])
    sentence = 'expected a server that knows at="wall", got one that does not, as of servers before 0.2'
    decode = lambda c: c.decode(c.encode(b"x", name="vtu"), {}, "wall")  # noqa: E731
    for call in (decode, lambda c: c.predict(b"x", {}, "wall", name="vtu")):
        with pytest.raises(ServiceError, match=sentence):
            ask(fake[1], call)
    with pytest.raises(QueryError, match="^target: expected one of three, got none"):
        ask(fake[1], lambda c: c.predict(b"x", {}, [[0.0, 0.0]], name="vtu"))


GARBAGE = any_pb2.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
DETAILS = {
    "garbage": ("grpc-status-details-bin", b"\xff\xff\xff"),
    "of another status": detailed(5, "wrong", info("QueryError", name="n", expected="e", got="g")),
    "of another message": detailed(3, "other", info("QueryError", name="n", expected="e", got="g")),
    "garbage within": detailed(3, "wrong", GARBAGE),
}


@BOTH
@pytest.mark.parametrize("fault", DETAILS)
def test_details_that_are_none_leave_the_status(fake, ask, fault):
    fake[0].described = ends(StatusCode.INVALID_ARGUMENT, "wrong", [DETAILS[fault]])
    with pytest.raises(ServiceError, match="expected an answer, got INVALID_ARGUMENT: wrong"):
        ask(fake[1], lambda c: c.describe())


@pytest.mark.parametrize("reason", ["Mapping", "Iterable", "Any", "place", "ValueError", "QueryError", ""])
def test_a_reason_is_one_of_the_errors(fake, reason):
    more = detailed(3, "wrong", info(reason, name="n", expected="e", got="g"))
    fake[0].described = ends(StatusCode.INVALID_ARGUMENT, "wrong", [more])
    with pytest.raises(QueryError if reason == "QueryError" else ServiceError, match="^n: expected e, got g"):
        threads(fake[1], lambda c: c.describe())


def test_a_status_is_told_that_came_while_the_client_was_writing(fake):
    """grpc.aio hides it then, mostly; what is asked a second time listens first."""
    fake[0].streamed = ends(StatusCode.PERMISSION_DENIED, "not you")
    points, retry = np.zeros((10_000, 2)), Retry(attempts=2, first_seconds=0.001)

    async def refused():
        async with AsyncClient(fake[1], retry=retry) as client:
            shape = await client.encode(b"x", name="vtu")
            return await asyncio.gather(*(client.decode(shape, {}, points) for _ in range(200)), return_exceptions=True)

    told = [str(error) for error in asyncio.run(refused())]
    assert len(told) == 200 and not [words for words in told if "PERMISSION_DENIED: not you" not in words]


@pytest.mark.parametrize("timeout", [None, 0.9])
def test_a_call_that_listens_is_answered(fake, timeout):
    """By a server that says nothing before it has read: after a moment, or a part of what time there is; as without."""
    fake[0].encoded = lambda context: next(encoded)(context)
    encoded = iter([ends(StatusCode.INTERNAL, "Internal error from Core"), lambda context: ENCODED])

    async def asked():
        async with AsyncClient(fake[1], timeout=timeout) as client:
            return await client.encode(b"x", name="vtu")

    assert asyncio.run(asked()).handle == ENCODED.handle
