"""Every call of the clients, as steps: which messages go out, in which order, and what is made of the replies."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import numpy as np
from grpc_health.v1 import health_pb2

from enf2enf.at import At, check_shape, needs_shape
from enf2enf.client.answer import Answer
from enf2enf.client.chunk_points import ChunkPoints, Key
from enf2enf.client.inspector import Inspector
from enf2enf.client.refusal import lost_handle, passes, too_many_points, unknown_place
from enf2enf.client.replies import ModelVersion, RemoteShape, description_of
from enf2enf.client.requests import Question, Upload, message
from enf2enf.client.retry import Retry, usual_seconds
from enf2enf.client.steps import Exchange, Steps, T
from enf2enf.conditions import Conditions, UnitError, check_tables, from_tables, given
from enf2enf.description import Description
from enf2enf.errors import ServiceError
from enf2enf.prediction import OnProgress, Prediction, check_progress
from enf2enf_protos import surrogate_pb2 as pb

# `Sample` answers at most the `chunk_points` of a model, which `Describe` tells.
_SAMPLED_UNASKED = 256  # points up to which `Sample` is tried without `Describe`; smaller chunks refuse it
_STREAMED_UNASKED = 8192  # points beyond which a stream is used without `Describe`: `Sample` saves too little
_ONE_MESSAGE = 65_536  # points in one message: 1.5 MiB in space, where every server takes 2
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
    _chunk_points: ChunkPoints = dataclasses.field(default_factory=ChunkPoints, init=False)

    def ready(self, model: str) -> Steps[bool]:
        """Whether the server serves, and this model, if one is named, too."""
        exchange, request = self._exchange(), health_pb2.HealthCheckRequest()
        reply = yield from exchange.patiently(lambda: self._health(exchange, request))
        if reply.status != health_pb2.HealthCheckResponse.SERVING:
            return False
        return not model or (yield from exchange.patiently(lambda: self._is_there(exchange, model)))

    def _health(self, exchange: Exchange, request: health_pb2.HealthCheckRequest) -> Steps[Any]:
        """Server health; waits for a server that is not up yet. If that is in vain, raises why it was not reachable."""
        try:
            return (yield from exchange.single("health.Check", request))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            reason = error
        try:
            return (yield from exchange.single("health.Check", request, wait=True))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
        raise reason

    def _is_there(self, exchange: Exchange, model: str) -> Steps[bool]:
        try:
            yield from exchange.single("surrogate.Describe", message(pb.DescribeRequest, model=model))
        except grpc.RpcError as error:
            if error.code() not in _ABSENT:
                raise
            return False
        return True

    def describe(self, model: str, version: int) -> Steps[Description]:
        """What a server says about a model."""
        reply = yield from self._single("surrogate.Describe", message(pb.DescribeRequest, model=model, version=version))
        self._chunk_points.put((reply.name, reply.version), reply.chunk_points)
        return description_of(reply)

    def models(self) -> Steps[tuple[ModelVersion, ...]]:
        """All models of the server."""
        reply = yield from self._single("repository.ListModels", pb.ListModelsRequest())
        return tuple(ModelVersion.of(version) for version in reply.versions)

    def load_model(self, model: str, version: int) -> Steps[ModelVersion]:
        """Loads a version."""
        request = message(pb.LoadModelRequest, model=model, version=version)
        reply = yield from self._single("repository.LoadModel", request, _LOADING_SECONDS)
        return ModelVersion.of(reply.loaded)

    def unload_model(self, model: str, version: int) -> Steps[tuple[ModelVersion, ...]]:
        """Takes versions out of service."""
        request = message(pb.UnloadModelRequest, model=model, version=version)
        reply = yield from self._single("repository.UnloadModel", request)
        return tuple(ModelVersion.of(version) for version in reply.unloaded)

    def encode(self, make: Callable[[], Upload]) -> Steps[RemoteShape]:
        """Uploads a mesh."""
        upload = make()
        exchange, replies = self._exchange(0, len(upload.data)), []
        yield from exchange.patiently(lambda: exchange.call("surrogate.Encode", upload.messages, replies.append))
        return Inspector(exchange.request_id).encoding(replies[0], upload)

    def decode(
        self, shape: RemoteShape, conditions: Sequence[Conditions], at: At, progress: OnProgress | None
    ) -> Steps[list[Prediction]]:
        """Asks about a shape, under each of the conditions.

        A stream that breaks off is requested again from its start: so an answer always comes whole from one server, in
        the same bytes as without the break.
        """
        check_shape(shape, RemoteShape)
        check_progress(progress)
        check_tables(conditions)
        if not conditions:
            return []
        question = yield from self._question(shape.model, shape.version, conditions, at, shape.bounds)
        points = question.answers * question.count_of(shape.nodes, shape.walls)
        exchange = self._exchange(points, len(shape.upload.data) + question.size)
        made = functools.partial(self._decoded, exchange, shape, question, points, progress)
        return (yield from exchange.patiently(lambda: self._placed(question, made())))

    def _question(
        self, model: str, version: int, conditions: Sequence[Conditions], at: At, bounds: np.ndarray | None = None
    ) -> Steps[Question]:
        """The question. A number given with a unit is refused; the error names the unit that the model expects."""
        try:
            return Question.of(conditions, at, bounds)
        except UnitError:
            described = yield from self.describe(model, version)
            units = {quantity.name: quantity.unit for quantity in described.schema.conditions}
            from_tables(conditions, lambda one: [given(name, one[name], units.get(name, "")) for name in one])
            raise

    def _placed(self, question: Question, steps: Steps[T]) -> Steps[T]:
        """Takes the steps. Raises `ServiceError` if the server is too old to know walls as a place."""
        try:
            return (yield from steps)
        except grpc.RpcError as error:
            if not (question.on_walls and unknown_place(error)):
                raise
            got = "one that does not, as of servers before 0.2"
            raise ServiceError(self.target, 'a server that knows at="wall"', got) from error

    def _decoded(
        self, exchange: Exchange, shape: RemoteShape, question: Question, points: int, progress: OnProgress | None
    ) -> Steps[list[Prediction]]:
        answer = Answer(question, shape.upload, progress, exchange.request_id, shape)
        try:
            most = yield from self._sample_points(exchange, _key(shape), points)
            if points > most or question.answers > 1:
                yield from self._stream(exchange, shape, question, answer)
            else:
                yield from self._sample(exchange, shape, question, points, answer)
        except grpc.RpcError as error:
            if not lost_handle(error):
                raise
        else:
            return self._predictions(answer)
        # In one call, so that the shape cannot be dropped again between the two.
        return (yield from self._predicted(exchange, shape.upload.to_model(shape.model), question, progress))

    def _stream(self, exchange: Exchange, shape: RemoteShape, question: Question, answer: Answer) -> Steps[None]:
        requests = functools.partial(question.messages, shape.handle)
        yield from exchange.call("surrogate.Decode", requests, answer.receive, streamed=True)

    def _sample(
        self, exchange: Exchange, shape: RemoteShape, question: Question, points: int, answer: Answer
    ) -> Steps[None]:
        """Asks by one message each way, or by a stream if the server's chunks turn out smaller than was known."""
        request, believed = question.sample(shape.handle), self._chunk_points.of(_key(shape))
        try:
            yield from exchange.call("surrogate.Sample", lambda: request, answer.receive)
        except grpc.RpcError as error:
            if not too_many_points(error):
                raise
            self._chunk_points.forget(_key(shape), believed)
            if points <= (yield from self._learn(exchange, _key(shape))):
                raise
            yield from self._stream(exchange, shape, question, answer)

    def _sample_points(self, exchange: Exchange, model: Key, points: int) -> Steps[int]:
        """Most points to ask for by `Sample`; calls `Describe` only if its answer matters for this number of points."""
        most = self._chunk_points.of(model)
        if most is None:
            if not _SAMPLED_UNASKED < points <= _STREAMED_UNASKED:
                return _SAMPLED_UNASKED
            most = yield from self._learn(exchange, model)
        return min(most, _ONE_MESSAGE)

    def _learn(self, exchange: Exchange, model: Key) -> Steps[int]:
        """The number of points that a model computes at once, asked from the server if it is not known.

        Returns 0, so that a stream is used, while another call asks and if the server does not say.
        """
        if self._chunk_points.claim(model):
            request = pb.DescribeRequest(model=model[0], version=model[1])
            try:
                reply = yield from exchange.single("surrogate.Describe", request)
                self._chunk_points.put(model, reply.chunk_points)
            except grpc.RpcError as error:
                if passes(error):
                    raise
            finally:
                self._chunk_points.release(model)
        return self._chunk_points.of(model) or 0

    def _predictions(self, answer: Answer) -> list[Prediction]:
        """The whole answer. Forgets the known chunk size of its model if the chunks that came have another size."""
        predictions, shape = answer.predictions(), answer.shape
        known = self._chunk_points.of(_key(shape))
        if known and not answer.fits(known):
            self._chunk_points.forget(_key(shape), known)
        return predictions

    def predict(
        self, make: Callable[[], Upload], conditions: Conditions, at: At, progress: OnProgress | None
    ) -> Steps[list[Prediction]]:
        """Uploads a mesh and asks about it: in one call, unless the points depend on the shape."""
        check_progress(progress)
        upload = make()
        if needs_shape(at):
            shape = yield from self.encode(lambda: upload)
            return (yield from self.decode(shape, [conditions], at, progress))
        question = yield from self._question(upload.header.model, upload.header.version, [conditions], at)
        exchange = self._exchange(question.count or 0, len(upload.data) + question.size)
        made = functools.partial(self._predicted, exchange, upload, question, progress)
        return (yield from exchange.patiently(lambda: self._placed(question, made())))

    def _predicted(
        self, exchange: Exchange, upload: Upload, question: Question, progress: OnProgress | None
    ) -> Steps[list[Prediction]]:
        answer = Answer(question, upload, progress, exchange.request_id)
        requests = upload.messages_with(question)
        yield from exchange.call("surrogate.Predict", requests, answer.receive, streamed=True)
        return self._predictions(answer)

    def _single(self, method: str, request: Any, seconds: float | None = None) -> Steps[Any]:
        exchange = self._exchange(seconds=seconds)
        return (yield from exchange.patiently(lambda: exchange.single(method, request)))

    def _exchange(self, points: int = 0, sent: int = 0, seconds: float | None = None) -> Exchange:
        usual = usual_seconds(points, sent) if seconds is None else seconds
        return Exchange(self.target, usual if self.timeout is None else self.timeout, self.token, self.retry)


def _key(shape: RemoteShape) -> Key:
    """Name and version of the model that encoded a shape."""
    return shape.model, shape.version
