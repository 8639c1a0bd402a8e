"""The calls of `enf2enf.v1.Surrogate`: convert, call the engine, convert."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from google.protobuf.message import Message

from enf2enf.errors import QueryError
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.answer import FieldChunk
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.compute.engine import Engine
from enf2enf_server.compute.resolved_query import ExplicitPoints, Points, ResolvedQuery
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.caller import ANONYMOUS
from enf2enf_server.wire import convert
from enf2enf_server.wire.stream import RequestStream

_KEPT_POINTS = 1 << 20  # most sent points that are kept to be answered under several conditions


class SentPoints(Protocol):
    """Where the explicit points of a query come from."""

    def points(self, count: int, dim: int, size: int) -> Iterator[Points]:
        """So many of this dimension, `size` at a time."""
        ...

    def none(self) -> None:
        """Raises `StreamError` where there are any."""
        ...


class SurrogateService(pb_grpc.SurrogateServicer):
    """Answers with the models of an engine.

    Behind `Guard`: methods get a `Call` for gRPC's context, and a `RequestStream` for a stream of requests.
    """

    def __init__(self, engine: Engine):
        self._engine = engine

    async def Describe(self, request: pb.DescribeRequest, call: Call) -> pb.DescribeResponse:
        """See `surrogate.proto`."""
        return self.description(request)

    async def Encode(self, requests: RequestStream, call: Call) -> pb.EncodeResponse:
        """See `surrogate.proto`."""
        header = await requests.take("header")
        with self._engine.uploads.share(owner(call)) as share:
            with call.stage("receive"):
                data = await requests.file(header.size, share, self._engine.config)
                await requests.end()
            with call.place():
                return convert.encode_reply(await call.in_thread(self.encode, call, header, data))

    async def Decode(self, requests: RequestStream, call: Call) -> None:
        """See `surrogate.proto`."""
        header = await requests.take("header")
        with call.place():
            shape = self._engine.find(call, header.handle)
            await call.in_thread(self._stream, call, shape, header.query, requests, pb.DecodeResponse)

    async def Sample(self, request: pb.SampleRequest, call: Call) -> pb.SampleResponse:
        """See `surrogate.proto`."""
        query, *further = self._resolved(self._engine.find(call, request.handle), request.query)
        if further:
            raise QueryError("further", "none in Sample; Decode answers them", str(len(further)))
        query.admit(min(self._engine.config.points, query.surrogate.chunk_points))
        chunk, summary = await self._engine.sample(call, query, convert.sample_points(query, request.points))
        return pb.SampleResponse(chunk=convert.field_chunk(query, chunk), summary=convert.summary(summary))

    async def Predict(self, requests: RequestStream, call: Call) -> None:
        """See `surrogate.proto`."""
        header = await requests.take("header")
        with contextlib.ExitStack() as place:
            with self._engine.uploads.share(owner(call)) as share:
                with call.stage("receive"):
                    data = await requests.file(header.size, share, self._engine.config)
                    query = await requests.take("query")
                place.enter_context(call.place())
                shape = await call.in_thread(self.encode, call, header, data)
                del data
            await call.send(pb.PredictResponse(encoded=convert.encode_reply(shape)).SerializeToString())
            await call.in_thread(self._stream, call, shape, query, requests, pb.PredictResponse)

    def description(self, request: pb.DescribeRequest) -> pb.DescribeResponse:
        """What `Describe` answers."""
        return convert.description(self._engine.models.get(request.model, request.version), self._engine.config)

    def encode(self, call: Call, header: pb.MeshHeader, data: bytes | bytearray) -> EncodedShape:
        """The shape that `Encode` tells of. For the call's thread, as are all of the following."""
        return self._engine.encode(call, convert.mesh_options(header), data)

    def find(self, call: Call, handle: str) -> EncodedShape:
        """The shape of a handle."""
        return self._engine.find(call, handle)

    def answer(
        self, call: Call, shape: EncodedShape, message: pb.Query, sent: "SentPoints"
    ) -> Iterator[dict[str, Any]]:
        """The parts of the answer of `Decode`, each under the name of its part in the message."""
        queries = self._resolved(shape, message)
        first = queries[0]
        for query in queries:
            query.admit(self._engine.config.points // len(queries))
        if isinstance(first.target, ExplicitPoints):
            sent_points = sent.points(first.target.count, first.surrogate.schema.dim, first.block_points)
            points = _again(sent_points, first) if len(queries) > 1 else lambda: sent_points
        else:
            sent.none()
            points = first.known_points
        for query, part in self._engine.answers(call, queries, points):
            if isinstance(part, FieldChunk):
                yield {"chunk": convert.field_chunk(query, part)}
            else:
                yield {"summary": convert.summary(part)}

    def _resolved(self, shape: EncodedShape, query: pb.Query) -> list[ResolvedQuery]:
        return convert.resolve(shape, query, self._engine.conditioned)

    def _stream(
        self, call: Call, shape: EncodedShape, query: pb.Query, requests: RequestStream, kind: Callable[..., Message]
    ) -> None:
        for part in self.answer(call, shape, query, requests):
            call.wait(call.send(kind(**part).SerializeToString()))


def owner(call: Call) -> str:
    """Whose share of the uploads a call counts against; empty: nobody's."""
    return "" if call.caller is ANONYMOUS else call.caller.name


def _again(points: Iterator[Points], query: ResolvedQuery) -> Callable[[], Iterator[Points]]:
    """Keeps the points, for any number of readings. Raises `LimitError` for more than `_KEPT_POINTS`."""
    query.admit(_KEPT_POINTS)
    return list(points).__iter__
