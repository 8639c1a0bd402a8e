"""One request over HTTP and its answer, as a call."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence

import grpc
from google.rpc import error_details_pb2, status_pb2
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from enf2enf.plain import shown
from enf2enf_server.gate.refusal import PUSHBACK
from enf2enf_server.ops.call import EOF
from enf2enf_server.ops.errors import GoneError, StreamError
from enf2enf_server.wire.plain import text

_DETAILS = "grpc-status-details-bin"
_STATUSES = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.CANCELLED: 408,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 413,
    grpc.StatusCode.UNAVAILABLE: 503,
}
_PASSING = {grpc.StatusCode.RESOURCE_EXHAUSTED: 429, grpc.StatusCode.UNAVAILABLE: 503}
_INTERNAL, _UNSUPPORTED = 500, 415
_PLAIN, _FORM = "identity", "multipart/form-data"


class Exchange:
    """A `Transport`: its messages are the pieces of the request's body, then those of the answer's.

    Args:
        scope, receive, send: of ASGI.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send):
        self._request, self._receive, self._send = Request(scope), receive, send
        self._trailers: Sequence[tuple[str, str]] = ()
        self._taken, self._begun = asyncio.Event(), False
        self._refused: tuple[int, Sequence[tuple[str, str]]] | None = None  # status and headers that gRPC has none for

    @property
    def parameters(self) -> Sequence[tuple[str, str]]:
        """Those of the address, in their order."""
        return self._request.query_params.multi_items()

    @property
    def size(self) -> str | None:
        """The number of bytes in the body, as its sender says."""
        return self._request.headers.get("content-length")

    def check(self) -> None:
        """Raises `StreamError` if the headers give the length of the body twice, or an encoded body, or a form."""
        headers = self._request.headers
        if "content-length" in headers and "transfer-encoding" in headers:  # of which others may see another end
            self._refused = 400, [("connection", "close")]
            raise StreamError("Content-Length", "none beside Transfer-Encoding", shown(self.size))
        coding, kind = headers.get("content-encoding", _PLAIN), headers.get("content-type", "").partition(";")[0]
        if coding.strip().lower() != _PLAIN:
            self._refused = _UNSUPPORTED, [("accept-encoding", _PLAIN)]
            raise StreamError("Content-Encoding", f"{_PLAIN}, or none", shown(coding))
        if kind.strip().lower() == _FORM:
            self._refused = _UNSUPPORTED, []
            raise StreamError("body", "what is sent itself, as by curl --data-binary @file", "a form")

    def peer(self) -> str:
        """What the connection is counted under: its host, since many clients make a connection for every request."""
        client = self._request.client
        return "http:" if client is None else f"http:{client.host}"

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """The headers."""
        return self._request.headers.items()

    def set_trailing_metadata(self, trailing_metadata: Sequence[tuple[str, str]]) -> None:
        """Headers of the answer."""
        self._trailers = tuple(trailing_metadata)

    def trailing_metadata(self) -> Sequence[tuple[str, str]]:
        """Those that were set."""
        return self._trailers

    async def read(self) -> bytes | object:
        """The next piece of the body, or its end. Raises `GoneError` where the client has left."""
        while not self._taken.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise GoneError("client", "one that waits for its answer", "none")
            if not message.get("more_body"):
                self._taken.set()
            if message.get("body"):
                return message["body"]
        return EOF

    async def left(self) -> None:
        """Returns when the client has left, or has its answer. Knows it once the body has been read."""
        await self._taken.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def begin(self, status: int, size: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Begins an answer of so many bytes of JSON."""
        self._begun = True
        fields = (("content-type", "application/json"), ("content-length", str(size)), *self._trailers, *headers)
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in fields]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, message: bytes) -> None:
        """Sends the next piece of the answer; waits for the client to take those before."""
        await self._send({"type": "http.response.body", "body": message, "more_body": True})

    async def end(self) -> None:
        """Ends the answer."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Iterable) -> None:
        """Answers with the refusal, unless an answer has begun, which then breaks off."""
        if self._begun:
            return
        trailers = dict(trailing_metadata)
        refusal = refusal_text(details, trailers)
        status, headers = _STATUSES.get(code, _INTERNAL), []
        if PUSHBACK in trailers and code in _PASSING:
            status, headers = _PASSING[code], [("retry-after", str(math.ceil(int(trailers[PUSHBACK]) / 1000)))]
        elif code == grpc.StatusCode.UNAUTHENTICATED:
            headers = [("www-authenticate", "Bearer")]
        elif code == grpc.StatusCode.INVALID_ARGUMENT and self._refused is not None:
            status, headers = self._refused
        await self.begin(status, len(refusal), headers)
        await self.write(refusal)
        await self.end()


def refusal_text(details: str, trailers: Mapping[str, str | bytes]) -> bytes:
    """The JSON of a status: the class of the error, its parts and its sentence."""
    info, packed = error_details_pb2.ErrorInfo(), trailers[_DETAILS]
    assert isinstance(packed, bytes)
    for detail in status_pb2.Status.FromString(packed).details:
        detail.Unpack(info)
    parts = {part: info.metadata[part] for part in ("name", "expected", "got")}
    return text({"error": info.reason, **parts, "message": details})
