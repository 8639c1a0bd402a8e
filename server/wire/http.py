"""The calls of `enf2enf.v1.Surrogate` in JSON: convert, one call, convert."""

import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from enf2enf.client.replies import RemoteShape, predictions_of
from enf2enf.client.requests import Question, Upload
from enf2enf.errors import QueryError, check_keys
from enf2enf.plain import shown
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.compute.engine import Engine
from enf2enf_server.compute.resolved_query import Points
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.errors import LimitError, StreamError
from enf2enf_server.wire import convert
from enf2enf_server.wire import json_question as asked
from enf2enf_server.wire.json_question import JsonQuestion, Parameters
from enf2enf_server.wire.plain import message_data, text
from enf2enf_server.wire.service import SurrogateService, owner
from enf2enf_server.wire.stream import RequestStream, check_size

Body = bytes | bytearray


class HttpService:
    """Answers through another service, in this process. What returns JSON is for the call's thread.

    Args:
        engine: of that service, for its limits.
        service: what answers `surrogate.proto`.
    """

    def __init__(self, engine: Engine, service: SurrogateService):
        self._engine, self._service = engine, service

    @asynccontextmanager
    async def received(self, call: Call, size: str | None, is_mesh: bool) -> AsyncIterator[Body]:
        """The time in which the server holds the body of a request.

        Args:
            call: the request.
            size: the number of its bytes, as the request says.
            is_mesh: whether it is a mesh, or JSON.
        """
        config = self._engine.config
        if size is None or not (size.isascii() and size.isdigit()):
            got = "none" if size is None else shown(size)
            raise StreamError("Content-Length", "the number of bytes that follow", got)
        if is_mesh:
            check_size(int(size), config.mesh_bytes)
        elif int(size) > config.message_bytes:
            raise LimitError("body", f"at most {config.message_bytes} bytes", f"{size} bytes")
        with self._engine.uploads.share(owner(call)) as share:
            with call.stage("receive"):
                body = await RequestStream(call, _chunk).content(int(size), share)
            yield body

    def describe(self, parameters: Parameters, body: Body, call: Call) -> bytes:
        """What `Describe` answers, the card as data."""
        described = self._service.description(asked.describe_request(asked.options(parameters, asked.MODEL)))
        plain = message_data(described)
        del plain["card_json"]
        return text(plain | {"card": json.loads(described.card_json)})

    def encode(self, parameters: Parameters, body: Body, call: Call) -> bytes:
        """What `Encode` answers to the file."""
        header = asked.mesh_header(asked.options(parameters, asked.MESH), len(body))
        return text(message_data(convert.encode_reply(self._service.encode(call, header, body))))

    def decode(self, parameters: Parameters, body: Body, call: Call) -> bytes:
        """The fields that JSON asks for."""
        asked.options(parameters, ())
        given = asked.parsed("body", body)
        asked.check_table("body", given)
        check_keys(QueryError, "body", given, {"handle", "conditions", "at"}, set())
        if not isinstance(given["handle"], str):
            raise QueryError("handle", "a text", asked.as_json(given["handle"]))
        question = JsonQuestion.of(given["conditions"], given["at"])
        return text(self._answer(call, self._service.find(call, given["handle"]), question))

    def predict(self, parameters: Parameters, body: Body, call: Call) -> bytes:
        """The fields of the shape in the file that the parameters ask for, and its handle."""
        given = asked.options(parameters, (*asked.MESH, "conditions", "at"))
        header, question = asked.mesh_header(given, len(body)), JsonQuestion.of_parameters(given)
        return text(self._answer(call, self._service.encode(call, header, body), question))

    def _answer(self, call: Call, shape: EncodedShape, given: JsonQuestion) -> Any:
        """Predictions as data: one, or a list where conditions came in a list."""
        question = given.about(shape, self._engine.config.http_points)
        known = RemoteShape.of(convert.encode_reply(shape), Upload(pb.MeshHeader(), b""))
        predictions = predictions_of(known, question, self._parts(call, shape, question), call.request_id)
        plain = [{"handle": shape.handle} | prediction.to_arrays() for prediction in predictions]
        return plain if given.is_list else plain[0]

    def _parts(
        self, call: Call, shape: EncodedShape, question: Question
    ) -> list[tuple[list[pb.FieldChunk], pb.Summary]]:
        """Chunks and summary under each set of conditions: of few points by Sample, of more by Decode."""
        count = question.count_of(len(shape.nodes), [shape.wall_sides])
        if question.answers == 1 and count <= shape.model.surrogate.chunk_points:
            reply = call.wait(self._service.Sample(question.sample(shape.handle), call))
            return [([reply.chunk], reply.summary)]
        answers, chunks = [], []
        for part in self._service.answer(call, shape, question.query, _Sent(question)):
            if "chunk" in part:
                chunks.append(part["chunk"])
            else:
                answers.append((chunks, part["summary"]))
                chunks = []
        return answers


@dataclasses.dataclass(frozen=True)
class _Sent:
    """The explicit points of a question, as `SentPoints`."""

    question: Question

    def points(self, count: int, dim: int, size: int) -> Iterator[Points]:
        points = self.question.at
        assert isinstance(points, np.ndarray)
        return (points[first : first + size] for first in range(0, max(1, count), size))

    def none(self) -> None:
        pass


def _chunk(piece: bytes) -> pb.EncodeRequest:
    return pb.EncodeRequest(chunk=piece)
