"""Callers that hold, trickle and crowd: others are answered all the while, and each gets a sentence."""

import contextlib
import threading
import time

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, served
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from pools import until

from enf2enf.client import Client
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate.app import SERVICE, STREAMS, create_server
from enf2enf_server.gate.tokens import Tokens, issue
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow
OWN = [("grpc.use_local_subchannel_pool", 1)]
SERVING, CHECK = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckRequest()
SILENT = [f"{reflection.SERVICE_NAME}/ServerReflectionInfo", "grpc.health.v1.Health/Check",
          "grpc.health.v1.Health/Watch", f"{SERVICE}/Sample", f"{SERVICE}/Encode", f"{SERVICE}/Decode",
          "inference.GRPCInferenceService/ModelInfer", "inference.GRPCInferenceService/ServerLive"]  # fmt: skip
SMALL = np.full((3, 2), 0.1)


class Held:
    """Calls that say nothing, or what they are given and then nothing, until they are left."""

    def __init__(self, address, connections=1):
        self._stop = threading.Event()
        self._channels = [grpc.insecure_channel(address, OWN) for _ in range(connections)]
        self.calls = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        for channel in self._channels:
            channel.close()

    def open(self, method, messages=(), metadata=()):
        """One more."""

        def requests():
            yield from messages
            self._stop.wait(60)

        channel = self._channels[len(self.calls) % len(self._channels)]
        self.calls.append(channel.stream_stream(f"/{method}")(requests(), metadata=metadata, timeout=60))
        return self.calls[-1]


def ended(call):
    """Status and sentence of a call that the server ends."""
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    return caught.value.code(), caught.value.details()


def tokens(tmp_path, *names, **limits):
    """A server's file, and the metadata of each caller."""
    issued = [issue(name, **limits) for name in names]
    (tmp_path / "tokens.toml").write_text("\n".join(table for _, table in issued))
    return Tokens.read(tmp_path / "tokens.toml"), [(("authorization", f"Bearer {secret}"),) for secret, _ in issued]


@pytest.fixture
def upload(vtu):
    """The messages of an upload but for its last byte, and the last one."""
    header = pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(vtu)))
    parts = [header, pb.EncodeRequest(chunk=vtu[:-1]), pb.EncodeRequest(chunk=vtu[-1:])]
    return [part.SerializeToString() for part in parts]


def whole(vtu):
    return iter([pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(vtu))), pb.EncodeRequest(chunk=vtu)])


@pytest.mark.parametrize("connections", [1, 7])
def test_calls_that_say_nothing_hold_nobody_up(surrogate, mesh, connections):
    """Ten times as many as may wait; all places are one."""
    limits = ServerConfig(concurrent_requests=1, waiting_requests=4, waiting_seconds=1, parsers=1)
    with served(surrogate, limits) as address, Held(address, connections) as held:
        for number in range(40):
            held.open(SILENT[number % len(SILENT)])
        health = health_pb2_grpc.HealthStub(grpc.insecure_channel(address, OWN))
        with Client(address, timeout=60) as client:
            assert health.Check(CHECK, timeout=60).status == SERVING and client.describe().name == "tiny"
            assert client.predict(mesh, CONDITIONS, SMALL)["stress"].shape == (3,)
        found = {ended(call) for call in held.calls}
    assert {code for code, _ in found} == {StatusCode.RESOURCE_EXHAUSTED, StatusCode.CANCELLED}
    assert all(": expected " in sentence for _, sentence in found)


def test_calls_that_end_before_they_say_anything(channel):
    for method in SILENT[1:]:
        code, sentence = ended(channel.stream_stream(f"/{method}")(iter(()), timeout=60))
        assert code == StatusCode.INVALID_ARGUMENT and sentence.endswith("got the end of the stream")


def test_strangers_are_refused_before_they_say_anything(surrogate, tmp_path):
    known, _ = tokens(tmp_path, "alice")
    limits = ServerConfig(waiting_requests=1, parsers=1)
    with served(surrogate, limits, tokens=known) as address, Held(address) as held:
        for method in SILENT[3:7]:
            assert ended(held.open(method))[0] == StatusCode.UNAUTHENTICATED


def test_an_upload_takes_a_place_when_it_is_whole(surrogate, mesh, upload):
    limits = ServerConfig(concurrent_requests=1, parsers=1)
    with served(surrogate, limits) as address, Held(address) as held, Client(address, timeout=60) as client:
        for method in ("Encode", "Predict"):
            held.open(f"{SERVICE}/{method}", upload[:2])
        shape = client.encode(mesh)
        assert client.decode(shape, CONDITIONS, SMALL)["stress"].shape == (3,)


@pytest.mark.parametrize("named", [True, False])
def test_nobody_can_take_the_uploads_of_all(surrogate, tmp_path, vtu, upload, named):
    """Who holds most makes room: a token, and where nobody has a name, a connection."""
    known, (many, few) = tokens(tmp_path, "many", "few") if named else (None, ((), ()))
    limits = ServerConfig(uploads=4, parsers=1)
    with served(surrogate, limits, tokens=known) as address, Held(address) as held:
        calls = [held.open(f"{SERVICE}/Encode", upload[:2], many) for _ in range(6)]
        until(lambda: sum(not call.is_active() for call in calls) == 2)
        with grpc.insecure_channel(address, OWN) as channel:
            assert pb_grpc.SurrogateStub(channel).Encode(whole(vtu), metadata=few).nodes == 224
        until(lambda: sum(not call.is_active() for call in calls) == 3)
        found = {ended(call) for call in calls if not call.is_active()}
    words = "server: expected at most 4 calls that wait for the rest of a file, got one more; try again"
    assert found == {(StatusCode.RESOURCE_EXHAUSTED, words)}


def test_one_token_cannot_take_the_places_of_all(surrogate, tmp_path, vtu):
    known, (many, few) = tokens(tmp_path, "many", "few")
    limits = ServerConfig(concurrent_requests=4, caller_percent=75, parsers=1)
    with (
        served(surrogate, limits, tokens=known) as address,
        Held(address) as held,
        grpc.insecure_channel(address) as channel,
    ):
        stub = pb_grpc.SurrogateStub(channel)
        header = pb.DecodeHeader(handle=stub.Encode(whole(vtu), metadata=many).handle, query=query(explicit=9))
        for _ in range(3):
            held.open(f"{SERVICE}/Decode", [pb.DecodeRequest(header=header).SerializeToString()], many)
        until(lambda: code_of(stub, many) == StatusCode.RESOURCE_EXHAUSTED)
        assert stub.Describe(pb.DescribeRequest(), metadata=few).name == "tiny"


def code_of(stub, metadata):
    try:
        stub.Describe(pb.DescribeRequest(), metadata=metadata)
    except grpc.RpcError as error:
        assert error.details().startswith("token 'many': expected at most 3 requests at once")
        return error.code()


def query(explicit=None, grid=None):
    asked = pb.Query() if explicit is None else pb.Query(explicit_points=pb.ExplicitPoints(count=explicit, dim=2))
    if grid is not None:
        asked.grid.CopyFrom(pb.RegularGrid(lower=[0, 0], upper=[1, 1], resolution=[grid, grid]))
    for name, value in CONDITIONS.items():
        asked.conditions[name].values.extend(np.atleast_1d(value))
    return asked


@pytest.mark.parametrize("what", ["file", "points"])
def test_a_trickle_is_no_progress(surrogate, mesh, what):
    """A point, or a byte, every tenth of a second; a second may be waited in all."""
    limits = ServerConfig(idle_seconds=1, bytes_per_second=1 << 20, parsers=1)
    with served(surrogate, limits) as address, Client(address, timeout=60) as client:
        handle = client.encode(mesh).handle

        def requests():
            header, part = {
                "file": (pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=1000)), pb.EncodeRequest(chunk=b"x")),
                "points": (
                    pb.DecodeRequest(header=pb.DecodeHeader(handle=handle, query=query(explicit=1000))),
                    pb.DecodeRequest(points=SMALL[:1].tobytes()),
                ),
            }[what]
            yield header.SerializeToString()
            for _ in range(300):
                time.sleep(0.1)
                yield part.SerializeToString()

        with grpc.insecure_channel(address, OWN) as channel:
            method = {"file": "Encode", "points": "Decode"}[what]
            found = ended(channel.stream_stream(f"/{SERVICE}/{method}")(requests(), timeout=60))
    assert found == (StatusCode.CANCELLED, "call: expected 1.04858e+06 bytes a second, and 1 s of waiting at the most, "
                     "got less")  # fmt: skip


def test_an_upload_has_a_deadline(surrogate, vtu):
    limits = ServerConfig(upload_seconds=1, parsers=1)
    with served(surrogate, limits) as address, Held(address) as held:
        begun = pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(vtu))).SerializeToString()
        code, sentence = ended(held.open(f"{SERVICE}/Encode", [begun]))
    assert (code, sentence) == (StatusCode.CANCELLED, "call: expected the rest of a file within 1 s, got none")


def test_who_takes_nothing_leaves_its_place(surrogate, mesh):
    """The answer is larger than what gRPC holds for a reader; the client reads on when the server has given up."""
    limits = ServerConfig(concurrent_requests=1, idle_seconds=1, parsers=1)
    with served(surrogate, limits) as address, Client(address) as client, grpc.insecure_channel(address, OWN) as line:
        header = pb.DecodeHeader(handle=client.encode(mesh).handle, query=query(grid=2000))
        call = pb_grpc.SurrogateStub(line).Decode(iter([pb.DecodeRequest(header=header)]), timeout=60)
        next(call)
        assert client.describe().name == "tiny"  # it tries again until there is a place
        code, sentence = ended(call)
    assert code == StatusCode.CANCELLED and "1 s of waiting at the most" in sentence


def test_a_refusal_says_when_to_come_back_and_an_idle_call_never(surrogate, upload):
    server, port = create_server(surrogate, ServerConfig(uploads=1, idle_seconds=1, parsers=1))
    server.start().result()
    with Held(f"127.0.0.1:{port}") as held:
        first = held.open(f"{SERVICE}/Encode", upload[:2])
        until(lambda: server.engine.uploads.used)
        second = held.open(f"{SERVICE}/Encode", upload[:2])
        assert ended(first)[0] == StatusCode.RESOURCE_EXHAUSTED
        assert 0 < int(dict(first.trailing_metadata())["grpc-retry-pushback-ms"]) < 1000
        assert ended(second)[0] == StatusCode.CANCELLED
        assert dict(second.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"
    server.stop()


def test_who_probes_without_end_is_slowed_down(surrogate):
    """Of a connection's 70 questions at once the last ones wait; another connection's does not."""
    with served(surrogate, ServerConfig(parsers=1)) as address, contextlib.ExitStack() as stack:
        many, few = (stack.enter_context(grpc.insecure_channel(address, OWN)) for _ in range(2))
        asked = [health_pb2_grpc.HealthStub(many).Check.future(CHECK, timeout=60) for _ in range(70)]
        until(lambda: sum(call.done() for call in asked) >= 40)
        assert health_pb2_grpc.HealthStub(few).Check(CHECK, timeout=60).status == SERVING
        assert not all(call.done() for call in asked)
        assert {call.result().status for call in asked} == {SERVING}


def test_connections_are_bounded(surrogate):
    with served(surrogate, ServerConfig(connections=3, parsers=1)) as address, contextlib.ExitStack() as stack:
        channels = [stack.enter_context(grpc.insecure_channel(address, OWN)) for _ in range(4)]
        checks = [health_pb2_grpc.HealthStub(channel).Check for channel in channels]
        assert [check(CHECK, timeout=60).status for check in checks[:3]] == [SERVING] * 3
        with pytest.raises(grpc.RpcError) as caught:
            checks[3](CHECK, timeout=2)
        assert caught.value.code() in (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED)
        channels[0].close()
        assert checks[3](CHECK, timeout=60, wait_for_ready=True).status == SERVING


def test_streams_of_a_connection_are_bounded(surrogate):
    server, port = create_server(surrogate, ServerConfig(waiting_requests=STREAMS + 20, parsers=1))
    server.start().result()
    with Held(f"127.0.0.1:{port}") as held:
        for _ in range(STREAMS + 10):
            held.open(f"{SERVICE}/Sample")
        until(lambda: len(server._admission._lobby) == STREAMS)
        with Client(f"127.0.0.1:{port}", timeout=60) as client:
            assert client.describe().name == "tiny"
        assert len(server._admission._lobby) == STREAMS
    server.stop()


class TestHealth:
    def test_all_who_watch_are_told_whoever_else_leaves(self, surrogate):
        server, port = create_server(surrogate, ServerConfig(parsers=1))
        server.start().result()
        with contextlib.ExitStack() as stack:
            channels = [stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}", OWN)) for _ in range(3)]
            watches = [health_pb2_grpc.HealthStub(c).Watch(CHECK, timeout=60) for c in channels]
            assert [next(watch).status for watch in watches] == [SERVING] * 3
            watches[0].cancel()
            server.stop()
            for watch in watches[1:]:
                assert [reply.status for reply in watch] == [health_pb2.HealthCheckResponse.NOT_SERVING]

    def test_unknown_services_and_garbage(self, channel):
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        unknown = health_pb2.HealthCheckRequest(service="nobody").SerializeToString()
        for sent, code, words in (
            (unknown, StatusCode.NOT_FOUND, "service: expected one that this server knows, got 'nobody'"),
            (
                b"\xff\xff",
                StatusCode.INVALID_ARGUMENT,
                "message 1: expected a protobuf message, got bytes that are none",
            ),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                check(sent, timeout=60)
            assert (caught.value.code(), caught.value.details()) == (code, words)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=60)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()
