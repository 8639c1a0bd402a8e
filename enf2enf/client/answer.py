"""The messages of an answer, put together as they come in."""

from enf2enf.client.replies import RemoteShape, predictions_of
from enf2enf.client.requests import Question, Upload
from enf2enf.errors import ServiceError
from enf2enf.prediction import OnProgress, Prediction
from enf2enf_protos import surrogate_pb2 as pb


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
        self._answers: list[tuple[list[pb.FieldChunk], pb.Summary]] = []  # those that are complete
        self._chunks: list[pb.FieldChunk] = []  # of the next one
        self._points = 0  # of all

    def receive(self, reply: pb.SampleResponse | pb.DecodeResponse | pb.PredictResponse) -> None:
        """Takes the next message."""
        if isinstance(reply, pb.SampleResponse):
            self._take(reply.chunk)
            return self._end(reply.summary)
        match reply.WhichOneof("part"):
            case "encoded" if isinstance(reply, pb.PredictResponse):
                self._shape = RemoteShape.of(reply.encoded, self._upload)
            case "chunk":
                self._take(reply.chunk)
            case "summary":
                self._end(reply.summary)

    def _take(self, chunk: pb.FieldChunk) -> None:
        self._chunks.append(chunk)
        self._points += chunk.count
        if self._progress is not None:
            self._progress(self._points, self._expected * self._question.answers)

    def _end(self, summary: pb.Summary) -> None:
        self._answers.append((self._chunks, summary))
        self._chunks = []

    @property
    def _expected(self) -> int:
        """Points under each set of conditions."""
        if self._shape is None:
            return self._question.count or self._points
        return self._question.count_of(self._shape.nodes, self._shape.walls)

    @property
    def shape(self) -> RemoteShape:
        """The mesh as the server that answered knows it."""
        assert self._shape is not None
        return self._shape

    def fits(self, chunk_points: int) -> bool:
        """Whether its messages may be those of a server that computes so many points at once."""
        first, *others = (chunk.count for chunk in self._answers[0][0])
        return first == chunk_points if others else first <= chunk_points

    def predictions(self, target: str, request_id: str) -> list[Prediction]:
        """All of it as arrays, one for each set of conditions. Raises `ServiceError` if anything is missing."""
        shape, expected = self._shape, self._expected
        complete = len(self._answers) == self._question.answers and all(
            chunks and sum(chunk.count for chunk in chunks) == summary.points == expected
            for chunks, summary in self._answers
        )
        if shape is None or not complete or self._chunks:
            got = f"an answer that breaks off (request {request_id})"
            if len(self._answers) == 1 < self._question.answers and not self._chunks:
                got = f"one answer for {self._question.answers} sets of conditions, as of servers before 0.2"
            raise ServiceError(target, "all values, then a summary", got)
        return predictions_of(shape, self._question, self._answers, request_id)
