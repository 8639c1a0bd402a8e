"""What is counted is what a scraper reads, over real HTTP."""

import contextlib
import gc
import json
import re
import socket
import threading
import urllib.error
import urllib.request
import weakref
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import jax
import numpy as np
import pytest
from pools import until
from prometheus_client.parser import text_string_to_metric_families

from enf2enf.errors import ConfigError, ServiceError
from enf2enf_server.ops.metrics import METHODS, STAGES, Metrics, serve_metrics


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def scraped(metrics):
    """Reads a sample over HTTP: 0.0 where a family has it not, KeyError where there is no such family."""
    server = serve_metrics(metrics, "127.0.0.1", 0)

    def read(name, **labels):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as reply:
            assert reply.headers["Content-Type"].startswith("text/plain")
            families = text_string_to_metric_families(reply.read().decode())
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        if not samples:
            raise KeyError(name)
        return next((sample.value for sample in samples if sample.labels == labels), 0.0)

    yield read
    server.close()


def test_requests_are_counted_and_timed_by_method_and_status(metrics, scraped):
    for code, seconds in (("OK", 0.02), ("OK", 0.3), ("NOT_FOUND", 0.001)):
        metrics.started()
        metrics.finished("Decode", code, seconds)
    metrics.started()
    assert scraped("enf2enf_requests_total", method="Decode", code="OK") == 2
    assert scraped("enf2enf_requests_total", method="Decode", code="NOT_FOUND") == 1
    assert scraped("enf2enf_requests_total", method="Encode", code="OK") == 0
    assert scraped("enf2enf_requests_in_flight") == 1
    assert scraped("enf2enf_request_seconds_count", method="Decode") == 3
    assert scraped("enf2enf_request_seconds_sum", method="Decode") == pytest.approx(0.321)
    assert scraped("enf2enf_request_seconds_bucket", method="Decode", le="0.025") == 2


def test_every_stage_has_its_own_histogram_from_a_tenth_of_a_millisecond_to_a_minute(metrics, scraped):
    assert set(STAGES) == {"receive", "parse", "encode", "queue", "decode", "send"}
    for number, stage in enumerate(STAGES):
        for _ in range(number + 1):
            metrics.stage(stage, 1e-4)
        metrics.stage(stage, 61.0)
    for number, stage in enumerate(STAGES):
        assert scraped("enf2enf_stage_seconds_bucket", stage=stage, le="0.0001") == number + 1
        assert scraped("enf2enf_stage_seconds_bucket", stage=stage, le="60.0") == number + 1
        assert scraped("enf2enf_stage_seconds_bucket", stage=stage, le="+Inf") == number + 2


def test_work_is_counted(metrics, scraped):
    metrics.points("elasticity", 4096)
    metrics.points("elasticity", 4)
    metrics.points("other", 1)
    metrics.batch(requests=3, requested=4000, computed=8192)
    metrics.batch(requests=1, requested=0, computed=1)
    for result, count in (("hit", 3), ("miss", 2), ("lost", 1)):
        for _ in range(count):
            metrics.handle(result)
        assert scraped("enf2enf_handles_total", result=result) == count
    metrics.reject("resource_exhausted")
    metrics.reject("token")
    metrics.parsers_replaced(1)
    metrics.models_loaded(2)
    assert scraped("enf2enf_points_total", model="elasticity") == 4100
    assert scraped("enf2enf_batch_requests_bucket", le="2.0") == 1
    assert scraped("enf2enf_batch_requests_bucket", le="4.0") == 2
    assert scraped("enf2enf_batch_padding_ratio_sum") == pytest.approx(2.048 + 1)
    assert scraped("enf2enf_rejects_total", reason="token") == 1
    assert scraped("enf2enf_parser_replacements_total") == 1 and scraped("enf2enf_models_loaded") == 2


def test_gauges_are_read_when_they_are_scraped(metrics, scraped):
    held, waiting = [], []
    metrics.watch_cache(lambda: len(held), lambda: 100 * len(held))
    metrics.watch_queue(lambda: len(waiting))
    assert scraped("enf2enf_cached_shapes") == 0
    held += "abc"
    waiting += "de"
    assert scraped("enf2enf_cached_shapes") == 3 and scraped("enf2enf_cached_bytes") == 300
    assert scraped("enf2enf_queue_items") == 2


def test_the_process_and_the_build_are_described(scraped):
    block = np.ones(50 << 17)  # 50 MiB
    assert scraped("process_resident_memory_bytes") > block.nbytes
    assert scraped("process_cpu_seconds_total") > 0
    assert scraped("enf2enf_build_info", version=metadata.version("enf2enf")) == 1


def test_a_compilation_is_counted_once(metrics, scraped):
    other, factor = Metrics(), np.float32(3)
    program = jax.jit(lambda x: x * factor + 1)
    few, more = np.ones(3, np.float32), np.ones(5, np.float32)
    before = scraped("enf2enf_compilations_total")
    program(few)
    assert scraped("enf2enf_compilations_total") == before + 1
    program(few)
    assert scraped("enf2enf_compilations_total") == before + 1
    late = Metrics()
    program(more)
    assert scraped("enf2enf_compilations_total") == before + 2
    counts = [each.registry.get_sample_value("enf2enf_compilations_total") for each in (other, late)]
    assert counts == [2, 1]


def test_a_server_that_is_gone_is_not_kept_by_its_listener():
    gone = weakref.ref(Metrics())
    gc.collect()
    assert gone() is None


def test_servers_do_not_share_their_counters(metrics, scraped):
    Metrics().stage("parse", 1.0)
    assert scraped("enf2enf_stage_seconds_count", stage="parse") == 0


def test_threads_lose_no_count(metrics, scraped):
    def work(_):
        for _ in range(500):
            metrics.started()
            metrics.stage("decode", 0.001)
            metrics.finished("Predict", "INTERNAL", 0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert scraped("enf2enf_requests_total", method="Predict", code="INTERNAL") == 4000
    assert scraped("enf2enf_stage_seconds_count", stage="decode") == 4000
    assert scraped("enf2enf_requests_in_flight") == 0


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda m: m.stage("decod", 1.0), "stage: expected one of receive, .*, send, got 'decod'"),
        (lambda m: m.finished("Decode\n", "OK", 1.0), "method: expected one of Describe, Encode, .*, got 'Decode.n'"),
        (lambda m: m.finished("Decode", "FINE", 1.0), "code: expected one of OK, .*, got 'FINE'"),
        (lambda m: m.handle("found"), "result: expected one of hit, miss, lost, got 'found'"),
        (lambda m: m.reject("mesh: expected a mesh"), "reason: expected at most 40 of a-z, 0-9 and _, got 'mesh: "),
        (lambda m: m.reject("a" * 41), "reason: expected at most 40"),
        (lambda m: m.reject(""), "reason: expected at most 40"),
    ],
)
def test_a_name_that_is_not_foreseen_is_refused(metrics, act, sentence):
    with pytest.raises(ConfigError, match=sentence):
        act(metrics)


def test_every_method_is_there_before_its_first_call(scraped):
    assert {"Describe", "Encode", "Decode", "Predict"} <= set(METHODS)
    assert all(scraped("enf2enf_request_seconds_count", method=method) == 0 for method in METHODS)


def test_only_get_of_the_metrics_is_answered(metrics):
    server = serve_metrics(metrics, "127.0.0.1", 0)
    for path, data, status in (("/", None, 404), ("/metrics/", None, 404), ("/metrics", b"x", 405)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", data, timeout=10)
        assert caught.value.code == status
    server.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10)


@pytest.mark.slow
def test_an_address_that_is_taken_or_none(metrics):
    server = serve_metrics(metrics, "127.0.0.1", 0)
    for port in (server.port, 70_000):
        with pytest.raises(ServiceError) as caught:
            serve_metrics(Metrics(), "127.0.0.1", port)
        sentence = f"metrics address: expected a free address to listen on, got 127.0.0.1:{port}"
        assert str(caught.value) == sentence
    server.close()
    serve_metrics(metrics, "127.0.0.1", server.port).close()


def test_the_dashboard_asks_for_nothing_that_is_not_there(metrics, root):
    """Neither a metric nor one of its labels: a panel of a misspelt name would be empty, and look like silence."""
    metrics.points("m", 1)
    metrics.reject("token")
    labels = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels, {"instance", "job"})
    asked, panels = set(), json.loads((root / "examples" / "grafana.json").read_text())["panels"]
    for expression in (target["expr"] for panel in panels for target in panel["targets"]):
        bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", expression)
        used = set(re.findall(r"[{,]\s*(\w+)\s*[=!]", bare))
        for names in re.findall(r"\b(?:by|on|group_left)\s*\(([^)]*)\)", bare):
            used |= set(re.findall(r"\w+", names))
        bare = re.sub(r"\{[^}]*\}|\b(?:by|on|group_left)\s*\([^)]*\)", "", bare)
        names = set(re.findall(r"[A-Za-z_:]\w*", bare)) - {"sum", "rate", "increase", "histogram_quantile"}
        assert names and names <= set(labels), f"{names - set(labels)} in {expression}"
        known = set().union(*(labels[name] for name in names))
        assert used <= known, f"{used - known} in {expression}"
        asked |= names
    parts = ("_created", "_sum", "_count")
    ours = {name for name in labels if name.startswith("enf2enf_") and not name.endswith(parts)}
    assert ours <= asked  # nothing is counted that nobody looks at


@pytest.mark.slow
def test_connections_that_say_nothing_take_few_threads():
    before, server = threading.active_count(), serve_metrics(Metrics(), "127.0.0.1", 0)
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        with socket.create_connection(("127.0.0.1", server.port)) as last:
            last.settimeout(30)
            assert last.recv(1) == b""  # closed: all before it were looked at
        assert threading.active_count() - before <= 1 + 8
    until(lambda: threading.active_count() - before <= 1)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as reply:
        assert b"enf2enf_build_info" in reply.read()
    server.close()
