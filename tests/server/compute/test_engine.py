"""What the engine finds, and what it no longer does."""

import os
import sys
import threading

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS

from enf2enf.client import Client
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute import lanes
from enf2enf_server.compute.models import Model
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow


def test_a_shape_that_was_encoded_while_its_model_left_is_lost(surrogate, vtu):
    """The upload came to the model before it was taken out, its shape into the cache after."""
    server, port = create_server(surrogate, ServerConfig(parsers=1))
    server.start().result()
    try:
        with Client(f"127.0.0.1:{port}") as client, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            handle = client.encode(vtu, name="vtu").handle
            query = pb.Query(mesh_nodes=pb.MeshNodes())
            for name, values in CONDITIONS.items():
                query.conditions[name].values.extend([values] if isinstance(values, float) else values)
            ask = pb_grpc.SurrogateStub(channel).Sample
            assert ask(pb.SampleRequest(handle=handle, query=query)).chunk.count
            (model,) = server.engine.models.loaded()
            server.engine.models.put(Model(model.name, model.version, surrogate))  # loaded anew, nothing forgotten
            with pytest.raises(grpc.RpcError) as refused:
                ask(pb.SampleRequest(handle=handle, query=query))
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    finally:
        server.stop()


def test_a_known_shape_is_answered_while_another_one_is_encoded(surrogate, vtu):
    """However long that takes: here it ends when the answer is there."""
    server, port = create_server(surrogate, ServerConfig(parsers=1))
    server.start().result()
    answered = threading.Event()
    try:
        with Client(f"127.0.0.1:{port}", timeout=30) as client:
            shape, points = client.encode(vtu, name="vtu"), np.zeros((1, 2))
            client.decode(shape, CONDITIONS, points)
            encoded = [server.engine.encoder.submit("encode", lambda: answered.wait(30)) for _ in range(5)]
            client.decode(shape, CONDITIONS, points)
            answered.set()
            assert all(future.result().value for future in encoded)
    finally:
        answered.set()
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own in Linux alone")
def test_encodings_stand_back_behind_decodings():
    encoder = lanes.encoder(ServerConfig())
    try:
        encoding = encoder.submit("encode", lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        assert encoding.result().value > os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        encoder.close()
