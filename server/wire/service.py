"""The calls of `enf2enf.v1.Surrogate`: convert, ask the engine, convert."""

from collections.abc import Iterable, Iterator

from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.engine import Engine
from enf2enf_server.gate.call import Call
from enf2enf_server.wire import convert
from enf2enf_server.wire.stream import Incoming


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
        incoming = Incoming(requests, call.alive)
        header = incoming.take("header")
        with self._engine.uploads.share() as share:
            with call.stage("receive"):
                data = incoming.file(header.size, self._engine.config.mesh_bytes, share)
                incoming.end()
            return self._engine.encode(call, header, data).understood

    def Decode(self, requests: Iterable[pb.DecodeRequest], call: Call) -> Iterator[pb.DecodeResponse]:
        """See `surrogate.proto`."""
        incoming = Incoming(requests, call.alive)
        header = incoming.take("header")
        for part in self._engine.answer(call, self._engine.find(call, header.handle), header.query, incoming):
            yield pb.DecodeResponse(**part)

    def Sample(self, request: pb.SampleRequest, call: Call) -> pb.SampleResponse:
        """See `surrogate.proto`."""
        shape = self._engine.find(call, request.handle)
        chunk, summary = self._engine.sample(call, shape, request.query, request.points)
        return pb.SampleResponse(chunk=chunk, summary=summary)

    def Predict(self, requests: Iterable[pb.PredictRequest], call: Call) -> Iterator[pb.PredictResponse]:
        """See `surrogate.proto`."""
        incoming = Incoming(requests, call.alive)
        header = incoming.take("header")
        with self._engine.uploads.share() as share:
            with call.stage("receive"):
                data = incoming.file(header.size, self._engine.config.mesh_bytes, share)
                query = incoming.take("query")
            shape = self._engine.encode(call, header, data)
            del data
        yield pb.PredictResponse(encoded=shape.understood)
        for part in self._engine.answer(call, shape, query, incoming):
            yield pb.PredictResponse(**part)
