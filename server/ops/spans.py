"""Spans as OpenTelemetry records them. Needs the extra `tracing`."""

import logging
import threading
import time
from importlib import metadata as packages
from typing import Self

import grpc
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from enf2enf_server.ops.tracing import AbstractSpan, AbstractTracer, Metadata

_LOG = logging.getLogger(__name__)
_VERSION = packages.version("enf2enf")
_PROPAGATED = ("traceparent", "tracestate")
# The codes that are the server's fault; a client's mistake is no failed span (OpenTelemetry's convention for gRPC).
_FAULTS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
_MOST_STAGES = 64  # a query of many chunks would otherwise crowd every other span out of the exporter's queue
_PATIENCE = 3.0  # seconds


class OtelTracer(AbstractTracer):
    """Records through a provider of OpenTelemetry's SDK, which it then owns."""

    def __init__(self, provider: TracerProvider):
        self._provider = provider
        self._tracer = provider.get_tracer("enf2enf_server", _VERSION)
        self._propagator = TraceContextTextMapPropagator()

    def request(self, method: str, metadata: Metadata) -> "OtelSpan":
        """See `AbstractTracer`. What is no valid `traceparent` begins a new trace."""
        carried = {key: value for key, value in metadata if key in _PROPAGATED and isinstance(value, str)}
        return OtelSpan(self._tracer, method, self._propagator.extract(carried, Context()))

    def close(self) -> None:
        """Exports what is still held within 3 seconds, and ends the exporter."""
        ending = threading.Thread(target=self._end, daemon=True)  # it would wait 30 s for a collector that is not there
        ending.start()
        ending.join(_PATIENCE)

    def _end(self) -> None:
        try:
            self._provider.shutdown()
        except Exception as error:
            _LOG.warning("the last spans are lost", exc_info=error)


class OtelSpan(AbstractSpan):
    """A server span, with a child for each stage.

    Nothing is kept in context variables: a generator would leak them to whatever its thread does between two parts.
    """

    def __init__(self, tracer: trace.Tracer, method: str, parent: Context):
        self._tracer = tracer
        self._epoch = time.time_ns() - time.perf_counter_ns()  # one clock for a request: stages lie within it
        service, _, name = method.rpartition("/")
        attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
        kind = trace.SpanKind.SERVER
        self._span = tracer.start_span(method, parent, kind, attributes, start_time=self._now())
        self._within = trace.set_span_in_context(self._span, Context())
        self._code: str | None = None
        self._stages = 0

    @property
    def trace_id(self) -> str:
        """See `AbstractSpan`."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def stage(self, name: str, start_ns: int, end_ns: int) -> None:
        """See `AbstractSpan`. Of many stages the first 64 are recorded, and the others counted."""
        self._stages += 1
        if self._stages <= _MOST_STAGES and self._span.is_recording():
            child = self._tracer.start_span(name, self._within, start_time=self._epoch + start_ns)
            child.end(self._epoch + end_ns)

    def status(self, code: str) -> None:
        """See `AbstractSpan`."""
        self._code = code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace_: object) -> None:
        code = self._code or ("OK" if kind is None else "CANCELLED" if kind is GeneratorExit else "UNKNOWN")
        self._span.set_attribute("rpc.grpc.status_code", grpc.StatusCode[code].value[0])
        if code in _FAULTS:
            self._span.set_status(trace.StatusCode.ERROR, code)
        if self._stages > _MOST_STAGES:
            self._span.set_attribute("enf2enf.stages_left_out", self._stages - _MOST_STAGES)
        self._span.end(self._now())

    def _now(self) -> int:
        return self._epoch + time.perf_counter_ns()


def exporting() -> OtelTracer:
    """A tracer that sends its spans over OTLP, in the background; what cannot be sent is dropped, and logged."""
    ours = Resource.create({"service.name": "enf2enf", "service.version": _VERSION})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelTracer(provider)
