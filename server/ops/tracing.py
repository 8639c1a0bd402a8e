"""Spans of requests, if the operator wants any: OpenTelemetry, behind the extra `tracing`."""

import abc
import logging
import os
from collections.abc import Iterable
from typing import Self

from enf2enf.errors import ConfigError

_LOG = logging.getLogger(__name__)
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
Metadata = Iterable[tuple[str, str | bytes]]


class AbstractSpan(abc.ABC):
    """One request, from entering `with` to leaving it. Bound to no thread: a handler may resume on another one."""

    @property
    @abc.abstractmethod
    def trace_id(self) -> str:
        """The trace in 32 hexadecimal digits, to find it from a log; empty where nothing is traced."""

    @abc.abstractmethod
    def stage(self, name: str, start_ns: int, end_ns: int) -> None:
        """A part of the request, between two readings of `time.perf_counter_ns`."""

    @abc.abstractmethod
    def status(self, code: str) -> None:
        """The name of the gRPC status that the request ends with.

        Without this call: OK, CANCELLED for a generator that was closed, UNKNOWN for any other exception.
        """

    @abc.abstractmethod
    def __enter__(self) -> Self: ...

    @abc.abstractmethod
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None: ...


class AbstractTracer(abc.ABC):
    """Makes spans."""

    @abc.abstractmethod
    def request(self, method: str, metadata: Metadata) -> AbstractSpan:
        """The span of a call of `method`, such as "enf2enf.v1.Surrogate/Decode"; its `traceparent` is continued."""

    @abc.abstractmethod
    def close(self) -> None:
        """Exports what is still held."""


class NoSpan(AbstractSpan):
    """Records nothing."""

    @property
    def trace_id(self) -> str:
        """Empty."""
        return ""

    def stage(self, name: str, start_ns: int, end_ns: int) -> None:
        """Does nothing."""

    def status(self, code: str) -> None:
        """Does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        pass


class NoTracer(AbstractTracer):
    """Traces nothing."""

    def __init__(self):
        self._span = NoSpan()

    def request(self, method: str, metadata: Metadata) -> NoSpan:
        """The same span for all."""
        return self._span

    def close(self) -> None:
        """Does nothing."""


def from_environment() -> AbstractTracer:
    """A tracer that exports over OTLP as OpenTelemetry's own environment variables say, or one that does nothing.

    It traces where OTEL_EXPORTER_OTLP_ENDPOINT (or its _TRACES_ variant) is set, or OTEL_TRACES_EXPORTER=otlp, unless
    OTEL_TRACES_EXPORTER=none or OTEL_SDK_DISABLED=true. Where the extra `tracing` is missing, the log says so and the
    server runs untraced: clusters set these variables for every container.

    Raises:
        ConfigError: an exporter or protocol other than OTLP over gRPC.
    """
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    wanted = exporter or ("otlp" if any(os.environ.get(name) for name in _ENDPOINTS) else "none")
    if wanted == "none" or os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return NoTracer()
    if wanted != "otlp":
        raise ConfigError("OTEL_TRACES_EXPORTER", "otlp or none", repr(exporter))
    protocol = next((value for name in _PROTOCOLS if (value := os.environ.get(name))), "grpc")
    if protocol != "grpc":
        raise ConfigError("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", repr(protocol))
    try:
        from enf2enf_server.ops import spans
    except ModuleNotFoundError as missing:
        _LOG.warning("nothing is traced: the extra enf2enf[tracing] is not installed (%s)", missing)
        return NoTracer()
    return spans.exporting()
