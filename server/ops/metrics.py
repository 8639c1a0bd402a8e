"""What a server counts, for Prometheus to scrape."""

import threading
import weakref
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any
from wsgiref.simple_server import WSGIServer

import grpc
import jax.monitoring
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, start_http_server

from enf2enf.errors import ConfigError, ServiceError
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import surrogate_pb2 as pb

STAGES = ("receive", "parse", "encode", "queue", "decode", "send")
METHODS = tuple(
    method.name
    for file in (pb.DESCRIPTOR, oip.DESCRIPTOR)
    for service in file.services_by_name.values()
    for method in service.methods
)
_CODES = tuple(code.name for code in grpc.StatusCode)
_KNOWN = ("hit", "miss", "lost")
_SECONDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_REQUESTS = (1, 2, 4, 8, 16, 32)
_PADDING = (1.0, 1.1, 1.25, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0, 4096.0)
_SCRAPES = 8  # answered at once
_PATIENCE = 5.0  # seconds for a scrape to be asked
_COMPILED = "/jax/core/compile/backend_compile_duration"


class Metrics:
    """The counters of one server, in a registry of its own, so that a process can hold several servers.

    Cheap enough for every request: a counter takes about 1 microsecond. Safe to share between threads. Names that are
    not foreseen (a method, status, stage or result) raise `ConfigError`, since each would become a time series.
    """

    def __init__(self):
        self.registry = CollectorRegistry()
        self._replaced = 0
        self._requests_families()
        self._work_families()
        self._process_families()
        _watch_compilations(self)

    def _requests_families(self) -> None:
        self._requests = self._make(Counter, "requests_total", "Requests that have ended.", ("method", "code"))
        self._ended = {(method, "OK"): self._requests.labels(method, "OK") for method in METHODS}
        text = "Time from the start of a request to its end, in seconds."
        seconds = self._make(Histogram, "request_seconds", text, ("method",), buckets=_SECONDS)
        self._seconds = {method: seconds.labels(method) for method in METHODS}
        self._in_flight = self._make(Gauge, "requests_in_flight", "Requests that are being worked on.")
        self._rejects = self._make(Counter, "rejects_total", "Requests that were refused, by reason.", ("reason",))
        text = "Time that a request spent in one stage, in seconds."
        stages = self._make(Histogram, "stage_seconds", text, ("stage",), buckets=_SECONDS)
        self._stages = {stage: stages.labels(stage) for stage in STAGES}

    def _work_families(self) -> None:
        self._points = self._make(Counter, "points_total", "Points that were decoded.", ("model",))
        text = "Requests that one call of the device served."
        self._batch = self._make(Histogram, "batch_requests", text, buckets=_REQUESTS)
        text = "Points computed over points asked, of one call of the device."
        self._padding = self._make(Histogram, "batch_padding_ratio", text, buckets=_PADDING)
        text = "Uploads known already (hit), uploads encoded (miss), handles asked for but no longer held (lost)."
        handles = self._make(Counter, "handles_total", text, ("result",))
        self._handles = {result: handles.labels(result) for result in _KNOWN}
        self._cached_shapes = self._make(Gauge, "cached_shapes", "Encoded geometries that are held.")
        self._cached_bytes = self._make(Gauge, "cached_bytes", "Memory that the held geometries take, in bytes.")
        self._queue = self._make(Gauge, "queue_items", "Calls that wait for the device.")

    def _process_families(self) -> None:
        text = "Programs that JAX compiled, or read from its persistent cache, since this server was made."
        self._compilations = self._make(Counter, "compilations_total", text)
        self._models = self._make(Gauge, "models_loaded", "Surrogates that are ready to answer.")
        text = "Mesh parsers that were replaced by fresh ones."
        self._parsers = self._make(Counter, "parser_replacements_total", text)
        build = self._make(Info, "build", "Version of the software.")
        build.info({"version": metadata.version("enf2enf")})
        ProcessCollector(registry=self.registry)

    def _make(self, kind: type, name: str, documentation: str, labels: Iterable[str] = (), **options):
        return kind(name, documentation, tuple(labels), namespace="enf2enf", registry=self.registry, **options)

    def started(self) -> None:
        """A request begins; `finished` must follow, once."""
        self._in_flight.inc()

    def finished(self, method: str, code: str, seconds: float) -> None:
        """A request has ended: `method` such as "Decode", `code` the name of a gRPC status such as "NOT_FOUND"."""
        if (ended := self._ended.get((method, code))) is None:
            ended = self._requests.labels(_one_of("method", method, METHODS), _one_of("code", code, _CODES))
            self._ended[method, code] = ended
        self._in_flight.dec()
        ended.inc()
        self._seconds[method].observe(seconds)

    def stage(self, stage: str, seconds: float) -> None:
        """A request spent `seconds` in one of `STAGES`."""
        self._stages[_one_of("stage", stage, self._stages)].observe(seconds)

    def points(self, model: str, count: int) -> None:
        """A model decoded `count` points."""
        self._points.labels(model).inc(count)

    def batch(self, requests: int, requested: int, computed: int) -> None:
        """One device call served some requests: `computed` points, padding included, for the `requested` ones."""
        self._batch.observe(requests)
        self._padding.observe(computed / max(requested, 1))

    def handle(self, result: str) -> None:
        """An upload was known already ("hit") or encoded ("miss"), or a handle is no longer held ("lost")."""
        self._handles[_one_of("result", result, self._handles)].inc()

    def reject(self, reason: str) -> None:
        """A request was refused. The reason is ours, never a client's text: a gRPC status in lower case, or finer."""
        if not (reason.isascii() and reason.islower() and reason.isidentifier() and len(reason) <= 40):
            raise ConfigError("reason", "at most 40 of a-z, 0-9 and _", repr(reason[:80]))
        self._rejects.labels(reason).inc()

    def parsers_replaced(self, total: int) -> None:
        """So many mesh parsers have ended or hung since the beginning, and a fresh one took the place of each."""
        self._parsers.inc(total - self._replaced)
        self._replaced = total

    def models_loaded(self, count: int) -> None:
        """So many surrogates are now ready to answer."""
        self._models.set(count)

    def watch_cache(self, shapes: Callable[[], float], bytes_: Callable[[], float]) -> None:
        """Asks both at each scrape: how many geometries are held, and the memory that they take in bytes."""
        self._cached_shapes.set_function(shapes)
        self._cached_bytes.set_function(bytes_)

    def watch_queue(self, items: Callable[[], float]) -> None:
        """Asks at each scrape how many calls wait for the device."""
        self._queue.set_function(items)

    def _compiled(self) -> None:
        self._compilations.inc()


def _one_of(name: str, got: str, known: Iterable[str]) -> str:
    if got not in known:
        raise ConfigError(name, f"one of {', '.join(known)}", repr(got))
    return got


_LIVING: weakref.WeakSet[Metrics] = weakref.WeakSet()
_LIVING_LOCK = threading.Lock()
_LISTENING = threading.Event()


def _watch_compilations(metrics: Metrics) -> None:
    """Counts every compilation in `metrics` for as long as it lives.

    JAX cannot drop a listener, so a process registers only one.
    """
    with _LIVING_LOCK:
        _LIVING.add(metrics)
        if not _LISTENING.is_set():
            jax.monitoring.register_event_duration_secs_listener(_on_event)
            _LISTENING.set()


def _on_event(event: str, duration_secs: float, **_: str | int) -> None:
    if event != _COMPILED:
        return
    with _LIVING_LOCK:
        living = tuple(_LIVING)
    for metrics in living:
        metrics._compiled()


class MetricsServer:
    """Answers GET /metrics over plain HTTP, on threads of its own."""

    def __init__(self, server: WSGIServer, thread: threading.Thread):
        self._server, self._thread = server, thread
        self.port: int = server.server_port

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(metrics: Metrics, host: str, port: int) -> MetricsServer:
    """Starts to answer scrapes; port 0 takes a free one. There is no access control: choose `host` accordingly.

    Raises:
        ServiceError: the address is taken or is none.
    """
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except (OSError, OverflowError) as error:
        raise ServiceError("metrics address", "a free address to listen on", f"{host}:{port}") from error
    scrape = server.get_app()
    assert scrape is not None  # `start_http_server` has set it
    server.set_app(_only_metrics(scrape))
    _bound(server)
    return MetricsServer(server, thread)


def _bound(server: Any) -> None:
    """Lets a server answer few at once, and hang up on who says nothing: each connection has a thread."""
    places, begin, answer = threading.BoundedSemaphore(_SCRAPES), server.process_request, server.process_request_thread

    def process_request(request: Any, address: Any) -> None:
        if places.acquire(blocking=False):
            begin(request, address)
        else:
            server.shutdown_request(request)

    def process_request_thread(request: Any, address: Any) -> None:
        try:
            answer(request, address)
        finally:
            places.release()

    server.process_request, server.process_request_thread = process_request, process_request_thread
    server.handle_error = lambda *_: None  # which would print that somebody has said nothing
    server.RequestHandlerClass = type("Handler", (server.RequestHandlerClass,), {"timeout": _PATIENCE})


def _only_metrics(scrape: Callable) -> Callable:
    """The client library answers any path with the metrics, which hides a wrong configuration."""

    def answer(environ: dict, start_response: Callable) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            return scrape(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"the metrics are at /metrics\n"]

    return answer
