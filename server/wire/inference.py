"""The models over the Open Inference Protocol: convert, one call of `enf2enf.v1.Surrogate`, convert."""

import dataclasses
from collections.abc import Callable, Sequence
from importlib import metadata

import grpc

from enf2enf.errors import QueryError, ServiceError
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.errors import LimitError, ModelError
from enf2enf_server.wire import convert
from enf2enf_server.wire.question import InferenceQuestion, Signature
from enf2enf_server.wire.service import SurrogateService
from enf2enf_server.wire.stream import check_size
from enf2enf_server.wire.tensor import length_prefixed

SERVICE = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
GUARDED = (f"/{SERVICE}/ModelMetadata", f"/{SERVICE}/ModelInfer")  # the others are probes: a full server answers them
Context = grpc.aio.ServicerContext
_ENVELOPE = 1 << 16  # bytes of an answer beside its values


class InferenceService(oip_grpc.GRPCInferenceServiceServicer):
    """Answers through another service, in this process.

    Args:
        service: what answers `surrogate.proto`.
        ready: whether the model of a name, or for "" the server, answers now.
    """

    def __init__(self, service: SurrogateService, ready: Callable[[str], bool]):
        self._service, self._ready = service, ready

    async def ServerLive(self, request: oip.ServerLiveRequest, context: Context) -> oip.ServerLiveResponse:
        """See `open_inference.proto`."""
        return oip.ServerLiveResponse(live=True)

    async def ServerReady(self, request: oip.ServerReadyRequest, context: Context) -> oip.ServerReadyResponse:
        """See `open_inference.proto`."""
        return oip.ServerReadyResponse(ready=self._ready(""))

    async def ModelReady(self, request: oip.ModelReadyRequest, context: Context) -> oip.ModelReadyResponse:
        """See `open_inference.proto`."""
        ready = self._ready(request.name)
        if ready:
            try:
                self._described(request.name, request.version)
            except (QueryError, ServiceError):  # it is none, or not one that is here, or no longer
                ready = False
        return oip.ModelReadyResponse(ready=ready)

    async def ServerMetadata(self, request: oip.ServerMetadataRequest, context: Context) -> oip.ServerMetadataResponse:
        """See `open_inference.proto`."""
        return oip.ServerMetadataResponse(name="enf2enf", version=metadata.version("enf2enf"))

    async def ModelMetadata(self, request: oip.ModelMetadataRequest, call: Call) -> oip.ModelMetadataResponse:
        """See `open_inference.proto`."""
        described = self._described(request.name, request.version)
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

    async def ModelInfer(self, request: oip.ModelInferRequest, call: Call) -> oip.ModelInferResponse:
        """See `open_inference.proto`."""
        return await call.in_thread(self._infer, request, call)

    def _infer(self, request: oip.ModelInferRequest, call: Call) -> oip.ModelInferResponse:
        described = self._described(request.model_name, request.model_version)
        signature = Signature.of(described)
        question = InferenceQuestion.of(request, described, signature)
        reply = oip.ModelInferResponse(model_name=described.name, model_version=str(described.version), id=request.id)
        if question.header is None:
            shape, handle = None, question.handle
        else:
            check_size(len(question.mesh), described.limits.mesh_bytes)
            shape = self._service.encode(call, question.header, question.mesh)
            encoded = convert.encode_reply(shape)
            handle = encoded.handle
            if encoded.warnings:
                reply.parameters["warnings"].string_param = "\n".join(encoded.warnings)
        chunks: list[pb.FieldChunk] = []
        if not question.encodes_only:
            room = _Room(described.limits.message_bytes - _ENVELOPE, signature.bytes_a_point(question.outputs))
            chunks, summary = self._decode(question, shape or self._service.find(call, handle), described, room, call)
            if (summary.model, summary.version) != (described.name, described.version):
                other = f"one of {summary.model}, version {summary.version}"
                raise QueryError("input 'handle'", f"one of {described.name}, version {described.version}", other)
            _set_parameters(reply, summary)
        _add_outputs(reply, signature, question.outputs, chunks, handle)
        return reply

    def _described(self, name: str, version: str) -> pb.DescribeResponse:
        """The model of this name and version; "" is the newest one."""
        if version and not (version.isascii() and version.isdigit() and len(version) < 19):
            raise QueryError("model version", "a whole number, or none for the newest", repr(version[:80]))
        described = self._service.description(pb.DescribeRequest(model=name, version=int(version or 0)))
        if name != described.name:  # none was named
            raise ModelError("model", f"a name, such as {described.name}", repr(name))
        return described

    def _decode(
        self,
        question: InferenceQuestion,
        shape: EncodedShape,
        described: pb.DescribeResponse,
        room: "_Room",
        call: Call,
    ) -> tuple[list[pb.FieldChunk], pb.Summary]:
        """The values in the order of the points: of at most `chunk_points` by Sample, of more by Decode."""
        count = question.count(len(shape.nodes))
        room.admit(count)
        if count <= described.chunk_points:
            reply = call.wait(self._service.Sample(question.sample(shape.handle), call))
            return [reply.chunk], reply.summary
        chunks, summary = [], pb.Summary()
        for part in self._service.answer(call, shape, question.query, question):
            if "summary" in part:
                summary = part["summary"]
            else:
                chunks.append(part["chunk"])
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
