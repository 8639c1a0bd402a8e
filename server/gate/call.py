"""One admitted request: who asks, whether anybody still waits, and what its parts took."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import grpc

from enf2enf_server.compute.device import Done, result
from enf2enf_server.gate.caller import Caller
from enf2enf_server.ops.tracing import AbstractSpan, NoSpan
from enf2enf_server.wire.errors import GoneError, StoppingError


class Call:
    """What the services know of a request besides its messages.

    Args:
        context: gRPC's.
        request_id: names it in logs, traces and trailers.
        stopping: set when the server's time to drain is over.

    Attributes:
        caller: whose token it carries; None until that is known.
        span: of its trace.
        stages: stage -> seconds.
        notes: what its line in the log says besides.
        progress: when it last got further, by `time.monotonic`.
    """

    def __init__(self, context: grpc.ServicerContext, request_id: str, stopping: threading.Event):
        self.context, self.request_id, self._stopping = context, request_id, stopping
        self.caller: Caller | None = None
        self.span: AbstractSpan = NoSpan()
        self.stages: dict[str, float] = {}
        self.notes: dict[str, Any] = {}
        self.progress = time.monotonic()

    def alive(self) -> None:
        """Raises `GoneError` if the client has left or its deadline has passed, `StoppingError` if the server stops."""
        self.progress = time.monotonic()
        if self._stopping.is_set():
            raise StoppingError.now()
        if not self.context.is_active():
            raise GoneError("client", "one that waits for its answer", "none")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage."""
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            self._took(name, start, time.perf_counter_ns())

    def _took(self, stage: str, start: int, end: int) -> None:
        self.stages[stage] = self.stages.get(stage, 0.0) + (end - start) * 1e-9
        self.span.stage(stage, start, end)

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """What goes back besides the answer."""
        return (("x-request-id", self.request_id),)

    def wait(self, future: Future[Done], stage: str) -> Done:
        """The device's result; the device is spared if the client leaves before its turn."""
        self.context.add_callback(future.cancel)
        try:
            done = result(future)
        except StoppingError:
            self.alive()
            raise
        self.done(done, stage)
        return done

    def done(self, done: Done, stage: str) -> None:
        """Notes what the device took for this request."""
        self.progress = time.monotonic()
        self._took("queue", done.since, done.start)
        self._took(stage, done.start, done.end)
