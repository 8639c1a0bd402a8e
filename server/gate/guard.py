"""Stands before every call: reads it within bounds, admits it, and turns failures into statuses."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc

from enf2enf_server.gate.admission import Admission
from enf2enf_server.gate.refusal import Refusals, RefusedCall
from enf2enf_server.gate.status import to_status
from enf2enf_server.ops.call import EOF
from enf2enf_server.ops.lobby import Lobby
from enf2enf_server.wire.stream import RequestStream, no_message, parsed

Serialize = Callable[[Any], bytes]
Deserialize = Callable[[bytes], Any]


class Guard(grpc.aio.ServerInterceptor):
    """Wraps all methods. Those of ours get a `Call` for gRPC's context; health, reflection and other probes do not.

    Every method is registered with a stream of requests: otherwise gRPC itself would wait for the first, without limit.

    Args:
        guarded: prefixes of the paths of our own methods, such as `/enf2enf.v1.Surrogate/`.
        admission: admits their calls.
        probes: lobby of the calls of other methods.
        watchers: lobby of calls that sent their one request and get answers until they leave (health watches).
        patience: see `Refusals`.
    """

    def __init__(self, guarded: Sequence[str], admission: Admission, probes: Lobby, watchers: Lobby, patience: float):
        self._guarded, self._admission, self._probes, self._watchers = tuple(guarded), admission, probes, watchers
        self._refusals = Refusals(patience)
        self._wrapped: dict[str, grpc.RpcMethodHandler] = {}

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        """Called by gRPC for every incoming call."""
        if (known := self._wrapped.get(details.method)) is not None:
            return known
        handler = await continuation(details)
        if handler is not None:
            ours = details.method.startswith(self._guarded)
            wrap = self._ours if ours else self._probe
            self._wrapped[details.method] = handler = wrap(handler, details.method.lstrip("/"))
        return handler

    def _ours(self, handler: Any, method: str) -> grpc.RpcMethodHandler:
        behaviour, serialize = _behaviour(handler), handler.response_serializer
        deserialize, streamed = handler.request_deserializer, handler.request_streaming

        async def answer(_: Any, context: grpc.aio.ServicerContext) -> bytes | None:
            try:
                async with self._admission.arrived(context, method) as call:
                    requests = RequestStream(call, deserialize)
                    if streamed:
                        reply = await behaviour(requests, call)
                    else:
                        request = await requests.single()
                        with call.place():
                            reply = await behaviour(request, call)
                    return None if reply is None else serialize(reply)
            except RefusedCall as refused:
                refusal = refused
            await self._refusals.end(context, refusal)

        return _registered(answer, handler)

    def _probe(self, handler: Any, method: str) -> grpc.RpcMethodHandler:
        respond = _streamed if handler.response_streaming else _single
        probe = respond(_behaviour(handler), handler.response_serializer)
        watched = handler.response_streaming and not handler.request_streaming

        async def answer(_: Any, context: grpc.aio.ServicerContext) -> bytes | None:
            requests = _requests(context, handler.request_deserializer)
            try:
                async with self._probes.stay(context.peer()):
                    given = requests if handler.request_streaming else await anext(requests)
                    if handler.request_streaming:
                        return await probe(given, context)
                await self._refusals.slow_down(context.peer())
                if not watched:
                    return await probe(given, context)
                async with self._watchers.stay(context.peer()):
                    return await probe(given, context)
            except grpc.aio.BaseError:  # the client has left
                raise
            except Exception as error:
                refusal = RefusedCall(to_status(error, method), error)
            await self._refusals.end(context, refusal)

        return _registered(answer, handler)


def _behaviour(handler: Any) -> Callable:
    kinds = ("unary_unary", "stream_unary", "unary_stream", "stream_stream")
    return next(behaviour for kind in kinds if (behaviour := getattr(handler, kind)) is not None)


def _registered(answer: Callable, handler: Any) -> grpc.RpcMethodHandler:
    streamed = handler.response_streaming
    return (grpc.stream_stream_rpc_method_handler if streamed else grpc.stream_unary_rpc_method_handler)(answer)


async def _requests(context: grpc.aio.ServicerContext, deserialize: Deserialize) -> AsyncIterator[Any]:
    """A probe's messages, one at least."""
    position = 1
    while (data := await context.read()) is not EOF:
        yield parsed(data, deserialize, position)
        position += 1
    if position == 1:
        raise no_message()


def _single(behaviour: Callable, serialize: Serialize) -> Callable[..., Awaitable[bytes]]:
    async def answer(request: Any, context: grpc.aio.ServicerContext) -> bytes:
        return serialize(await behaviour(request, context))

    return answer


def _streamed(behaviour: Callable, serialize: Serialize) -> Callable[..., Awaitable[None]]:
    async def answer(requests: Any, context: grpc.aio.ServicerContext) -> None:
        async for reply in behaviour(requests, context):
            await context.write(serialize(reply))

    return answer
