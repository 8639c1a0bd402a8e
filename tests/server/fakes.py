"""A server that answers whatever a test wants, over a real channel, and what makes right answers."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import status_pb2

from enf2enf import AsyncClient, Client
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

Answer = Callable[[grpc.ServicerContext], Any]
ENCODED = pb.EncodeResponse(handle="h", walls=[pb.Wall(nodes=4)], lower=[0, 0], upper=[1, 1], nodes=5, cells=3)
DESCRIBED = pb.DescribeResponse(name="m", dim=2, card_json="{}", fields=[pb.Quantity(name="p", kind=1)])


def f4(count: int, value: float = 1.0) -> bytes:
    return np.full(count, value, "<f4").tobytes()


def f8(count: int, value: float = 0.5) -> bytes:
    return np.full(count, value, "<f8").tobytes()


def field(count: int, name: str = "p", value: float = 1.0, components: int = 1) -> pb.FieldValues:
    return pb.FieldValues(name=name, values=f4(count * max(1, components), value), components=components)


def chunk(count: int = 4, first: int = 0, fields=None, **others: bytes) -> pb.FieldChunk:
    return pb.FieldChunk(first=first, count=count, fields=[field(count)] if fields is None else fields, **others)


def sides(count: int = 4) -> dict[str, bytes]:
    numbers = np.zeros(count, "<i4").tobytes()
    return {"points": f8(2 * count), "normals": f8(2 * count), "lengths": f8(count), "walls": numbers}


class Fake(pb_grpc.SurrogateServicer):
    """Answers with what is set, for every method."""

    def __init__(self):
        self.described: Answer = lambda context: DESCRIBED
        self.encoded: Answer = lambda context: ENCODED
        self.sampled: Answer = lambda context: None
        self.streamed: Answer = lambda context: iter(())

    def Describe(self, request, context):
        return self.described(context)

    def Encode(self, requests, context):
        for _ in requests:
            pass
        return self.encoded(context)

    def Sample(self, request, context):
        return self.sampled(context)

    def Decode(self, requests, context):
        yield from self.streamed(context)

    def Predict(self, requests, context):
        for _ in requests:
            pass
        yield from self.streamed(context)


@contextlib.contextmanager
def faked() -> Iterator[tuple[Fake, str]]:
    """The server and its address."""
    fake, server = Fake(), grpc.server(futures.ThreadPoolExecutor(16))
    pb_grpc.add_SurrogateServicer_to_server(fake, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield fake, f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def ends(code: grpc.StatusCode, details: str, trailers=()) -> Answer:
    """A call that fails."""

    def end(context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata(tuple(trailers))
        context.abort(code, details)

    return end


def detailed(code: int, message: str, *details: Any) -> tuple[str, bytes]:
    """The trailer that says more about a status."""
    status = status_pb2.Status(code=code, message=message, details=details)
    return "grpc-status-details-bin", status.SerializeToString()


def threads(address: str, call: Callable[[Client], Any]) -> Any:
    """What the client for threads makes of it."""
    with Client(address, timeout=20) as client:
        return call(client)


def loop(address: str, call: Callable[[Any], Any]) -> Any:
    """What the one for event loops does."""

    class Waiting:
        def __init__(self, client):
            self._client = client

        def __getattr__(self, name):
            return lambda *args, **options: run.run(getattr(self._client, name)(*args, **options))

    async def connected():
        return AsyncClient(address, timeout=20)

    with asyncio.Runner() as run:
        client = Waiting(run.run(connected()))
        try:
            return call(client)
        finally:
            client.close()


BOTH = pytest.mark.parametrize("ask", [threads, loop], ids=lambda ask: ask.__name__)
"""By either client."""
