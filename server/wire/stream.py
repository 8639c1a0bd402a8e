"""The grammar of request streams: a header, the file, a query, points, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf_server.compute.budget import Share
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import LimitError, StreamError

_END = "the end of the stream"


class RequestStream:
    """A client's messages, taken one part at a time.

    Args:
        call: whose messages they are.
        deserialize: from the bytes of one.
    """

    def __init__(self, call: Call, deserialize: Callable[[bytes], Any]):
        self._call, self._deserialize = call, deserialize
        self._position = 0

    async def single(self) -> Any:
        """The one message of a call that has no more. Raises `StreamError` if it is none, or is missing."""
        data = await self._received()
        if data is None:
            raise no_message()
        return parsed(data, self._deserialize, 1)

    async def take(self, kind: str) -> Any:
        """The next part. Raises `StreamError` if it is not of this kind."""
        return self._part(await self._received(), kind)

    async def end(self) -> None:
        """Raises `StreamError` if there is one more message."""
        data = await self._received()
        if data is not None:
            raise StreamError(f"message {self._position}", _END, self._kind(data)[0])

    async def file(self, size: int, share: Share, config: ServerConfig) -> bytearray:
        """The announced number of bytes from parts `chunk`, which count against the share of a budget.

        Raises:
            LimitError: more bytes are announced than a mesh may have, or all uploads hold too much.
            StreamError: another number of bytes follows.
            IdleError: it takes too long.
        """
        check_size(size, config.mesh_bytes)
        return await self.content(size, share)

    async def content(self, size: int, share: Share) -> bytearray:
        """As `file`, of whatever may have so many bytes."""
        data = bytearray()
        async with self._call.upload():
            while len(data) < size:
                chunk = self._checked(await self.take("chunk"), size, len(data))
                share.take(len(chunk))
                data += chunk
        return data

    def points(self, count: int, dim: int, size: int) -> Iterator[Float[np.ndarray, "points dim"]]:
        """The announced number of points from parts `points`, regrouped into arrays of `size`. For the call's thread.

        Regrouped so that the answer does not depend on how the client cut its stream.

        Raises:
            StreamError: another number of points follows, or bytes that are no points.
            QueryError: a coordinate that is not finite.
        """
        received, held = 0, np.empty((0, dim))
        while received < count:
            fresh = self._message_points(count, received, dim)
            received += len(fresh)
            held = np.concatenate([held, fresh])
            ready = len(held) if received == count else len(held) // size * size
            yield from (held[first : first + size] for first in range(0, ready, size))
            held = held[ready:]
        if not count:
            yield held
        self.none()

    def none(self) -> None:
        """Raises `StreamError` if there is one more message. For the call's thread."""
        self._call.wait(self.end())

    def _message_points(self, count: int, received: int, dim: int) -> np.ndarray:
        """The points of the next message; `received` came before it, `count` are announced."""
        data = self._part(self._call.wait(self._received()), "points")
        name = f"points in message {self._position}"
        if not data:
            raise StreamError(name, f"a multiple of {8 * dim} bytes ({dim} float64 a point)", "0 bytes")
        points = _read_points(data, dim, name, received)
        if received + len(points) > count:
            raise StreamError(name, f"at most {count - received} points (of {count} announced)", str(len(points)))
        return points

    def _checked(self, chunk: bytes, size: int, held: int) -> bytes:
        if not chunk or held + len(chunk) > size:
            announced = f"1 to {size - held} bytes (of {size} announced)"
            raise StreamError(f"chunk in message {self._position}", announced, f"{len(chunk)} bytes")
        return chunk

    async def _received(self) -> bytes | None:
        self._position += 1
        return await self._call.receive()

    def _part(self, data: bytes | None, kind: str) -> Any:
        found, part = (_END, None) if data is None else self._kind(data)
        if found != kind:
            raise StreamError(f"message {self._position}", f"a part {kind!r}", found)
        return part

    def _kind(self, data: bytes) -> tuple[str, Any]:
        request = parsed(data, self._deserialize, self._position)
        kind = request.WhichOneof("part")
        return (kind, getattr(request, kind)) if kind else ("an empty message", None)


def no_message() -> StreamError:
    """The refusal of a call that ends before it has said anything."""
    return StreamError("message 1", "a message", _END)


def check_size(size: int, most: int) -> None:
    """Raises `StreamError` or `LimitError` where a mesh of so many bytes is not accepted."""
    if size < 1:
        raise StreamError("size", "at least 1 byte", str(size))
    if size > most:
        raise LimitError("mesh", f"at most {most} bytes", f"{size} bytes")


def parsed(data: bytes, deserialize: Callable[[bytes], Any], position: int) -> Any:
    """The message in some bytes. Raises `StreamError` where they are none, which gRPC itself would call our fault."""
    try:
        return deserialize(data)
    except DecodeError:
        raise StreamError(f"message {position}", "a protobuf message", "bytes that are none") from None


def points_of(data: bytes, count: int, dim: int) -> Float[np.ndarray, "points dim"]:
    """The announced number of points from the bytes of one message.

    Raises:
        StreamError: another number of points, or bytes that are none.
        QueryError: a coordinate that is not finite.
    """
    points = _read_points(data, dim, "points", 0)
    if len(points) != count:
        raise StreamError("points", f"{count} points, as announced", str(len(points)))
    return points


def _read_points(data: bytes, dim: int, name: str, received: int) -> np.ndarray:
    if len(data) % (8 * dim):
        raise StreamError(name, f"a multiple of {8 * dim} bytes ({dim} float64 a point)", f"{len(data)} bytes")
    points = np.frombuffer(data, "<f8").reshape(-1, dim)
    if len(bad := np.flatnonzero(~np.isfinite(points).all(axis=1))):
        raise QueryError(f"point {received + bad[0]}", "finite coordinates", str(points[bad[0]].tolist()))
    return points
