"""The grammar of request streams: a header, the file, a query, points, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf_server.compute.budget import Share
from enf2enf_server.ops.errors import LimitError, StreamError


class RequestStream:
    """A client's messages, taken one part at a time.

    Args:
        requests: the messages.
        alive: called before each; raises where the client no longer waits for the answer.
    """

    def __init__(self, requests: Iterable[Any], alive: Callable[[], None]):
        self._requests, self._alive = iter(requests), alive
        self._position = 0

    def take(self, kind: str) -> Any:
        """The next part. Raises `StreamError` if it is not of this kind."""
        found, part = self._next()
        if found != kind:
            raise StreamError(f"message {self._position}", f"a part {kind!r}", found)
        return part

    def end(self) -> None:
        """Raises `StreamError` if there is one more message."""
        found, _ = self._next()
        if found != "the end of the stream":
            raise StreamError(f"message {self._position}", "the end of the stream", found)

    def file(self, size: int, limit: int, share: Share) -> bytes:
        """The announced number of bytes from parts `chunk`, which count against the share of a budget.

        Raises:
            LimitError: more than `limit` bytes are announced, or all uploads hold too much.
            StreamError: another number of bytes follows.
        """
        if size < 1:
            raise StreamError("size", "at least 1 byte", str(size))
        if size > limit:
            raise LimitError("mesh", f"at most {limit} bytes", f"{size} bytes")
        data = bytearray()
        while len(data) < size:
            chunk = self.take("chunk")
            if not chunk or len(data) + len(chunk) > size:
                announced = f"1 to {size - len(data)} bytes (of {size} announced)"
                raise StreamError(f"chunk in message {self._position}", announced, f"{len(chunk)} bytes")
            share.take(len(chunk))
            data += chunk
        return bytes(data)

    def points(self, count: int, dim: int, size: int) -> Iterator[Float[np.ndarray, "points dim"]]:
        """The announced number of points from parts `points`, regrouped into arrays of `size`.

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
        self.end()

    def _message_points(self, count: int, received: int, dim: int) -> np.ndarray:
        """The points of the next message; `received` came before it, `count` are announced."""
        data = self.take("points")
        name = f"points in message {self._position}"
        if not data:
            raise StreamError(name, f"a multiple of {8 * dim} bytes ({dim} float64 a point)", "0 bytes")
        points = _read_points(data, dim, name, received)
        if received + len(points) > count:
            raise StreamError(name, f"at most {count - received} points (of {count} announced)", str(len(points)))
        return points

    def _next(self) -> tuple[str, Any]:
        self._position += 1
        self._alive()
        request = next(self._requests, None)
        if request is None:
            return "the end of the stream", None
        kind = request.WhichOneof("part")
        return (kind, getattr(request, kind)) if kind else ("an empty message", None)


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
