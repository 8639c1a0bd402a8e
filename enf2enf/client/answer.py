"""The messages of an answer, put together as they come in."""

from enf2enf.client.inspector import Inspector, Layout
from enf2enf.client.replies import RemoteShape, predictions_of
from enf2enf.client.requests import Question, Upload
from enf2enf.prediction import OnProgress, Prediction
from enf2enf_protos import surrogate_pb2 as pb


class Answer:
    """The answer to one question.

    Args:
        question: the question.
        upload: the mesh.
        progress: called whenever values have arrived.
        request_id: of the call.
        shape: the encoded shape; None if it comes as the first message of the answer (`Predict`).
    """

    def __init__(
        self,
        question: Question,
        upload: Upload,
        progress: OnProgress | None,
        request_id: str,
        shape: RemoteShape | None = None,
    ):
        self._question, self._upload, self._progress, self._shape = question, upload, progress, shape
        self._request_id, self._inspector = request_id, Inspector(request_id)
        self._answers: list[tuple[list[pb.FieldChunk], pb.Summary]] = []  # complete answers
        self._chunks: list[pb.FieldChunk] = []  # chunks of the next answer so far
        self._points = 0  # in these chunks
        self._layout: Layout | None = None

    def receive(self, reply: pb.SampleResponse | pb.DecodeResponse | pb.PredictResponse) -> None:
        """Takes the next message. Raises `ServiceError` where it is not the one that should come now."""
        if isinstance(reply, pb.SampleResponse):
            self._take(reply.chunk)
            return self._end(reply.summary)
        part = reply.WhichOneof("part")
        if part == "encoded" and isinstance(reply, pb.PredictResponse) and self._shape is None:
            self._shape = self._inspector.encoding(reply.encoded, self._upload)
        elif part in (None, "encoded") or self._shape is None or len(self._answers) == self._question.answers:
            raise self._inspector.fault("all values, then a summary", part or "an empty message")
        elif part == "chunk":
            self._take(reply.chunk)
        else:
            self._end(reply.summary)

    def _take(self, chunk: pb.FieldChunk) -> None:
        layout = self._inspector.layout(chunk, self._points, self._expected)
        if layout != (self._layout or layout):
            raise self._inspector.fault(f"the fields {self._layout}, as before", str(layout))
        if not self._answers and self._question.on_walls:
            self._inspector.sides(chunk, self._dim, self.shape.walls)
        elif not self._answers and self._question.count is None:
            self._inspector.points(chunk, self._dim)
        self._layout = layout
        self._chunks.append(chunk)
        self._points += chunk.count
        if self._progress is not None:
            done = len(self._answers) * self._expected + self._points
            self._progress(done, self._expected * self._question.answers)

    def _end(self, summary: pb.Summary) -> None:
        if not self._chunks or self._points != self._expected:
            raise self._inspector.fault(f"values at {self._expected} points", f"a summary after {self._points}")
        self._inspector.summary(summary, self._expected)
        self._answers.append((self._chunks, summary))
        self._chunks, self._points = [], 0

    @property
    def _dim(self) -> int:
        return self.shape.bounds.shape[1]

    @property
    def _expected(self) -> int:
        """Points under each set of conditions."""
        return self._question.count_of(self.shape.nodes, self.shape.walls)

    @property
    def shape(self) -> RemoteShape:
        """The mesh as the server that answered knows it."""
        assert self._shape is not None
        return self._shape

    def fits(self, chunk_points: int) -> bool:
        """Whether the received chunk sizes fit a server that computes this many points at once."""
        first, *others = (chunk.count for chunk in self._answers[0][0])
        return first == chunk_points if others else first <= chunk_points

    def predictions(self) -> list[Prediction]:
        """All of it as arrays, one for each set of conditions. Raises `ServiceError` if anything is missing."""
        missing = self._question.answers - len(self._answers)
        if missing and len(self._answers) == 1 and not self._chunks:
            got = f"one answer for {self._question.answers} sets of conditions, as of servers before 0.2"
            raise self._inspector.fault("all values, then a summary", got)
        if missing:
            raise self._inspector.fault("all values, then a summary", "an answer that breaks off")
        return predictions_of(self.shape, self._question, self._answers, self._request_id)
