"""Connections on which nobody speaks for long, and what gRPC is told about all of them."""

import re
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, served
from grpc_health.v1 import health_pb2

from enf2enf.client import Client
from enf2enf.client.requests import Question
from enf2enf_server.ops.config import ServerConfig

SILENCE = 240.0  # seconds; a client that pings more often than it may is cut off after 180


def options(folder):
    """Names and values, as they are written, of what gRPC is told in the files of a folder."""
    sources = "".join(path.read_text() for path in folder.rglob("*.py"))
    return dict(re.findall(r'\("(grpc\.[\w.]+)", ([^\n]+?)\)[,)]', sources))


def test_grpc_knows_every_option_that_it_is_given(root):
    """It ignores others without a word."""
    library = Path(grpc._cython.cygrpc.__file__).read_bytes()
    names = {*options(root / "enf2enf/client"), *options(root / "server")}
    assert len(names) > 8
    assert not {name for name in names if f"{name}\0".encode() not in library}


def test_a_client_pings_no_more_often_than_a_server_allows(root):
    client, server = options(root / "enf2enf/client"), options(root / "server/gate")
    allowed = int(server["grpc.http2.min_ping_interval_without_data_ms"])
    assert int(client["grpc.keepalive_time_ms"]) >= 2 * allowed > 0


@pytest.mark.soak
def test_silence_ends_no_call(surrogate, vtu):
    ended, speak = threading.Event(), threading.Event()
    with served(surrogate, ServerConfig(idle_seconds=600)) as address, Client(address) as client:
        shape, points = client.encode(vtu, name="vtu"), np.full((3, 2), 0.1)
        header, *blocks = Question.of([CONDITIONS], points).messages(shape.handle)

        def requests():
            yield header
            speak.wait()
            yield from blocks

        watch = client._stubs.health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        answer = client._stubs.surrogate.Decode(requests())
        for call in (watch, answer):
            call.add_callback(ended.set)
        try:
            assert not ended.wait(SILENCE)
        finally:
            speak.set()
        chunk, summary = answer
        assert chunk.chunk.count == summary.summary.points == 3
        assert watch.is_active() and watch.cancel()
