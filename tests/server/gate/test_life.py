"""The server over its life: health, handles, neighbours, cancellation, shutdown."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, cell, served, slow
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from enf2enf import checkpoint
from enf2enf.client import Client, Retry
from enf2enf.errors import QueryError, ServiceError
from enf2enf.grid import Grid
from enf2enf.io import write_bytes
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate.app import SERVICE, create_server
from enf2enf_server.ops import probe
from enf2enf_server.ops.config import ServeConfig, ServerConfig

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
LONG = Grid((0, 0), (1, 1), (4000, 5000))  # minutes of work


@pytest.mark.slow
def test_health_follows_the_warm_up(surrogate):
    hold = threading.Event()
    server, port = create_server(slow(surrogate, hold), ServerConfig(parsers=1))
    warm = server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        services = ("", SERVICE)
        for service in services:
            assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == NOT_SERVING
        assert not probe.serving(f"127.0.0.1:{port}")
        once = Client(f"127.0.0.1:{port}", timeout=60, retry=Retry(attempts=1))
        with once as client, pytest.raises(ServiceError, match="none yet"):
            client.describe()
        hold.set()
        warm.result()
        for service in (*services, f"{SERVICE}/tiny"):
            assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == SERVING
        assert probe.serving(f"127.0.0.1:{port}")
    server.stop()
    assert not probe.serving(f"127.0.0.1:{port}")


@pytest.mark.slow
def test_a_server_stops_while_its_model_hangs(surrogate):
    hold = threading.Event()
    server, _ = create_server(slow(surrogate, hold))
    ready = server.start()
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    stopping.join(20)  # measured 1.1
    assert not stopping.is_alive() and not ready.done()


@pytest.mark.slow
def test_idle_calls_end_while_a_model_hangs(surrogate):
    hold = threading.Event()
    server, port = create_server(slow(surrogate, hold), ServerConfig(idle_seconds=1, look_seconds=1))
    server.start()
    asked = threading.Event()

    def silent():
        yield pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=1000))
        asked.wait(60)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            pb_grpc.SurrogateStub(channel).Encode(silent(), timeout=20)
        assert caught.value.code() == grpc.StatusCode.CANCELLED
        asked.set()
    server.stop()


def test_reflection_shows_the_contract(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
    assert database.FindFileContainingSymbol(SERVICE).name == pb.DESCRIPTOR.name


def test_description(client, surrogate):
    said = client.describe()
    assert said.digest == surrogate.version and said.card == json.loads(json.dumps(surrogate.card))
    assert [(q.name, q.kind, q.unit) for q in said.schema.conditions] == [
        ("load", "vector", "Pa"),
        ("heat", "scalar", "K"),
    ]
    assert [q.name for q in said.schema.fields] == ["stress", "shift"]
    low, high = said.trained["load"]
    assert (*low, *said.trained["heat"][0]) == tuple(surrogate.normaliser.condition_low)
    assert said.limits["points"] == ServerConfig().points and "vtu" in said.formats and len(high) == 2


def test_a_handle_is_made_of_bytes_options_and_model(client, surrogate, mesh, vtu):
    first, again = client.encode(vtu, name="vtu"), client.encode(vtu, name="other.vtu")
    assert first.handle == again.handle and again.encode_seconds == 0
    scaled = write_bytes(type(mesh)(mesh.points * 1000, mesh.cells), "vtu")
    assert len({first.handle, client.encode(vtu + b"\n", name="vtu").handle,
                client.encode(scaled, name="vtu", length_unit="mm").handle}) == 3  # fmt: skip


@pytest.mark.slow
def test_a_dropped_shape_is_encoded_again(surrogate, mesh):
    with served(surrogate, ServerConfig(cached_shapes=2, parsers=1)) as address, Client(address, timeout=60) as client:
        first = client.encode(mesh)
        before = client.decode(first, CONDITIONS, "nodes")
        for radius in (0.1, 0.2):
            client.encode(cell(radius=radius))
        stale = pb.DecodeRequest(header=pb.DecodeHeader(handle=first.handle))
        with pytest.raises(grpc.RpcError) as caught:
            list(client._stubs.surrogate.Decode(iter([stale]), timeout=20))
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        after = client.decode(first, CONDITIONS, "nodes")
        assert after["stress"].tobytes() == before["stress"].tobytes() and after.shape.handle == first.handle


@pytest.mark.slow
def test_concurrent_clients_get_their_own_answers(target, surrogate):
    meshes = [cell(radius=radius) for radius in (0.1, 0.2, 0.3, 0.35)]
    points = np.random.default_rng(3).uniform(0, 1, (9000, 2))

    def ask(index):
        mesh, heat = meshes[index % 4], 285.0 + index
        with Client(target, timeout=60) as client:
            answer = client.predict(mesh, CONDITIONS | {"heat": heat}, points)
        return answer["stress"].tobytes()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(16)))
    for index in range(16):
        encoding = surrogate.encode(meshes[index % 4])
        local = surrogate.decode(encoding, CONDITIONS | {"heat": 285.0 + index}, points)
        assert answers[index] == local["stress"].tobytes()


def long_decode(client, handle):
    query = pb.Query(grid=pb.RegularGrid(lower=LONG.lower, upper=LONG.upper, resolution=LONG.resolution))
    for name, value in CONDITIONS.items():
        query.conditions[name].values.extend(np.atleast_1d(value))
    header = pb.DecodeHeader(handle=handle, query=query)
    return client._stubs.surrogate.Decode(iter([pb.DecodeRequest(header=header)]), timeout=100)


@pytest.mark.slow
def test_a_cancelled_query_leaves_and_a_full_server_says_so(surrogate, mesh):
    limits = ServerConfig(concurrent_requests=1, parsers=1)
    with served(surrogate, limits) as address, Client(address, timeout=60, retry=Retry(attempts=1)) as client:
        shape = client.encode(mesh)
        answers = long_decode(client, shape.handle)
        next(answers)
        with pytest.raises(QueryError, match="server: expected at most 1 requests at once") as caught:
            client.describe()
        assert caught.value.__cause__.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert client.ready()  # health is answered all the same
        answers.cancel()
        limit = time.monotonic() + 5
        while time.monotonic() < limit:
            with contextlib.suppress(QueryError):
                assert client.describe().name == "tiny"
                return
    pytest.fail("the cancelled query still holds its place")


def test_a_small_query_overtakes_a_large_one(client, mesh):
    shape = client.encode(mesh)
    answers = long_decode(client, shape.handle)
    next(answers)
    start = time.monotonic()
    client.decode(shape, CONDITIONS, np.full((100, 2), 0.1))
    waited = time.monotonic() - start
    answers.cancel()
    assert waited < 5  # measured 0.04; the large query takes minutes


def test_a_deadline_ends_a_query(target, mesh):
    sentence = f"{target}: expected an answer within 0.5 s, got none"
    with Client(target, timeout=0.5) as client, pytest.raises(ServiceError, match=sentence):
        client.predict(mesh, CONDITIONS, LONG)


def test_a_port_in_use_is_an_error(surrogate, target):
    with pytest.raises(ServiceError, match=f"address: expected a free address to listen on, got {target}"):
        create_server(surrogate, ServerConfig(parsers=1), target)


def loopback():
    """Of IPv6, where there is one."""
    try:
        with socket.socket(socket.AF_INET6) as probe_:
            probe_.bind(("::1", 0))
    except OSError:
        return "127.0.0.1"
    return "::1"


@pytest.mark.parametrize(
    ("host", "address"),
    [("::1", "[::1]:7"), ("::", "[::]:7"), ("[::1]", "[::1]:7"), ("127.0.0.1", "127.0.0.1:7"), ("a.b", "a.b:7")],
)
def test_addresses_of_ipv6_are_in_brackets(host, address):
    assert ServeConfig("m.enf", host=host).address(7) == address


@pytest.mark.slow
def test_sigterm_lets_a_query_end(surrogate, mesh, tmp_path):
    path = tmp_path / "tiny.enf"
    checkpoint.save(path, surrogate)
    code = (
        "from enf2enf_server.ops.config import ServeConfig, ServerConfig; from enf2enf_server.gate.serve import serve; "
        f"serve(ServeConfig({str(path)!r}, host={loopback()!r}, port=0, drain_seconds=60), ServerConfig(parsers=1))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[-1]
            with Client(address, timeout=60) as client, ThreadPoolExecutor(1) as pool:
                shape = client.encode(mesh)
                answer = pool.submit(client.decode, shape, CONDITIONS, Grid((0, 0), (1, 1), (700, 700)))
                time.sleep(0.3)
                process.send_signal(signal.SIGTERM)
                assert answer.result()["stress"].shape == (490_000,)
            assert process.wait(30) == 0
        finally:
            process.kill()
