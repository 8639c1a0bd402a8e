"""The models over the Open Inference Protocol: convert, one call of `enf2enf.v1.Surrogate`, convert."""

import dataclasses
from collections.abc import Callable, Sequence
from importlib import metadata

import grpc

from enf2enf.errors import QueryError, ServiceError
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.ops.errors import LimitError, ModelError
from enf2enf_server.wire.question import InferenceQuestion, Signature
from enf2enf_server.wire.tensor import length_prefixed

SERVICE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
GUARDED = (f"/{SERVICE}/ModelMetadata", f"/{SERVICE}/ModelInfer")  # the others are probes: a full server answers them
_ENVELOPE = 1 << 16  # bytes of an answer beside its values


class InferenceService(oip_grpc.GRPCInferenceServiceServicer):
    """Answers through the calls of another service, in this process.

    Args:
        service: what answers `surrogate.proto`.
        ready: whether the model of a name, or for "" the server, answers now.
    """

    def __init__(self, service: pb_grpc.SurrogateServicer, ready: Callable[[str], bool]):
        self._service, self._ready = service, ready

    def ServerLive(self, request: oip.ServerLiveRequest, context: grpc.ServicerContext) -> oip.ServerLiveResponse:
        """See `open_inference.proto`."""
        return oip.ServerLiveResponse(live=True)

    def ServerReady(self, request: oip.ServerReadyRequest, context: grpc.ServicerContext) -> oip.ServerReadyResponse:
        """See `open_inference.proto`."""
        return oip.ServerReadyResponse(ready=self._ready(""))

    def ModelReady(self, request: oip.ModelReadyRequest, context: grpc.ServicerContext) -> oip.ModelReadyResponse:
        """See `open_inference.proto`."""
        ready = self._ready(request.name)
        if ready:
            try:
                self._described(request.name, request.version, context)
            except (QueryError, ServiceError):  # it is none, or not one that is here, or no longer
                ready = False
        return oip.ModelReadyResponse(ready=ready)

    def ServerMetadata(
        self, request: oip.ServerMetadataRequest, context: grpc.ServicerContext
    ) -> oip.ServerMetadataResponse:
        """See `open_inference.proto`."""
        return oip.ServerMetadataResponse(name="enf2enf", version=metadata.version("enf2enf"))

    def ModelMetadata(
        self, request: oip.ModelMetadataRequest, context: grpc.ServicerContext
    ) -> oip.ModelMetadataResponse:
        """See `open_inference.proto`."""
        described = self._described(request.name, request.version, context)
        signature = Signature.of(described)
        units = {f"unit.{q.name}": q.unit for q in (*described.conditions, *described.fields)}
        return oip.ModelMetadataResponse(
            name=described.name,
            versions=[str(described.version)],
            platform="enf2enf_jax",
            inputs=[tensor.metadata() for tensor in signature.inputs.values()],
            outputs=[tensor.metadata() for tensor in signature.outputs.values()],
            properties={"digest": described.digest, "licence": described.licence} | units,
        )

    def ModelInfer(self, request: oip.ModelInferRequest, context: grpc.ServicerContext) -> oip.ModelInferResponse:
        """See `open_inference.proto`."""
        described = self._described(request.model_name, request.model_version, context)
        signature = Signature.of(described)
        question = InferenceQuestion.of(request, described, signature)
        encoded = pb.EncodeResponse(handle=question.handle)
        if question.header is not None:
            encoded = self._service.Encode(question.upload(), context)
        reply = oip.ModelInferResponse(model_name=described.name, model_version=str(described.version), id=request.id)
        if encoded.warnings:
            reply.parameters["warnings"].string_param = "\n".join(encoded.warnings)
        chunks: list[pb.FieldChunk] = []
        if not question.encodes_only:
            room = _Room(described.limits.message_bytes - _ENVELOPE, signature.bytes_a_point(question.outputs))
            chunks, summary = self._decode(question, encoded, described.chunk_points, room, context)
            if (summary.model, summary.version) != (described.name, described.version):
                other = f"one of {summary.model}, version {summary.version}"
                raise QueryError("input 'handle'", f"one of {described.name}, version {described.version}", other)
            _set_parameters(reply, summary)
        _add_outputs(reply, signature, question.outputs, chunks, encoded.handle)
        return reply

    def _described(self, name: str, version: str, context: grpc.ServicerContext) -> pb.DescribeResponse:
        """The model of this name and version; "" is the newest one."""
        if version and not (version.isascii() and version.isdigit() and len(version) < 19):
            raise QueryError("model version", "a whole number, or none for the newest", repr(version[:80]))
        number = int(version or 0)
        described = self._service.Describe(pb.DescribeRequest(model=name, version=number), context)
        if name != described.name:  # none was named
            raise ModelError("model", f"a name, such as {described.name}", repr(name))
        return described

    def _decode(
        self,
        question: InferenceQuestion,
        encoded: pb.EncodeResponse,
        sampled: int,
        room: "_Room",
        context: grpc.ServicerContext,
    ) -> tuple[list[pb.FieldChunk], pb.Summary]:
        """The values in the order of the points: of at most `sampled` points by Sample, of more by Decode."""
        count = question.count(encoded)
        if count is not None:
            room.admit(count)
            if count <= sampled:
                reply = self._service.Sample(question.sample(encoded.handle), context)
                return [reply.chunk], reply.summary
        chunks, summary = [], pb.Summary()
        for part in self._service.Decode(question.decode(encoded.handle), context):
            if part.WhichOneof("part") == "summary":
                summary = part.summary
            else:
                room.admit(part.chunk.first + part.chunk.count)
                chunks.append(part.chunk)
        return chunks, summary


@dataclasses.dataclass(frozen=True)
class _Room:
    """What one message can hold: `limit` bytes of values, `size` bytes a point."""

    limit: int
    size: int

    def admit(self, count: int) -> None:
        if count * self.size > self.limit:
            at_most = f"at most {self.limit // self.size} points (those of {self.limit} bytes) in one message"
            raise LimitError("query", at_most, f"{count} points or more; Surrogate.Decode streams them")


def _add_outputs(
    reply: oip.ModelInferResponse,
    signature: Signature,
    names: Sequence[str],
    chunks: Sequence[pb.FieldChunk],
    handle: str,
) -> None:
    """Adds the tensors of these names."""
    values = {field.name: [] for chunk in chunks[:1] for field in chunk.fields}
    for chunk in chunks:
        for field in chunk.fields:
            values[field.name].append(field.values)
    points = sum(chunk.count for chunk in chunks)
    for name in names:
        tensor = signature.outputs[name]
        shape = [points if size == -1 else size for size in tensor.shape]
        reply.outputs.add(name=name, datatype=tensor.datatype, shape=shape)
        raw = length_prefixed([handle.encode()]) if tensor.datatype == "BYTES" else b"".join(values[name])
        reply.raw_output_contents.append(raw)


def _set_parameters(reply: oip.ModelInferResponse, summary: pb.Summary) -> None:
    reply.parameters["outside"].int64_param = summary.outside
    reply.parameters["decode_seconds"].double_param = summary.decode_seconds
    if summary.extrapolating:
        reply.parameters["extrapolating"].string_param = ",".join(summary.extrapolating)
