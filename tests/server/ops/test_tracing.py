"""Spans as the SDK of OpenTelemetry exports them."""

import subprocess
import sys
import threading
import time
from concurrent import futures

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from enf2enf.errors import ConfigError
from enf2enf_server.ops import tracing
from enf2enf_server.ops.spans import OtelTracer, exporting

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VARIABLES = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
)


def recording():
    """A tracer, and where its spans arrive."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return OtelTracer(provider), exporter


@pytest.fixture
def environment(monkeypatch):
    """Sets variables, with none of OpenTelemetry's set before."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


def test_a_request_and_its_stages():
    tracer, exporter = recording()
    before, start = time.time_ns(), time.perf_counter_ns()
    with tracer.request("enf2enf.v1.Surrogate/Decode", [("user-agent", "me")]) as span:
        middle = time.perf_counter_ns()
        span.stage("queue", middle, middle + 2_000_000)
        span.stage("decode", middle + 2_000_000, middle + 5_000_000)
        time.sleep(0.01)
    took = time.perf_counter_ns() - start
    queue, decode, request = exporter.get_finished_spans()
    assert request.name == "enf2enf.v1.Surrogate/Decode" and request.kind is trace.SpanKind.SERVER
    assert dict(request.attributes) == {"rpc.system": "grpc", "rpc.service": "enf2enf.v1.Surrogate",
                                        "rpc.method": "Decode", "rpc.grpc.status_code": 0}  # fmt: skip
    assert request.parent is None and request.status.is_unset
    assert [child.name for child in (queue, decode)] == ["queue", "decode"]
    for child in (queue, decode):
        assert child.parent.span_id == request.context.span_id and child.context.trace_id == request.context.trace_id
        assert request.start_time <= child.start_time < child.end_time <= request.end_time
    assert queue.end_time == decode.start_time and decode.end_time - decode.start_time == 3_000_000
    assert 10_000_000 < request.end_time - request.start_time <= took
    assert abs(request.start_time - before) < 1e9
    assert span.trace_id == trace.format_trace_id(request.context.trace_id)


@pytest.mark.parametrize(("flags", "count"), [("01", 2), ("00", 0)])
def test_the_callers_trace_is_continued(flags, count):
    """And its wish not to be recorded is respected."""
    tracer, exporter = recording()
    carried = [("traceparent", f"00-{TRACE}-{PARENT}-{flags}"), ("tracestate", "vendor=7")]
    with tracer.request("enf2enf.v1.Surrogate/Encode", carried) as span:
        span.stage("parse", 1, 2)
    spans = exporter.get_finished_spans()
    assert span.trace_id == TRACE and len(spans) == count
    for each in spans:
        assert trace.format_trace_id(each.context.trace_id) == TRACE and each.context.trace_state["vendor"] == "7"
    if spans:
        assert trace.format_span_id(spans[1].parent.span_id) == PARENT and spans[1].parent.is_remote


header = st.text(st.characters()) | st.binary() | st.from_regex("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["traceparent", "tracestate", "traceparent-bin"]), header), max_size=4))
def test_no_metadata_breaks_a_request(metadata):
    tracer, exporter = recording()
    with tracer.request("enf2enf.v1.Surrogate/Decode", metadata) as span:
        span.stage("queue", 1, 2)
    assert len(exporter.get_finished_spans()) in (0, 2) and len(span.trace_id) == 32


@pytest.mark.parametrize(
    ("told", "error", "number", "failed"),
    [
        (None, None, 0, False),
        ("OK", None, 0, False),
        ("NOT_FOUND", ValueError, 5, False),
        ("INTERNAL", ValueError, 13, True),
        ("UNAVAILABLE", None, 14, True),
        (None, ValueError, 2, True),
        (None, GeneratorExit, 1, False),
    ],
)
def test_how_a_request_ended(told, error, number, failed):
    tracer, exporter = recording()
    try:
        with tracer.request("enf2enf.v1.Surrogate/Predict", []) as span:
            if told:
                span.status(told)
            if error:
                raise error
    except (ValueError, GeneratorExit) as caught:
        assert type(caught) is error
    (request,) = exporter.get_finished_spans()
    assert request.attributes["rpc.grpc.status_code"] == number
    assert (request.status.status_code is trace.StatusCode.ERROR) == failed


def test_a_handler_that_changes_threads_leaves_nothing_behind():
    tracer, exporter = recording()

    def handler():
        with tracer.request("enf2enf.v1.Surrogate/Decode", []) as span:
            for _ in range(3):
                start = time.perf_counter_ns()
                yield trace.get_current_span()
                span.stage("send", start, time.perf_counter_ns())

    parts, seen = [handler(), handler()], []
    for _ in range(4):
        for part in parts:
            thread = threading.Thread(target=lambda part=part: seen.append(next(part, None)))
            thread.start()
            thread.join()
    assert all(span in (trace.INVALID_SPAN, None) for span in seen)
    spans = exporter.get_finished_spans()
    requests = {span.context.span_id for span in spans if span.parent is None}
    assert len(spans) == 8 and len(requests) == 2
    assert sorted(sum(s.parent is not None and s.parent.span_id == id_ for s in spans) for id_ in requests) == [3, 3]


def test_a_query_of_many_chunks_does_not_crowd_others_out():
    tracer, exporter = recording()
    with tracer.request("enf2enf.v1.Surrogate/Decode", []) as span:
        for number in range(1000):
            span.stage("decode", number, number + 1)
    spans = exporter.get_finished_spans()
    assert len(spans) == 65 and spans[-1].attributes["enf2enf.stages_left_out"] == 936


class Failing(SpanExporter):
    """Not our code: what a broken network does to an exporter."""

    def __init__(self):
        self.asked = threading.Event()

    def export(self, spans):
        self.asked.set()
        raise ConnectionError("no network")

    def shutdown(self):
        raise ConnectionError("no network")


@pytest.mark.parametrize("processor", [SimpleSpanProcessor, BatchSpanProcessor])
def test_an_exporter_that_fails_fails_no_request(processor, caplog):
    exporter, provider = Failing(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor(exporter))
    tracer = OtelTracer(provider)
    with tracer.request("enf2enf.v1.Surrogate/Decode", []) as span:
        span.stage("queue", 1, 2)
    provider.force_flush()
    assert exporter.asked.wait(10)
    tracer.close()
    assert "the last spans are lost" in caplog.messages


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self):
        self.got = []

    def Export(self, request, context):
        self.got += request.resource_spans
        return trace_service_pb2.ExportTraceServiceResponse()


def test_spans_arrive_at_a_collector(environment):
    server, collector = grpc.server(futures.ThreadPoolExecutor(2)), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    environment(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    for service in ("enf2enf", "theirs"):
        if service == "theirs":
            environment(OTEL_SERVICE_NAME=service)
        tracer = tracing.from_environment()
        with tracer.request("enf2enf.v1.Surrogate/Decode", []) as span:
            span.stage("queue", 1, 2)
        tracer.close()
        (got,) = collector.got
        attributes = {each.key: each.value.string_value for each in got.resource.attributes}
        assert attributes["service.name"] == service and attributes["service.version"]
        names = [each.name for scope in got.scope_spans for each in scope.spans]
        assert sorted(names) == ["enf2enf.v1.Surrogate/Decode", "queue"]
        collector.got.clear()
    server.stop(0)


@pytest.mark.slow
def test_a_collector_that_is_not_there_holds_nobody_up(environment):
    environment(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    start, tracer = time.monotonic(), exporting()
    for _ in range(3000):  # more than the exporter's queue holds
        with tracer.request("enf2enf.v1.Surrogate/Decode", []):
            pass
    assert time.monotonic() - start < 5  # measured 0.4
    tracer.close()
    assert time.monotonic() - start < 9  # 3 seconds of patience


@pytest.mark.parametrize(
    ("variables", "traces"),
    [
        ({}, False),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
    ],
)
def test_the_operator_turns_it_on(environment, variables, traces):
    environment(**variables)
    tracer = tracing.from_environment()
    assert isinstance(tracer, OtelTracer if traces else tracing.NoTracer)
    tracer.close()


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"OTEL_TRACES_EXPORTER": "Zipkin"}, "OTEL_TRACES_EXPORTER: expected otlp or none, got 'zipkin'"),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: expected grpc, got 'http/protobuf'",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused(environment, variables, sentence):
    environment(**variables)
    with pytest.raises(ConfigError, match=sentence):
        tracing.from_environment()


def test_untraced_requests_share_one_span(environment):
    tracer = tracing.from_environment()
    with tracer.request("a.Service/Decode", []) as first, tracer.request("a.Service/Encode", []) as second:
        first.stage("queue", 1, 2)
        first.status("INTERNAL")
    assert first is second and first.trace_id == ""


def test_without_the_extra_the_log_says_so_and_requests_go_on(environment):
    program = """
import os, sys
sys.modules["opentelemetry"] = None  # as Python marks a package that is not there
from enf2enf_server.ops import tracing
assert tracing.from_environment().request("enf2enf.v1.Surrogate/Decode", []).trace_id == ""
assert not [name for name in sys.modules if name.startswith("opentelemetry.")]
os.environ["OTEL_TRACES_EXPORTER"] = "otlp"
with tracing.from_environment().request("enf2enf.v1.Surrogate/Decode", []) as span:
    span.stage("queue", 1, 2)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert run.stderr.startswith("nothing is traced: the extra enf2enf[tracing] is not installed")
