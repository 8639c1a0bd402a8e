"""Who is let in, and what is known of every call afterwards."""

import itertools
import logging
import threading
import time

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, served
from grpc import StatusCode
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from enf2enf.client import Client
from enf2enf.io import write_bytes
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate.app import create_server
from enf2enf_server.gate.tokens import Tokens, issue
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.spans import OtelTracer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def secrets():
    """Name -> secret and table."""
    return {"alice": issue("alice"), "bob": issue("bob", concurrent=1), "root": issue("root", admin=True)}


@pytest.fixture(scope="module")
def guarded(surrogate, secrets, tmp_path_factory):
    """The address of a server that wants tokens."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    path.write_text("\n".join(table for _, table in secrets.values()))
    with served(surrogate, ServerConfig(parsers=1), tokens=Tokens.read(path)) as address:
        yield address


def bearer(secrets, name):
    return (("authorization", f"Bearer {secrets[name][0]}"),)


def query():
    asked = pb.Query(explicit_points=pb.ExplicitPoints(count=1, dim=2))
    for name, value in CONDITIONS.items():
        asked.conditions[name].values.extend(np.atleast_1d(value))
    return asked


def upload(vtu):
    return iter([pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(vtu))), pb.EncodeRequest(chunk=vtu)])


def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def test_strangers_are_refused_and_handles_are_their_owners(guarded, secrets, vtu):
    with grpc.insecure_channel(guarded) as channel:
        stub = pb_grpc.SurrogateStub(channel)
        for metadata in ((), (("authorization", "Bearer nonsense"),)):
            code, sentence = refused(lambda m=metadata: stub.Describe(pb.DescribeRequest(), metadata=m))
            assert code == StatusCode.UNAUTHENTICATED and sentence.startswith("authorization: expected a bearer token")
        hers, his = bearer(secrets, "alice"), bearer(secrets, "bob")
        handle = stub.Encode(upload(vtu), metadata=hers).handle
        ask = pb.SampleRequest(handle=handle, query=query(), points=np.full((1, 2), 0.1).tobytes())
        assert stub.Sample(ask, metadata=hers).summary.points == 1
        code, sentence = refused(lambda: stub.Sample(ask, metadata=his))
        assert code == StatusCode.NOT_FOUND and sentence.startswith("handle: expected one that Encode returned")
        assert stub.Encode(upload(vtu), metadata=his).handle != handle
        assert stub.Encode(upload(vtu), metadata=hers).cached


def test_only_an_admin_changes_models(guarded, secrets):
    with grpc.insecure_channel(guarded) as channel:
        stub = pb_grpc.ModelRepositoryStub(channel)
        request = pb.UnloadModelRequest(model="tiny")
        code, _ = refused(lambda: stub.UnloadModel(request, metadata=bearer(secrets, "alice")))
        assert code == StatusCode.PERMISSION_DENIED
        code, sentence = refused(lambda: stub.UnloadModel(request, metadata=bearer(secrets, "root")))
        assert code == StatusCode.INVALID_ARGUMENT and "one that was given its model" in sentence
        listed = stub.ListModels(pb.ListModelsRequest(), metadata=bearer(secrets, "alice")).versions
        assert [(v.model, v.version, v.state) for v in listed] == [("tiny", 1, pb.ModelVersion.STATE_SERVING)]


def test_a_token_has_its_own_limit(guarded, secrets):
    hold = threading.Event()

    def slow():
        hold.wait(10)
        yield from ()

    with grpc.insecure_channel(guarded) as channel:
        stub = pb_grpc.SurrogateStub(channel)
        running = stub.Encode.future(slow(), metadata=bearer(secrets, "bob"))
        time.sleep(0.3)
        code, sentence = refused(lambda: stub.Describe(pb.DescribeRequest(), metadata=bearer(secrets, "bob")))
        assert code == StatusCode.RESOURCE_EXHAUSTED and sentence.startswith("token 'bob': expected at most 1 request")
        stub.Describe(pb.DescribeRequest(), metadata=bearer(secrets, "alice"))
        hold.set()
        assert running.code() == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("given", ["job-7:a", "x" * 200, ""])
def test_a_request_has_an_id_in_its_trailers_and_in_the_log(target, given, caplog):
    caplog.set_level(logging.INFO, "enf2enf_server")
    with grpc.insecure_channel(target) as channel:
        stub, metadata = pb_grpc.SurrogateStub(channel), (("x-request-id", given),)
        _, call = stub.Describe.with_call(pb.DescribeRequest(), metadata=metadata)
        good = dict(call.trailing_metadata())["x-request-id"]
        with pytest.raises(grpc.RpcError) as caught:
            stub.Sample(pb.SampleRequest(handle="none"), metadata=metadata)
        bad = dict(caught.value.trailing_metadata())["x-request-id"]
    assert {good, bad} == {given} if given == "job-7:a" else len({good, bad, given}) == 3
    wait_for(lambda: bad in {getattr(record, "request_id", "") for record in caplog.records})
    records = {record.request_id: record for record in caplog.records if hasattr(record, "request_id")}
    assert records[bad].code == "NOT_FOUND" and records[bad].caller == "anonymous"


def test_a_call_that_neither_sends_nor_takes_is_ended(surrogate):
    limits = ServerConfig(idle_seconds=1, look_seconds=1, parsers=1)
    with served(surrogate, limits) as address, grpc.insecure_channel(address) as channel:
        hold = threading.Event()
        start = time.monotonic()
        code, _ = refused(lambda: pb_grpc.SurrogateStub(channel).Encode(iter(hold.wait, None), timeout=30))
        assert code == StatusCode.CANCELLED and time.monotonic() - start < 10
        hold.set()


def test_what_takes_longer_than_the_drain_ends_unavailable_with_what_was_sent(surrogate, vtu):
    server, port = create_server(surrogate, ServerConfig(parsers=1))
    server.start().result()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = pb_grpc.SurrogateStub(channel)
        handle = stub.Encode(upload(vtu)).handle
        asked = query()
        asked.grid.CopyFrom(pb.RegularGrid(lower=[0, 0], upper=[1, 1], resolution=[4000, 4000]))
        answers = stub.Decode(iter([pb.DecodeRequest(header=pb.DecodeHeader(handle=handle, query=asked))]))
        got = [next(answers).chunk]
        hold = threading.Event()
        half = stub.Encode.future(itertools.chain(upload(vtu), iter(hold.wait, None)))
        stopping = threading.Thread(target=server.stop, args=(0.5,))
        stopping.start()
        ends = [refused(lambda: got.extend(answer.chunk for answer in answers)), refused(half.result)]
        stopping.join()
        hold.set()
    for code, sentence in ends:
        assert code == StatusCode.UNAVAILABLE and sentence.startswith("server: expected time for a whole answer")
    starts = itertools.accumulate([0] + [chunk.count for chunk in got[:-1]])
    assert len(got) > 1 and [chunk.first for chunk in got] == list(starts)


def test_what_was_done_is_counted(surrogate, mesh):
    server, port = create_server(surrogate, ServerConfig(parsers=1))
    server.start().result()
    before = counted(server)
    with Client(f"127.0.0.1:{port}", timeout=60) as client:
        shape = client.encode(mesh)
        client.encode(mesh)
        client.decode(shape, CONDITIONS, np.full((5000, 2), 0.1))
        with pytest.raises(grpc.RpcError):
            client._stubs.surrogate.Sample(pb.SampleRequest(handle="none"))
        wait_for(lambda: counted(server)["enf2enf_requests_total", ("NOT_FOUND", "Sample")] == 1)
        after = counted(server)
    server.stop()
    assert after["enf2enf_points_total", ("tiny",)] == 5000
    assert [after["enf2enf_handles_total", (result,)] for result in ("hit", "miss", "lost")] == [1, 1, 1]
    assert after["enf2enf_rejects_total", ("not_found",)] == 1 and after["enf2enf_cached_shapes", ()] == 1
    assert after["enf2enf_stage_seconds_count", ("parse",)] == 1 and after["enf2enf_models_loaded", ()] == 1
    assert after["enf2enf_compilations_total", ()] == before["enf2enf_compilations_total", ()]
    assert after["enf2enf_requests_in_flight", ()] == 0


def test_a_trace_goes_on_through_the_server(surrogate, mesh):
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = OtelTracer(provider)
    with served(surrogate, ServerConfig(parsers=1), tracer=tracer) as address, grpc.insecure_channel(address) as line:
        trace = "0af7651916cd43dd8448eb211c80319c"
        carried = (("traceparent", f"00-{trace}-b7ad6b7169203331-01"),)
        pb_grpc.SurrogateStub(line).Encode(upload(write_bytes(mesh, "vtu")), metadata=carried)
        wait_for(lambda: any(span.name.endswith("/Encode") for span in exporter.get_finished_spans()))
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"enf2enf.v1.Surrogate/Encode", "receive", "parse", "queue", "encode"}
    assert {format(span.context.trace_id, "032x") for span in spans.values()} == {trace}
    assert spans["enf2enf.v1.Surrogate/Encode"].attributes["rpc.method"] == "Encode"
    assert spans["receive"].end_time <= spans["parse"].start_time <= spans["encode"].start_time


def counted(server):
    families = text_string_to_metric_families(generate_latest(server.metrics.registry).decode())
    return {
        (sample.name, tuple(value for key, value in sorted(sample.labels.items()) if key != "le")): sample.value
        for family in families
        for sample in family.samples
    }


def wait_for(condition):
    limit = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)
