"""One admitted request: who makes it, whether its client still waits, and how long its stages took."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from enf2enf_server.ops.caller import UNKNOWN, Caller
from enf2enf_server.ops.errors import GoneError, StoppingError
from enf2enf_server.ops.tracing import AbstractSpan, NoSpan


class Call:
    """What the services know of a request besides its messages.

    Args:
        context: gRPC's.
        request_id: names it in logs, traces and trailers.
        stopping: set when the server's time to drain is over.

    Attributes:
        caller: whose token it carries; `UNKNOWN` until the call is admitted.
        span: of its trace.
        stages: stage -> seconds.
        notes: further fields of its line in the access log.
        progress: when it last made progress, by `time.monotonic`.
    """

    def __init__(self, context: grpc.ServicerContext, request_id: str, stopping: threading.Event):
        self.context, self.request_id, self._stopping = context, request_id, stopping
        self.caller: Caller = UNKNOWN
        self.span: AbstractSpan = NoSpan()
        self.stages: dict[str, float] = {}
        self.notes: dict[str, Any] = {}
        self.progress = time.monotonic()

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """The trailing metadata of its answer."""
        return (("x-request-id", self.request_id),)

    def alive(self) -> None:
        """Notes progress.

        Raises:
            GoneError: the client has left or its deadline has passed.
            StoppingError: the server stops.
        """
        self.progressed()
        if self._stopping.is_set():
            raise StoppingError.now()
        if not self.context.is_active():
            raise GoneError("client", "one that waits for its answer", "none")

    def progressed(self) -> None:
        """Notes that the request is not idle."""
        self.progress = time.monotonic()

    def when_ended(self, callback: Callable[[], Any]) -> None:
        """Calls back when the request ends, also where its client leaves before it is answered."""
        self.context.add_callback(callback)

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
