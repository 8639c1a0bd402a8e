"""One request: who makes it, its messages, whether its client still waits, and how long its stages took."""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, suppress
from typing import Any, ParamSpec, TypeVar

import grpc

from enf2enf_server.ops.caller import ANONYMOUS, UNKNOWN, Caller
from enf2enf_server.ops.errors import GoneError, StoppingError
from enf2enf_server.ops.lobby import Lobby
from enf2enf_server.ops.pace import Pace
from enf2enf_server.ops.tracing import AbstractSpan, NoSpan
from enf2enf_server.ops.transport import Transport

P = ParamSpec("P")
T = TypeVar("T")
EOF = grpc.aio.EOF  # pyright: ignore[reportAttributeAccessIssue]  # its types do not know it


class Call:
    """What the services know of a request. Its coroutines are for the event loop, `wait` and `alive` for its thread.

    Args:
        context: what carries it: gRPC's, or one of its kind.
        request_id: names it in logs, traces and trailers.
        lobby: where it is until its first message is there.
        uploads: where it is while its file comes.
        pace: at which its client must send and take.
        place: takes one of the places that the server has for work, until it is left.
        threads: one for every place.
        stopping: set when the server's time to drain is over.

    Attributes:
        caller: whose token it carries; `UNKNOWN` until the call is admitted.
        span: of its trace.
        stages: stage -> seconds.
        notes: further fields of its line in the access log.
        gone: whether its client left while a thread worked on it.
    """

    def __init__(
        self,
        context: Transport,
        request_id: str,
        lobby: Lobby,
        uploads: Lobby,
        pace: Pace,
        place: Callable[[Caller], AbstractContextManager[None]],
        threads: concurrent.futures.Executor,
        stopping: threading.Event,
    ):
        self.request_id, self._context, self._pace, self._stopping = request_id, context, pace, stopping
        self._lobby: Lobby | None = lobby
        self._uploads = uploads
        self._place, self._threads, self._loop = place, threads, asyncio.get_running_loop()
        self.gone, self._waited_for = False, concurrent.futures.Future()
        self.caller: Caller = UNKNOWN
        self.span: AbstractSpan = NoSpan()
        self.stages: dict[str, float] = {}
        self.notes: dict[str, Any] = {}

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """The trailing metadata of its answer."""
        return (("x-request-id", self.request_id),)

    @property
    def origin(self) -> str:
        """What it is queued and counted under: the caller's name, or the connection if the caller is anonymous."""
        return self._context.peer() if self.caller is ANONYMOUS else self.caller.name

    async def receive(self) -> bytes | None:
        """The client's next message; None at the end of its stream.

        Raises:
            IdleError: it does not come.
            FullError: too many calls wait for their first message.
            GoneError: the client has left.
        """
        try:
            message = await self._first() if self._lobby is not None else await self._pace.keep(self._context.read())
        except grpc.aio.BaseError as error:
            raise _gone() from error
        if message is EOF:
            return None
        self._pace.moved(len(message))
        return message

    async def send(self, message: bytes) -> None:
        """Sends a message of a streamed answer. Raises `IdleError` or `GoneError` where the client does not take it."""
        try:
            await self._pace.keep(self._context.write(message))
        except grpc.aio.BaseError as error:
            raise _gone() from error
        self._pace.moved(len(message))

    def upload(self) -> AbstractAsyncContextManager[None]:
        """The time in which its file comes. Raises `CrowdError` where it has to make room for another's."""
        return self._uploads.stay(self.origin)

    def place(self) -> AbstractContextManager[None]:
        """The time in which the server works on it. Raises `FullError` where there is no place."""
        return self._place(self.caller)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of work that would hold up the event loop. Needs a place.

        Where the client leaves, the thread is told by `alive` and `wait`, and the place is kept until it has ended.
        """
        future = self._loop.run_in_executor(self._threads, lambda: work(*args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self.gone = True
            self._waited_for.cancel()
            await _ended(future)
            raise

    def wait(self, awaited: Coroutine[Any, Any, T]) -> T:
        """What the event loop computes, for the thread of `in_thread`. Raises as `alive`, and what `awaited` raises."""
        self._waited_for = future = asyncio.run_coroutine_threadsafe(awaited, self._loop)
        if self.gone:
            future.cancel()
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            self.alive()
            raise

    def alive(self) -> None:
        """Returns where the answer is still wanted.

        Raises:
            GoneError: the client has left or its deadline has passed.
            StoppingError: the server stops.
        """
        if self._stopping.is_set():
            raise StoppingError.now()
        if self.gone:
            raise _gone()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage."""
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            self.took(name, start, time.perf_counter_ns())

    def took(self, stage: str, start_ns: int, end_ns: int) -> None:
        """Adds a part of a stage, between two readings of `time.perf_counter_ns`."""
        self.stages[stage] = self.stages.get(stage, 0.0) + (end_ns - start_ns) * 1e-9
        self.span.stage(stage, start_ns, end_ns)

    async def _first(self) -> Any:
        assert self._lobby is not None
        lobby, self._lobby = self._lobby, None
        async with lobby.stay(self._context.peer()):
            return await self._context.read()


async def _ended(future: asyncio.Future) -> None:
    """Returns when a thread has ended, however often its call is cancelled meanwhile."""
    while not future.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([future])
    future.exception()


def _gone() -> GoneError:
    return GoneError("client", "one that waits for its answer", "none")
