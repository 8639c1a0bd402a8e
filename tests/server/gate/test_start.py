"""A server of several models while it starts: nobody is answered by the wrong one, or refused for good."""

import asyncio
import json
import threading
import urllib.error
import urllib.request

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pools import until

from enf2enf import AsyncClient, Client, checkpoint
from enf2enf.client import Retry
from enf2enf.errors import QueryError
from enf2enf.surrogate import Surrogate
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate import app
from enf2enf_server.ops.config import ServerConfig

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def starting(surrogate, tmp_path, monkeypatch):
    """A server of `a`, which is damaged, `b` and `c`, whose trial waits for an event."""
    go_on = threading.Event()

    def trial(model, config):
        if model.name == "c":
            go_on.wait(60)
        app_trial(model, config)

    app_trial = app.trial
    monkeypatch.setattr(app, "trial", trial)
    for seed, name in enumerate("bc"):
        checkpoint.save(tmp_path / f"{name}.enf", Surrogate.untrained(surrogate.config, surrogate.normaliser, seed))
    (tmp_path / "a.enf").write_bytes((tmp_path / "b.enf").read_bytes()[:-1000])
    server, port = app.create_server(tmp_path, ServerConfig(parsers=1))
    web = server.listen_http("127.0.0.1", 0)
    ready = server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield go_on, ready, f"127.0.0.1:{port}", channel, web
    finally:
        go_on.set()
        server.stop()


def health(channel, name=""):
    return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name)).status


def test_until_all_have_been_tried(starting):
    go_on, ready, address, channel, web = starting
    describe = pb_grpc.SurrogateStub(channel).Describe
    inference = oip_grpc.GRPCInferenceServiceStub(channel)
    with Client(address, timeout=30, retry=Retry(attempts=1)) as client:
        until(lambda: any(model.state == "serving" for model in client.models()), 30)
        assert not ready.done() and client.describe("b").name == "b"  # it serves: no need to wait
        for name in ("", "c"):
            with pytest.raises(grpc.RpcError) as refusal:
                describe(pb.DescribeRequest(model=name))
            assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE
            assert int(dict(refusal.value.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
            with pytest.raises(urllib.error.HTTPError) as answer:
                urllib.request.urlopen(f"http://127.0.0.1:{web}/v1/describe?model={name}")
            assert answer.value.code == 503 and int(answer.value.headers["retry-after"]) > 0
            assert json.loads(answer.value.read())["message"] == refusal.value.details()
        with pytest.raises(QueryError, match="^model: expected one of b, got 'nobody'"):
            client.describe("nobody")
        assert {health(channel, name) for name in ("", app.SERVICE)} == {NOT_SERVING}
        assert health(channel, f"{app.SERVICE}/b") == SERVING
        assert not client.ready() and not client.ready("b") and not client.ready("c")
        assert not inference.ServerReady(oip.ServerReadyRequest()).ready
        assert inference.ModelReady(oip.ModelReadyRequest(name="b")).ready
        go_on.set()
        ready.result(30)
        assert {health(channel, name) for name in ("", app.SERVICE, f"{app.SERVICE}/c")} == {SERVING}
        assert client.ready() and client.ready("c") and not client.ready("a")
        with pytest.raises(QueryError, match="^model: expected one of b, c, got ''"):
            client.describe()


@pytest.mark.slow
def test_both_clients_wait_for_a_model_on_its_way(starting, mesh):
    go_on, _, address, _, _ = starting

    async def ask():
        async with AsyncClient(address, timeout=60) as client:
            return await client.encode(mesh, model="c")

    later = threading.Timer(0.5, go_on.set)
    later.start()
    with Client(address, timeout=60) as client:
        assert client.encode(mesh, model="c").model == asyncio.run(ask()).model == "c"
    later.join()
