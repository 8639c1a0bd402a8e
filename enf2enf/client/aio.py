"""The client for event loops."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NoReturn, Self

import grpc
from google.protobuf.message import Message

from enf2enf.at import At
from enf2enf.client import connection
from enf2enf.client.calls import Calls
from enf2enf.client.refusal import hidden
from enf2enf.client.replies import ModelVersion, RemoteShape
from enf2enf.client.requests import Upload
from enf2enf.client.retry import Retry
from enf2enf.client.steps import Pause, Rpc, Steps, T
from enf2enf.conditions import Conditions
from enf2enf.description import Description
from enf2enf.geometry import Geometry
from enf2enf.io.accept import MeshLike
from enf2enf.prediction import OnProgress, Prediction

_USUAL = Retry()
_LISTENING_SECONDS = 1.0


class AsyncClient:
    """`Client` for asyncio: the same calls, arguments and errors, awaited. Made, and used, in one running event loop.

    Args:
        target, timeout, credentials, token, retry: as `Client` takes them.
        in_flight: calls made at once; further ones wait here for their turn, and their deadlines begin with it. However
            many are gathered, the server's limit (`Description.limits["concurrent_requests"]`) is kept.
    """

    def __init__(
        self,
        target: str,
        *,
        timeout: float | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        token: str | None = None,
        retry: Retry = _USUAL,
        in_flight: int = 16,
    ):
        self.target, self.timeout = connection.checked_target(target), connection.checked_timeout(timeout)
        self._calls = Calls(connection.named(target), timeout, connection.checked_token(token), retry)
        self._turns = asyncio.Semaphore(connection.checked_in_flight(in_flight))
        self._channel, self._closed = connection.opened(grpc.aio, target, credentials), False
        self._stubs = connection.Stubs(self._channel)

    @classmethod
    def secure(
        cls,
        target: str,
        *,
        ca: connection.PathLike | None = None,
        certificate: connection.PathLike | None = None,
        key: connection.PathLike | None = None,
        **options: Any,
    ) -> Self:
        """As `Client.secure`."""
        return cls(target, credentials=connection.tls(ca, certificate, key), **options)

    def __repr__(self) -> str:
        return f"AsyncClient({self.target})"

    def __reduce__(self) -> NoReturn:
        raise connection.unpicklable()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """As `Client.close`."""
        self._closed = True
        await self._channel.close()

    async def ready(self, model: str = "") -> bool:
        """As `Client.ready`."""
        return await self._run(self._calls.ready(model))

    async def describe(self, model: str = "", version: int = 0) -> Description:
        """As `Client.describe`."""
        return await self._run(self._calls.describe(model, version))

    @property
    async def card(self) -> Mapping[str, Any]:
        """As `Client.card`, awaited."""
        return (await self.describe()).card

    async def models(self) -> tuple[ModelVersion, ...]:
        """As `Client.models`."""
        return await self._run(self._calls.models())

    async def load_model(self, model: str, version: int = 0) -> ModelVersion:
        """As `Client.load_model`."""
        return await self._run(self._calls.load_model(model, version))

    async def unload_model(self, model: str, version: int = 0) -> tuple[ModelVersion, ...]:
        """As `Client.unload_model`."""
        return await self._run(self._calls.unload_model(model, version))

    async def encode(
        self,
        mesh: MeshLike | Geometry,
        *,
        name: str = "",
        walls: Sequence[str] = (),
        symmetry: Sequence[str] = (),
        length_unit: str = "m",
        model: str = "",
        version: int = 0,
    ) -> RemoteShape:
        """As `Client.encode`."""
        made = self._calls.encode(lambda: Upload.of(mesh, name, walls, symmetry, length_unit, model, version))
        return await self._run(made)

    async def decode(
        self, shape: RemoteShape, conditions: Conditions, at: At = "nodes", *, progress: OnProgress | None = None
    ) -> Prediction:
        """As `Client.decode`; `progress` is called in the event loop."""
        return (await self._run(self._calls.decode(shape, [conditions], at, progress)))[0]

    async def predict_many(
        self,
        shape: RemoteShape,
        conditions: Sequence[Conditions],
        at: At = "nodes",
        *,
        progress: OnProgress | None = None,
    ) -> list[Prediction]:
        """As `Client.predict_many`."""
        return await self._run(self._calls.decode(shape, conditions, at, progress))

    async def predict(
        self,
        mesh: MeshLike | Geometry,
        conditions: Conditions,
        at: At = "nodes",
        *,
        name: str = "",
        walls: Sequence[str] = (),
        symmetry: Sequence[str] = (),
        length_unit: str = "m",
        model: str = "",
        version: int = 0,
        progress: OnProgress | None = None,
    ) -> Prediction:
        """As `Client.predict`."""
        made = self._calls.predict(
            lambda: Upload.of(mesh, name, walls, symmetry, length_unit, model, version), conditions, at, progress
        )
        return (await self._run(made))[0]

    async def _run(self, steps: Steps[T]) -> T:
        failure, listens = None, False
        async with self._turns:
            while True:
                try:
                    step = steps.send(failure)
                except StopIteration as end:
                    return end.value
                failure = await self._take(step, listens)
                listens = listens or (failure is not None and hidden(failure))

    async def _take(self, step: Rpc | Pause, listens: bool) -> grpc.RpcError | None:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if self._closed:
            raise connection.closed()
        requests, begun = step.requests(), asyncio.get_running_loop().create_future()
        if listens and isinstance(requests, Iterator):
            requests = _listening(begun, requests, min(_LISTENING_SECONDS, step.seconds / 4))
        call = attrgetter(step.method)(self._stubs)(requests, **step.options)
        begun.set_result(call)
        try:
            return await (self._receive(aiter(call), step) if step.streamed else self._receive_one(call, step))
        finally:
            call.cancel()  # has an effect only where `receive` has raised, or this task was cancelled

    async def _receive_one(self, call: Awaitable[Any], step: Rpc) -> grpc.RpcError | None:
        try:
            reply = await call
        except (grpc.RpcError, asyncio.CancelledError) as error:
            return self._failed(error)
        return step.receive(reply)  # may raise whatever it likes

    async def _receive(self, replies: AsyncIterator[Any], step: Rpc) -> grpc.RpcError | None:
        while True:
            try:
                reply = await anext(replies)
            except StopAsyncIteration:
                return None
            except (grpc.RpcError, asyncio.CancelledError) as error:
                return self._failed(error)
            step.receive(reply)

    def _failed(self, error: grpc.RpcError | asyncio.CancelledError) -> grpc.RpcError:
        """The error of a call. Passes cancelling on; raises `ServiceError` where this client was closed meanwhile."""
        task = asyncio.current_task()
        if self._closed and not (task and task.cancelling()):
            raise connection.closed() from error
        if isinstance(error, asyncio.CancelledError):
            raise error
        return error


async def _listening(
    begun: Awaitable[grpc.aio.Call], requests: Iterator[Message], seconds: float
) -> AsyncIterator[Message]:
    """The requests of a call, held until the server responds, at most `seconds`: it may refuse before reading them."""
    call = await begun
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(call.initial_metadata(), seconds)
    for request in requests:
        yield request
