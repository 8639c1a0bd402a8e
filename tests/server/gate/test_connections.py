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


def test_grpc_knows_every_option_that_it_is_given(root):
    """It ignores others without a word."""
    library = Path(grpc._cython.cygrpc.__file__).read_bytes()
    sources = [path.read_text() for folder in ("enf2enf", "server") for path in (root / folder).rglob("*.py")]
    options = {option for source in sources for option in re.findall(r'\("(grpc\.[\w.]+)",', source)}
    assert len(options) > 8
    assert not {option for option in options if f"{option}\0".encode() not in library}


@pytest.mark.slow
def test_silence_ends_no_call(surrogate, vtu):
    ended, speak = threading.Event(), threading.Event()
    with served(surrogate, ServerConfig(idle_seconds=600)) as address, Client(address) as client:
        shape, points = client.encode(vtu, name="vtu"), np.full((3, 2), 0.1)
        header, *blocks = Question.of(CONDITIONS, points).messages(shape.handle)

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
