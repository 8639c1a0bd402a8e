"""A call as steps, which know no transport: the steps are the same whether a thread or an event loop takes them.

Steps are a generator. It yields an `Rpc` or a `Pause`, is sent the `grpc.RpcError` that the step ended in, or None, and
returns the result of the whole call.
"""

import dataclasses
import math
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from enf2enf.client.refusal import explained, passes, pushback
from enf2enf.client.retry import Deadline, Retry

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Rpc:
    """One remote call to be made.

    Args:
        method: its stub's name and its own, e.g. `surrogate.Decode`.
        requests: makes the request, or the iterator of requests.
        receive: is to be called with every reply.
        streamed: whether replies come as a stream.
        seconds: its deadline.
        metadata: to be sent before the requests.
        wait: whether to wait for a server that is not there yet.
    """

    method: str
    requests: Callable[[], Message | Iterator[Message]]
    receive: Callable[[Any], None]
    streamed: bool
    seconds: float
    metadata: Sequence[tuple[str, str]]
    wait: bool

    @property
    def options(self) -> dict[str, Any]:
        """As a stub's method takes them beside the request."""
        return {"timeout": self.seconds, "metadata": self.metadata, "wait_for_ready": self.wait}


@dataclasses.dataclass(frozen=True)
class Pause:
    """A time in which nothing is to be done."""

    seconds: float


Steps = Generator[Rpc | Pause, grpc.RpcError | None, T]


class Exchange:
    """One call of the user's: an id and a deadline for all remote calls that it takes.

    Args:
        target: the server, as errors name it.
        seconds: the deadline.
        token: bearer token, or None.
        retry: how it is tried again.
    """

    def __init__(self, target: str, seconds: float, token: str | None, retry: Retry):
        self._target, self._retry, self._deadline = target, retry, Deadline(seconds)
        self.request_id = uuid.uuid4().hex
        self._metadata = [("x-request-id", self.request_id)]
        if token is not None:
            self._metadata.append(("authorization", f"Bearer {token}"))

    def patiently(self, attempt: Callable[[], Steps[T]]) -> Steps[T]:
        """The steps of `attempt`, from the start again where the failure passes. Raises `Enf2EnfError`s alone."""
        pauses = self._retry.pauses()
        while True:
            try:
                return (yield from attempt())
            except grpc.RpcError as error:
                pause = next(pauses, math.inf) + pushback(error)
                if not passes(error) or pause >= self._deadline.left:
                    raise explained(error, self._target, self._deadline.seconds, self.request_id) from error
            yield Pause(pause)

    def call(
        self,
        method: str,
        requests: Callable[[], Message | Iterator[Message]],
        receive: Callable[[Any], None],
        *,
        streamed: bool = False,
        wait: bool = False,
    ) -> Steps[None]:
        """One remote call. Raises `grpc.RpcError`."""
        failure = yield Rpc(method, requests, receive, streamed, self._deadline.left, self._metadata, wait)
        if failure is not None:
            raise failure

    def single(self, method: str, request: Message, *, wait: bool = False) -> Steps[Any]:
        """The one reply to one request. Raises `grpc.RpcError`."""
        replies: list[Any] = []
        yield from self.call(method, lambda: request, replies.append, wait=wait)
        return replies[0]
