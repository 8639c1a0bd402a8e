"""Admits calls: identifies their callers, limits their number, and turns their failures into statuses."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from enf2enf_server.gate.status import to_status
from enf2enf_server.gate.tokens import Tokens
from enf2enf_server.ops import logs
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.caller import ANONYMOUS
from enf2enf_server.ops.errors import LimitError, StoppingError
from enf2enf_server.ops.metrics import Metrics
from enf2enf_server.ops.tracing import AbstractTracer

_LOG = logging.getLogger(__name__)
_TICK = 0.01  # seconds


class Admission:
    """At most so many calls at once; a further one is refused, not queued.

    Args:
        concurrent: calls at once.
        idle_seconds: longest that a call may make no progress.
        tokens: who may call; None: anybody.
        metrics, tracer: count and trace every call.
    """

    def __init__(
        self, concurrent: int, idle_seconds: float, tokens: Tokens | None, metrics: Metrics, tracer: AbstractTracer
    ):
        self._concurrent, self._idle, self._tokens = concurrent, idle_seconds, tokens
        self._metrics, self._tracer = metrics, tracer
        self._places = threading.BoundedSemaphore(concurrent)
        self._running: set[Call] = set()
        self._draining = False
        self.stopping = threading.Event()

    @contextmanager
    def admitted(self, context: grpc.ServicerContext, method: str) -> Iterator[Call]:
        """The time of one call of `method`, such as `enf2enf.v1.Surrogate/Decode`."""
        metadata, start = context.invocation_metadata(), time.perf_counter()
        call = Call(context, logs.request_id(metadata), self.stopping)
        context.set_trailing_metadata(call.trailers)
        self._metrics.started()
        code = "OK"
        try:
            with self._tracer.request(method, metadata) as call.span:
                try:
                    with self._place(), self._caller(call, metadata):
                        yield call
                except (grpc.RpcError, GeneratorExit):  # the client has left
                    code = "CANCELLED"
                    raise
                except Exception as error:
                    status = to_status(error, call.request_id)
                    code = status.code.name
                    context.set_trailing_metadata((*call.trailers, *status.trailing_metadata))
                    context.abort(status.code, status.details)
                finally:
                    call.span.status(code)
        finally:
            self._ended(call, method, code, time.perf_counter() - start)

    def drain(self, seconds: float) -> None:
        """Refuses new calls from now on, and waits for those in progress; after `seconds`, it tells them to stop.

        Before gRPC's own stop, which cancels calls that have arrived and not yet begun.
        """
        self._draining, until = True, time.monotonic() + seconds
        while self._running and time.monotonic() < until:
            time.sleep(_TICK)
        self.stopping.set()

    def end_idle(self) -> None:
        """Cancels calls that have made no progress for too long: their clients neither send nor take anything."""
        for call in list(self._running):
            if time.monotonic() - call.progress > self._idle:
                _LOG.warning("a call is idle and is cancelled", extra={"request_id": call.request_id})
                call.context.cancel()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._draining:
            raise StoppingError.now()
        if not self._places.acquire(blocking=False):
            raise LimitError("server", f"at most {self._concurrent} requests at once", "one more; try again")
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def _caller(self, call: Call, metadata: tuple) -> Iterator[None]:
        call.caller = ANONYMOUS if self._tokens is None else self._tokens.caller(metadata)
        with call.caller.admitted():
            self._running.add(call)
            try:
                yield
            finally:
                self._running.discard(call)

    def _ended(self, call: Call, method: str, code: str, seconds: float) -> None:
        name = method.rpartition("/")[2]
        self._metrics.finished(name, code, seconds)
        for stage, spent in call.stages.items():
            self._metrics.stage(stage, spent)
        if code not in ("OK", "CANCELLED"):
            self._metrics.reject(code.lower())
        if call.span.trace_id:
            call.notes["trace_id"] = call.span.trace_id
        logs.access(call.request_id, name, code, call.caller.name, seconds, call.stages, **call.notes)
