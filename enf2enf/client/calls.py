"""Every call of the clients, as steps: which messages go out, in which order, and what is made of the replies."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

from enf2enf.client.answer import Answer, OnProgress
from enf2enf.client.refusal import lost_handle
from enf2enf.client.replies import Description, ModelVersion, RemoteShape
from enf2enf.client.requests import Question, Upload
from enf2enf.client.retry import Retry, usual_seconds
from enf2enf.client.steps import Exchange, Steps
from enf2enf.prediction import Prediction
from enf2enf_protos import surrogate_pb2 as pb

SAMPLE_POINTS = 4096  # computed at once by every server, and so the most that `Sample` answers
_LOADING_SECONDS = 300.0  # to read a model and to compile it
_ABSENT = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE)


@dataclasses.dataclass(frozen=True)
class Calls:
    """The calls of one client.

    Args:
        target: the server, as errors name it.
        timeout: deadline of every call in seconds, or None for one that grows with the call.
        token: bearer token, or None.
        retry: how calls are tried again.
    """

    target: str
    timeout: float | None
    token: str | None
    retry: Retry

    def ready(self, model: str) -> Steps[bool]:
        """Whether the server serves, and this model, if one is named, too."""
        exchange, request = self._exchange(), health_pb2.HealthCheckRequest()
        reply = yield from exchange.patiently(lambda: exchange.single("health.Check", request, wait=True))
        if reply.status != health_pb2.HealthCheckResponse.SERVING:
            return False
        return not model or (yield from exchange.patiently(lambda: self._is_there(exchange, model)))

    def _is_there(self, exchange: Exchange, model: str) -> Steps[bool]:
        try:
            yield from exchange.single("surrogate.Describe", pb.DescribeRequest(model=model))
        except grpc.RpcError as error:
            if error.code() not in _ABSENT:
                raise
            return False
        return True

    def describe(self, model: str, version: int) -> Steps[Description]:
        """What a server says about a model."""
        reply = yield from self._single("surrogate.Describe", pb.DescribeRequest(model=model, version=version))
        return Description.of(reply)

    def models(self) -> Steps[tuple[ModelVersion, ...]]:
        """All models of the server."""
        reply = yield from self._single("repository.ListModels", pb.ListModelsRequest())
        return tuple(ModelVersion.of(version) for version in reply.versions)

    def load_model(self, model: str, version: int) -> Steps[ModelVersion]:
        """Loads a version."""
        request = pb.LoadModelRequest(model=model, version=version)
        reply = yield from self._single("repository.LoadModel", request, _LOADING_SECONDS)
        return ModelVersion.of(reply.loaded)

    def unload_model(self, model: str, version: int) -> Steps[tuple[ModelVersion, ...]]:
        """Takes versions out of service."""
        reply = yield from self._single("repository.UnloadModel", pb.UnloadModelRequest(model=model, version=version))
        return tuple(ModelVersion.of(version) for version in reply.unloaded)

    def encode(self, make: Callable[[], Upload]) -> Steps[RemoteShape]:
        """Uploads a mesh."""
        upload = make()
        exchange, replies = self._exchange(0, len(upload.data)), []
        yield from exchange.patiently(lambda: exchange.call("surrogate.Encode", upload.messages, replies.append))
        return RemoteShape.of(replies[0], upload)

    def decode(
        self, shape: RemoteShape, conditions: Mapping[str, Any], at: Any, progress: OnProgress | None
    ) -> Steps[Prediction]:
        """Asks about a shape.

        A stream that breaks off is asked for again from its start: so an answer is always that of one server, the same
        bytes as without the break, and never sewn together from two.
        """
        question = Question.of(conditions, at)
        points = shape.nodes if question.points is None else question.points
        exchange = self._exchange(points, len(shape.upload.data) + question.bytes)
        small = points <= SAMPLE_POINTS
        return (yield from exchange.patiently(lambda: self._decoded(exchange, shape, question, small, progress)))

    def _decoded(
        self, exchange: Exchange, shape: RemoteShape, question: Question, small: bool, progress: OnProgress | None
    ) -> Steps[Prediction]:
        answer = Answer(question, shape.upload, progress, shape)
        try:
            if small:
                request = question.sample(shape.handle)
                yield from exchange.call("surrogate.Sample", lambda: request, answer.receive)
            else:
                ask = question.messages
                yield from exchange.call("surrogate.Decode", lambda: ask(shape.handle), answer.receive, streamed=True)
        except grpc.RpcError as error:
            if not lost_handle(error):
                raise
        else:
            return answer.prediction(self.target, exchange.request_id)
        # In one call, so that the shape cannot be dropped again between the two.
        return (yield from self._predicted(exchange, shape.upload, question, progress))

    def predict(
        self, make: Callable[[], Upload], conditions: Mapping[str, Any], at: Any, progress: OnProgress | None
    ) -> Steps[Prediction]:
        """Uploads a mesh and asks about it."""
        upload, question = make(), Question.of(conditions, at)
        exchange = self._exchange(question.points or 0, len(upload.data) + question.bytes)
        return (yield from exchange.patiently(lambda: self._predicted(exchange, upload, question, progress)))

    def _predicted(
        self, exchange: Exchange, upload: Upload, question: Question, progress: OnProgress | None
    ) -> Steps[Prediction]:
        answer = Answer(question, upload, progress)
        requests = upload.messages_with(question)
        yield from exchange.call("surrogate.Predict", requests, answer.receive, streamed=True)
        return answer.prediction(self.target, exchange.request_id)

    def _single(self, method: str, request: Any, seconds: float | None = None) -> Steps[Any]:
        exchange = self._exchange(seconds=seconds)
        return (yield from exchange.patiently(lambda: exchange.single(method, request)))

    def _exchange(self, points: int = 0, sent: int = 0, seconds: float | None = None) -> Exchange:
        usual = usual_seconds(points, sent) if seconds is None else seconds
        return Exchange(self.target, usual if self.timeout is None else self.timeout, self.token, self.retry)
