"""The calls of `enf2enf.v1.Surrogate`: convert, call the engine, convert."""

from collections.abc import Iterable, Iterator
from typing import Any

from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.answer import FieldChunk
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.compute.engine import Engine
from enf2enf_server.compute.resolved_query import ExplicitPoints, MeshNodes, ResolvedQuery
from enf2enf_server.ops.call import Call
from enf2enf_server.wire import convert
from enf2enf_server.wire.stream import RequestStream


class SurrogateService(pb_grpc.SurrogateServicer):
    """Answers with the models of an engine. Behind `Guard`, which gives every method a `Call` for gRPC's context."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def Describe(self, request: pb.DescribeRequest, call: Call) -> pb.DescribeResponse:
        """See `surrogate.proto`."""
        model = self._engine.models.get(request.model, request.version)
        return convert.description(model, self._engine.config)

    def Encode(self, requests: Iterable[pb.EncodeRequest], call: Call) -> pb.EncodeResponse:
        """See `surrogate.proto`."""
        stream = RequestStream(requests, call.alive)
        header = stream.take("header")
        with self._engine.uploads.share() as share:
            with call.stage("receive"):
                data = stream.file(header.size, self._engine.config.mesh_bytes, share)
                stream.end()
            return convert.encode_reply(self._engine.encode(call, convert.mesh_options(header), data))

    def Decode(self, requests: Iterable[pb.DecodeRequest], call: Call) -> Iterator[pb.DecodeResponse]:
        """See `surrogate.proto`."""
        stream = RequestStream(requests, call.alive)
        header = stream.take("header")
        for part in self._answer(call, self._engine.find(call, header.handle), header.query, stream):
            yield pb.DecodeResponse(**part)

    def Sample(self, request: pb.SampleRequest, call: Call) -> pb.SampleResponse:
        """See `surrogate.proto`."""
        query = convert.resolve(self._engine.find(call, request.handle), request.query)
        query.admit(min(self._engine.config.points, query.surrogate.chunk_points))
        chunk, summary = self._engine.sample(call, query, convert.sample_points(query, request.points))
        return pb.SampleResponse(chunk=_chunk(query, chunk), summary=convert.summary(summary))

    def Predict(self, requests: Iterable[pb.PredictRequest], call: Call) -> Iterator[pb.PredictResponse]:
        """See `surrogate.proto`."""
        stream = RequestStream(requests, call.alive)
        header = stream.take("header")
        with self._engine.uploads.share() as share:
            with call.stage("receive"):
                data = stream.file(header.size, self._engine.config.mesh_bytes, share)
                query = stream.take("query")
            shape = self._engine.encode(call, convert.mesh_options(header), data)
            del data
        yield pb.PredictResponse(encoded=convert.encode_reply(shape))
        for part in self._answer(call, shape, query, stream):
            yield pb.PredictResponse(**part)

    def _answer(
        self, call: Call, shape: EncodedShape, message: pb.Query, stream: RequestStream
    ) -> Iterator[dict[str, Any]]:
        """The parts of the answer, each under the name of its part in the message."""
        query = convert.resolve(shape, message)
        query.admit(self._engine.config.points)
        if isinstance(query.target, ExplicitPoints):
            points = stream.points(query.target.count, query.surrogate.schema.dim, query.block_points)
        else:
            stream.end()
            points = query.known_points()
        for part in self._engine.answer(call, query, points):
            if isinstance(part, FieldChunk):
                yield {"chunk": _chunk(query, part)}
            else:
                yield {"summary": convert.summary(part)}


def _chunk(query: ResolvedQuery, chunk: FieldChunk) -> pb.FieldChunk:
    return convert.field_chunk(chunk, isinstance(query.target, MeshNodes) and query.target.with_points)
