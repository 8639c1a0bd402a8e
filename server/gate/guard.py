"""Stands before every call of the services: decodes, admits and turns failures into statuses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from enf2enf_server.gate.admission import Admission
from enf2enf_server.ops.errors import StreamError


class Guard(grpc.ServerInterceptor):
    """Wraps our methods, which get a `Call` in place of gRPC's context; others pass untouched.

    Args:
        guarded: what the paths of the methods that are ours begin with, such as `/enf2enf.v1.Surrogate/`.
        admission: admits their calls.
    """

    def __init__(self, guarded: Sequence[str], admission: Admission):
        self._guarded, self._admission = tuple(guarded), admission

    def intercept_service(self, continuation: Callable, details: grpc.HandlerCallDetails) -> Any:
        """Called by gRPC for every incoming call."""
        handler = continuation(details)
        if handler is None or not details.method.startswith(self._guarded):
            return handler
        for kind in ("unary_unary", "stream_unary", "unary_stream", "stream_stream"):
            if (behaviour := getattr(handler, kind)) is not None:
                wrap = self._streamed if handler.response_streaming else self._single
                make = getattr(grpc, f"{kind}_rpc_method_handler")
                guarded = wrap(behaviour, details.method.lstrip("/"))
                return make(guarded, _tolerant(handler.request_deserializer), handler.response_serializer)
        raise AssertionError(details.method)

    def _single(self, behaviour: Callable, method: str) -> Callable:
        def answer(requests: Any, context: grpc.ServicerContext) -> Any:
            with self._admission.admitted(context, method) as call:
                return behaviour(_checked(requests), call)

        return answer

    def _streamed(self, behaviour: Callable, method: str) -> Callable:
        def answer(requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._admission.admitted(context, method) as call:
                yield from behaviour(_checked(requests), call)

        return answer


class _Malformed:
    """Bytes that are no message: gRPC itself would answer INTERNAL, as if it were our fault."""


def _tolerant(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def parse(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return _Malformed()

    return parse


def _checked(requests: Any) -> Any:
    if isinstance(requests, _Malformed):
        raise StreamError("message 1", "a protobuf message", "bytes that are none")
    return _checked_stream(requests) if isinstance(requests, Iterable) else requests


def _checked_stream(requests: Iterable[Any]) -> Iterator[Any]:
    for position, request in enumerate(requests, 1):
        if isinstance(request, _Malformed):
            raise StreamError(f"message {position}", "a protobuf message", "bytes that are none")
        yield request
