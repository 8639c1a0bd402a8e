"""The messages of an answer, put together as they come in."""

from collections.abc import Callable

from enf2enf.client.replies import RemoteShape, prediction_of
from enf2enf.client.requests import Question, Upload
from enf2enf.errors import ServiceError
from enf2enf.prediction import Prediction
from enf2enf_protos import surrogate_pb2 as pb

OnProgress = Callable[[int, int], None]  # points that are there, points in all


class Answer:
    """The answer to one question.

    Args:
        question: the question.
        upload: the mesh.
        progress: called whenever values have arrived.
        shape: the mesh as the server knows it; None where the answer begins with it.
    """

    def __init__(
        self, question: Question, upload: Upload, progress: OnProgress | None, shape: RemoteShape | None = None
    ):
        self._question, self._upload, self._progress, self._shape = question, upload, progress, shape
        self._chunks: list[pb.FieldChunk] = []
        self._summary: pb.Summary | None = None
        self._points = 0

    def receive(self, reply: pb.SampleResponse | pb.DecodeResponse | pb.PredictResponse) -> None:
        """Takes the next message."""
        if isinstance(reply, pb.SampleResponse):
            self._summary = reply.summary
            return self._take(reply.chunk)
        match reply.WhichOneof("part"):
            case "encoded" if isinstance(reply, pb.PredictResponse):
                self._shape = RemoteShape.of(reply.encoded, self._upload)
            case "chunk":
                self._take(reply.chunk)
            case "summary":
                self._summary = reply.summary

    def _take(self, chunk: pb.FieldChunk) -> None:
        self._chunks.append(chunk)
        self._points += chunk.count
        if self._progress is not None:
            self._progress(self._points, self._expected)

    @property
    def _expected(self) -> int:
        if self._question.points is not None:
            return self._question.points
        return self._points if self._shape is None else self._shape.nodes

    def fits(self, chunk_points: int) -> bool:
        """Whether its messages may be those of a server that computes so many points at once."""
        first, *others = (chunk.count for chunk in self._chunks)
        return first == chunk_points if others else first <= chunk_points

    def prediction(self, target: str, request_id: str) -> Prediction:
        """All of it as arrays. Raises `ServiceError` if anything is missing."""
        shape, summary = self._shape, self._summary
        complete = summary is not None and self._points == summary.points == self._expected
        if shape is None or summary is None or not self._chunks or not complete:
            raise ServiceError(
                target, "all values, then a summary", f"an answer that breaks off (request {request_id})"
            )
        return prediction_of(shape, self._chunks, summary, self._question.at, request_id)
