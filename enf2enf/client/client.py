"""The connection to a server."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from enf2enf import errors
from enf2enf.client.replies import Description, Prediction, RemoteShape
from enf2enf.client.requests import At, MeshLike, Question, Upload
from enf2enf.errors import Enf2EnfError, ServiceError
from enf2enf.grid import Grid
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

_LARGEST_MESSAGE = 64 << 20
_ERRORS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}


class Client:
    """A connection to a server of `enf2enf serve`, for `with`; safe to share between threads.

    Whatever the server refuses is raised as the library's own error, as if the call had been local; its `__cause__`, a
    `grpc.RpcError`, has the status. Any other failure is a `ServiceError`.

    Args:
        target: `host:port`.
        timeout: deadline of every call, in seconds.
        credentials: of the channel; None for plain text.
    """

    def __init__(self, target: str, *, timeout: float = 120.0, credentials: grpc.ChannelCredentials | None = None):
        self.target, self.timeout = target, timeout
        options = [("grpc.max_receive_message_length", _LARGEST_MESSAGE)]
        if credentials is None:
            self._channel = grpc.insecure_channel(target, options)
        else:
            self._channel = grpc.secure_channel(target, credentials, options)
        self._stub = pb_grpc.SurrogateStub(self._channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def ready(self) -> bool:
        """Whether the server serves, and is not still warming up; waits for it to be there, at most the timeout."""
        check, request = health_pb2_grpc.HealthStub(self._channel).Check, health_pb2.HealthCheckRequest()
        reply = self._call(lambda: check(request, timeout=self.timeout, wait_for_ready=True))
        return reply.status == health_pb2.HealthCheckResponse.SERVING

    def describe(self) -> Description:
        """The server's model and limits."""
        return Description.of(self._call(lambda: self._stub.Describe(pb.DescribeRequest(), timeout=self.timeout)))

    def encode(
        self, mesh: MeshLike, *, name: str = "", walls: Sequence[str] = (), length_unit: str = "m"
    ) -> RemoteShape:
        """Uploads a mesh; the server encodes its geometry.

        Args:
            mesh: a file's path, its bytes (then `name` says which format they are), or a `Mesh`.
            name: file name or format, where the path does not say it.
            walls: patches that are walls; empty: inner loops.
            length_unit: of the file's coordinates: m, cm, mm, um, km, in or ft. A `Mesh` is in metres.

        Raises:
            MeshError: it cannot be read.
            GeometryError: it is no geometry of the kind that the model knows.
            QueryError: it is larger than the server accepts.
            ServiceError: the network, the deadline or the server failed.
        """
        upload = Upload.of(mesh, name, walls, length_unit)
        return self._call(lambda: self._encode(upload))

    def decode(self, shape: RemoteShape, conditions: Mapping[str, Any], at: At) -> Prediction:
        """The fields of an encoded shape; encodes it again if the server has dropped it.

        Args:
            shape: from `encode`.
            conditions: name -> number, or one number per dimension for a vector.
            at: points (points, dim) in metres, a grid, or `"nodes"` for those of the mesh in the file's order.

        Raises:
            ConditionError: unknown, missing or non-finite conditions.
            QueryError: points that are none, or more than the server accepts.
            ServiceError: the network, the deadline or the server failed.
        """
        question = Question.of(conditions, at)
        return self._call(lambda: self._decode(shape, question))

    def predict(
        self,
        mesh: MeshLike,
        conditions: Mapping[str, Any],
        at: At = "nodes",
        *,
        name: str = "",
        walls: Sequence[str] = (),
        length_unit: str = "m",
    ) -> Prediction:
        """`encode` and `decode` in one call."""
        upload, question = Upload.of(mesh, name, walls, length_unit), Question.of(conditions, at)
        return self._call(lambda: self._predict(upload, question))

    def _encode(self, upload: Upload) -> RemoteShape:
        def requests() -> Iterator[pb.EncodeRequest]:
            yield pb.EncodeRequest(header=upload.header)
            yield from (pb.EncodeRequest(chunk=chunk) for chunk in upload.chunks())

        return RemoteShape.of(self._stub.Encode(requests(), timeout=self.timeout), upload)

    def _decode(self, shape: RemoteShape, question: Question) -> Prediction:
        try:
            return self._decode_known(shape, question)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
        return self._decode_known(self._encode(shape.upload), question)

    def _decode_known(self, shape: RemoteShape, question: Question) -> Prediction:
        def requests() -> Iterator[pb.DecodeRequest]:
            yield pb.DecodeRequest(header=pb.DecodeHeader(handle=shape.handle, query=question.query))
            yield from (pb.DecodeRequest(points=chunk) for chunk in question.chunks())

        return self._collect(shape, self._stub.Decode(requests(), timeout=self.timeout), question)

    def _predict(self, upload: Upload, question: Question) -> Prediction:
        def requests() -> Iterator[pb.PredictRequest]:
            yield pb.PredictRequest(header=upload.header)
            yield from (pb.PredictRequest(chunk=chunk) for chunk in upload.chunks())
            yield pb.PredictRequest(query=question.query)
            yield from (pb.PredictRequest(points=chunk) for chunk in question.chunks())

        replies = self._stub.Predict(requests(), timeout=self.timeout)
        return self._collect(RemoteShape.of(next(replies).encoded, upload), replies, question)

    def _collect(self, shape: RemoteShape, replies: Iterator[Any], question: Question) -> Prediction:
        chunks, summary = [], None
        for reply in replies:
            if reply.WhichOneof("part") == "chunk":
                chunks.append(reply.chunk)
            else:
                summary = reply.summary
        if summary is None or not chunks or sum(chunk.count for chunk in chunks) != summary.points:
            raise ServiceError(self.target, "all values, then a summary", "an answer that breaks off")
        points = question.given.points if isinstance(question.given, Grid) else question.given
        return Prediction.of(shape, chunks, summary, points)

    def _call(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except grpc.RpcError as error:
            raise self._explained(error) from error

    def _explained(self, error: grpc.RpcError) -> Enf2EnfError:
        status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
        if status is not None and any(detail.Unpack(info) for detail in status.details) and info.domain == "enf2enf":
            kind = _ERRORS.get(info.reason, ServiceError)
            return kind(*(info.metadata[key] for key in ("name", "expected", "got")))
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceError(self.target, f"an answer within {self.timeout:g} s", "none")
        return ServiceError(self.target, "an answer", f"{error.code().name}: {error.details()}")
