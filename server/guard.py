"""Stands before every call of the service: decodes, admits and turns failures into statuses."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from enf2enf_server.errors import LimitError, StreamError, to_status


class Guard(grpc.ServerInterceptor):
    """Wraps the methods of one service; others (health, reflection) pass untouched.

    Args:
        service: full name of the service.
        concurrent: calls admitted at once; one more is refused with RESOURCE_EXHAUSTED.
    """

    def __init__(self, service: str, concurrent: int):
        self._prefix = f"/{service}/"
        self._concurrent = concurrent
        self._places = threading.BoundedSemaphore(concurrent)

    def intercept_service(self, continuation: Callable, details: grpc.HandlerCallDetails) -> Any:
        """Called by gRPC for every incoming call."""
        handler = continuation(details)
        if handler is None or not details.method.startswith(self._prefix):
            return handler
        if handler.response_streaming:
            make, behaviour = grpc.stream_stream_rpc_method_handler, self._streamed(handler.stream_stream)
        elif handler.request_streaming:
            make, behaviour = grpc.stream_unary_rpc_method_handler, self._single(handler.stream_unary)
        else:
            make, behaviour = grpc.unary_unary_rpc_method_handler, self._single(handler.unary_unary)
        return make(behaviour, _tolerant(handler.request_deserializer), handler.response_serializer)

    def _single(self, behaviour: Callable) -> Callable:
        def answer(requests: Any, context: grpc.ServicerContext) -> Any:
            with self._admitted(context):
                return behaviour(_checked(requests), context)

        return answer

    def _streamed(self, behaviour: Callable) -> Callable:
        def answer(requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._admitted(context):
                yield from behaviour(_checked(requests), context)

        return answer

    @contextmanager
    def _admitted(self, context: grpc.ServicerContext) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            full = LimitError("server", f"at most {self._concurrent} requests at once", "one more; try again")
            context.abort_with_status(to_status(full))
        try:
            yield
        except grpc.RpcError:  # the client has gone: nobody to answer
            raise
        except Exception as error:
            context.abort_with_status(to_status(error))
        finally:
            self._places.release()


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
