"""Health, in the event loop: asking costs no thread and waits for nobody."""

import asyncio
from collections.abc import AsyncIterator

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from enf2enf_server.ops.errors import UnknownServiceError

_REPLY = health_pb2.HealthCheckResponse


class Health(health_pb2_grpc.HealthServicer):
    """The states of services. For one event loop.

    grpc-health-checking's own servicer for asyncio forgets those who watch a service when one of them leaves, and waits
    for a watcher that does not read before it tells the others.
    """

    def __init__(self):
        self._states: dict[str, health_pb2.HealthCheckResponse.ServingStatus] = {}
        self._changed, self._closed = asyncio.Event(), False

    def set(self, service: str, serves: bool) -> None:
        """Whether a service serves, for all who ask from now on and those who watch."""
        self._states[service] = _REPLY.SERVING if serves and not self._closed else _REPLY.NOT_SERVING
        self._tell()

    def close(self) -> None:
        """Says NOT_SERVING of all services, for good, and ends the watching."""
        self._closed = True
        self._states = dict.fromkeys(self._states, _REPLY.NOT_SERVING)
        self._tell()

    def _tell(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """See `health.proto`."""
        if request.service not in self._states:
            raise UnknownServiceError("service", "one that this server knows", repr(request.service[:80]))
        return _REPLY(status=self._states[request.service])

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """See `health.proto`. Ends with the server."""
        told = None
        while True:
            changed, closed = self._changed, self._closed
            status = self._states.get(request.service, _REPLY.SERVICE_UNKNOWN)
            if status != told:
                yield _REPLY(status=status)
                told = status
            if closed:
                return
            await changed.wait()
