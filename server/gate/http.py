"""JSON over HTTP: every request is a call, admitted, limited, counted and refused as those of gRPC are."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from enf2enf.errors import QueryError
from enf2enf.plain import shown
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.gate.admission import Admission
from enf2enf_server.gate.exchange import Exchange, refusal_text
from enf2enf_server.gate.refusal import Refusals, RefusedCall
from enf2enf_server.gate.status import to_status
from enf2enf_server.ops.call import Call
from enf2enf_server.wire.http import Body, HttpService
from enf2enf_server.wire.json_question import Parameters

_SERVICE = pb.DESCRIPTOR.services_by_name["Surrogate"].full_name
_PIECE = 1 << 16  # bytes of an answer that are sent at once
_TOLD = ("x-request-id", "retry-after")


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """An address that answers calls of one method, as an application of ASGI.

    Args:
        method: of `surrogate.proto`.
        work: makes the answer, in the call's thread.
        body: what requests carry: `mesh`, `json` or nothing.
        service: what receives it.
        admission: admits them.
        refusals: ends those that are refused.
    """

    method: str
    work: Callable[[Parameters, Body, Call], bytes]
    body: str
    service: HttpService
    admission: Admission
    refusals: Refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; is done with it as soon as its client has left."""
        exchange = Exchange(scope, receive, send)
        answering = asyncio.create_task(self._answer(exchange))
        leaving = asyncio.create_task(exchange.left())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            answering.cancel()
            await asyncio.wait((answering, leaving))
        if not answering.cancelled():
            answering.result()

    async def _answer(self, exchange: Exchange) -> None:
        try:
            async with self.admission.arrived(exchange, f"{_SERVICE}/{self.method}") as call:
                call.notes["transport"] = "http"
                with ExitStack() as place:
                    await self._send(await self._made(exchange, call, place), exchange, call)
            return
        except RefusedCall as refused:
            refusal = refused
        await self.refusals.end(exchange, refusal)

    async def _made(self, exchange: Exchange, call: Call, place: ExitStack) -> bytes:
        """The answer, and a place for the time of the call."""
        exchange.check()
        if not self.body:
            place.enter_context(call.place())
            return await call.in_thread(self.work, exchange.parameters, b"", call)
        async with self.service.received(call, exchange.size, self.body == "mesh") as body:
            place.enter_context(call.place())
            return await call.in_thread(self.work, exchange.parameters, body, call)

    async def _send(self, answer: bytes, exchange: Exchange, call: Call) -> None:
        with call.stage("send"):
            await exchange.begin(200, len(answer))
            for first in range(0, len(answer), _PIECE):
                await call.send(answer[first : first + _PIECE])
            await exchange.end()


def application(service: HttpService, admission: Admission, patience: float, origins: Sequence[str]) -> Starlette:
    """All addresses.

    Args:
        service: what answers.
        admission: admits calls.
        patience: see `Refusals`.
        origins: the pages whose scripts may read answers; `*` for all.
    """
    shared = service, admission, Refusals(patience)
    endpoints = {
        ("GET", "describe"): Endpoint("Describe", service.describe, "", *shared),
        ("POST", "encode"): Endpoint("Encode", service.encode, "mesh", *shared),
        ("POST", "decode"): Endpoint("Decode", service.decode, "json", *shared),
        ("POST", "predict"): Endpoint("Predict", service.predict, "mesh", *shared),
    }
    routes = [Route(f"/v1/{name}", made, methods=[verb]) for (verb, name), made in endpoints.items()]
    readable = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", "x-request-id"],
        expose_headers=_TOLD,
    )
    handlers = dict.fromkeys((404, 405), _unknown(", ".join(f"{verb} /v1/{name}" for verb, name in endpoints)))
    made = Starlette(routes=routes, middleware=[readable] if origins else [], exception_handlers=handlers)
    made.router.redirect_slashes = False  # it believes the header Host
    return made


def _unknown(known: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answers what is none of the addresses."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # which has a status
        refusal = QueryError("address", f"one of {known}", shown(f"{request.method} {request.url.path}"))
        status = to_status(refusal, "")
        content = refusal_text(status.details, dict(status.trailing_metadata))
        return Response(content, error.status_code, error.headers, "application/json")

    return answer
