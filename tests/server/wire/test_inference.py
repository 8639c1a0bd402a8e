"""The Open Inference Protocol gives the answers of our own, to the bit, and refuses in the same sentences."""

import itertools
import threading

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, cell, slow
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import LOADS, Input, arrays, refusal, request

import enf2enf_meshes
from enf2enf.errors import GeometryError
from enf2enf.io import write_bytes
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.wire.inference import SERVICE
from enf2enf_server.wire.tensor import Tensor, length_prefixed

CODE = grpc.StatusCode
WIDTH = {"stress": 1, "shift": 2}
NAMES = [names for count in (1, 2, 3) for names in itertools.permutations(("stress", "shift", "handle"), count)]
FLOATS = st.floats(-1e3, 1e3)


@pytest.fixture(scope="module")
def stub(channel):
    return oip_grpc.GRPCInferenceServiceStub(channel)


@pytest.fixture(scope="module")
def handle(client, vtu):
    return client.encode(vtu, name="vtu").handle.encode()


def points_of(count, seed=0):
    return np.random.default_rng(seed).uniform(-0.1, 1.1, (count, 2))


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("count", [0, 1, 4096, 4097, 10_000])
def test_values_are_those_of_our_client(stub, client, vtu, count, raw):
    points = points_of(count)
    ours = client.predict(vtu, CONDITIONS, points, name="cell.vtu")
    first = stub.ModelInfer(request(raw=raw, mesh=vtu, mesh_name=b"cell.vtu", points=points, **LOADS))
    theirs = arrays(first)
    assert list(theirs) == ["stress", "shift", "handle"] and theirs["handle"].decode() == ours.shape.handle
    again = arrays(stub.ModelInfer(request(raw=raw, handle=theirs["handle"], points=points, **LOADS)))
    for name in ("stress", "shift"):
        assert theirs[name].shape == again[name].shape == (count, 2)[: WIDTH[name]]
        assert ours[name].tobytes() == theirs[name].tobytes() == again[name].tobytes()
    assert first.parameters["outside"].int64_param == ours.outside


def test_without_points_the_nodes_are_meant(stub, client, vtu, handle):
    ours = client.predict(vtu, CONDITIONS, name="vtu")["shift"].tobytes()
    for geometry in ({"handle": handle}, {"mesh": vtu, "mesh_name": b"vtu"}):
        assert arrays(stub.ModelInfer(request(**geometry, **LOADS)))["shift"].tobytes() == ours


def test_more_nodes_than_one_chunk(stub, client):
    data = write_bytes(cell(around=128, rings=40), "vtu")  # 5248 nodes
    ours = client.predict(data, CONDITIONS, name="vtu")
    reply = stub.ModelInfer(request(mesh=data, mesh_name=b"vtu", **LOADS))
    assert arrays(reply)["stress"].tobytes() == ours["stress"].tobytes() and len(ours["stress"]) == 5248
    assert reply.parameters["outside"].int64_param == ours.outside
    assert list(filter(None, [reply.parameters["warnings"].string_param])) == list(ours.shape.warnings)


@pytest.mark.parametrize("names", NAMES, ids=" ".join)
def test_outputs_are_those_that_are_named_in_their_order(stub, handle, names):
    every = arrays(stub.ModelInfer(request(handle=handle, points=points_of(9), **LOADS)))
    some = arrays(stub.ModelInfer(request(names, handle=handle, points=points_of(9), **LOADS)))
    assert tuple(some) == names
    assert all(np.array_equal(some[name], every[name], equal_nan=name != "handle") for name in names)


def test_a_mesh_alone_is_encoded(stub, handle, vtu):
    reply = stub.ModelInfer(request(["handle"], mesh=vtu, mesh_name=b"vtu"))
    assert arrays(reply) == {"handle": handle} and not reply.parameters
    code, sentence = refusal(stub, request(["handle"], handle=b"lost"))  # it is looked at, and so are the conditions
    assert code == CODE.NOT_FOUND and sentence.startswith("handle: expected one that Encode returned")


def test_what_is_said_beside_the_values(stub, handle):
    asked = request(handle=handle, **LOADS | {"heat": np.array([900.0])})
    asked.id = "17"
    reply = stub.ModelInfer(asked)
    assert (reply.id, reply.model_name, reply.model_version) == ("17", "tiny", "1")
    assert reply.parameters["extrapolating"].string_param == "heat"
    assert reply.parameters["decode_seconds"].double_param > 0 and "warnings" not in reply.parameters
    assert "extrapolating" not in stub.ModelInfer(request(handle=handle, **LOADS)).parameters


def test_parameters_say_how_the_mesh_is_understood(stub, client, mesh):
    large = write_bytes(type(mesh)(mesh.points * 1000, mesh.cells), "vtu")
    asked = request(["handle"], mesh=large, mesh_name=b"vtu", parameters={"length_unit": "mm"})
    ours = client.encode(large, name="vtu", length_unit="mm").handle
    assert arrays(stub.ModelInfer(asked))["handle"].decode() == ours
    data = enf2enf_meshes.path("unit_cell_gmsh").read_bytes()
    asked = request(["handle"], mesh=data, mesh_name=b"msh", parameters={"walls": "void"})
    assert arrays(stub.ModelInfer(asked))["handle"].decode() == client.encode(data, name="msh", walls=["void"]).handle
    asked.parameters["walls"].string_param = "void,left,nowhere"
    with pytest.raises(GeometryError) as caught:
        client.encode(data, name="msh", walls=["void", "left", "nowhere"])
    assert refusal(stub, asked) == (CODE.INVALID_ARGUMENT, str(caught.value))


@settings(max_examples=25)
@given(
    points=st.lists(st.tuples(FLOATS, FLOATS), max_size=20),
    load=st.tuples(st.floats(1, 100), FLOATS),
    heat=st.floats(250, 350),
    order=st.permutations(range(4)),
)
def test_typed_and_raw_contents_are_the_same_question(stub, handle, points, load, heat, order):
    tensors = {"handle": handle, "points": np.array(points).reshape(-1, 2)}
    tensors |= {"load": np.array(load), "heat": np.array([heat])}
    names = [list(tensors)[index] for index in order]
    plain = stub.ModelInfer(request(**tensors))
    mixed = stub.ModelInfer(request(raw=True, **{name: tensors[name] for name in names}))
    assert plain.outputs == mixed.outputs and plain.raw_output_contents == mixed.raw_output_contents
    assert len(arrays(plain)["stress"]) == len(points)


@settings(max_examples=100)
@given(elements=st.lists(st.binary(max_size=300), max_size=5))
def test_length_prefixed_elements_come_back(elements):
    tensor, sent = Tensor("names", "BYTES", (-1,)), Input(name="names", datatype="BYTES", shape=[len(elements)])
    assert tensor.read(sent, length_prefixed(elements)) == elements
    sent.contents.bytes_contents.extend(elements)
    assert tensor.read(sent, None) == elements


def test_metadata(stub, client, surrogate):
    software = stub.ServerMetadata(oip.ServerMetadataRequest())
    assert software.name == "enf2enf" and software.version.count(".") == 2 and not software.extensions
    said = stub.ModelMetadata(oip.ModelMetadataRequest(name="tiny", version="1"))
    assert (said.name, list(said.versions), said.platform) == ("tiny", ["1"], "enf2enf_jax")
    assert {t.name: (t.datatype, list(t.shape)) for t in said.inputs} == {
        "handle": ("BYTES", [1]),
        "mesh": ("BYTES", [1]),
        "mesh_name": ("BYTES", [1]),
        "points": ("FP64", [-1, 2]),
        "load": ("FP64", [2]),
        "heat": ("FP64", [1]),
    }
    assert {t.name: (t.datatype, list(t.shape)) for t in said.outputs} == {
        "stress": ("FP32", [-1]),
        "shift": ("FP32", [-1, 2]),
        "handle": ("BYTES", [1]),
    }
    assert dict(said.properties) == {
        "digest": surrogate.version,
        "licence": "Apache-2.0",
        "unit.load": "Pa",
        "unit.heat": "K",
        "unit.stress": "Pa",
        "unit.shift": "m",
    }
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelMetadata(oip.ModelMetadataRequest(name="huge"))
    assert (caught.value.code(), caught.value.details()) == (CODE.NOT_FOUND, "model: expected one of tiny, got 'huge'")


def test_readiness_follows_the_warm_up(surrogate):
    hold = threading.Event()
    server, port = create_server(slow(surrogate, hold), ServerConfig(parsers=1))
    warm = server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = oip_grpc.GRPCInferenceServiceStub(channel)

        def state():
            ready = stub.ServerReady(oip.ServerReadyRequest()).ready, model("tiny"), model("tiny", "1")
            return stub.ServerLive(oip.ServerLiveRequest()).live, *ready

        def model(name, version=""):
            return stub.ModelReady(oip.ModelReadyRequest(name=name, version=version)).ready

        assert state() == (True, False, False, False)
        hold.set()
        warm.result()
        assert state() == (True, True, True, True)
        assert not model("huge") and not model("tiny", "2") and not model("tiny", "latest")
    server.stop()


def test_reflection_shows_the_standard(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert SERVICE in database.get_services()
    assert database.FindFileContainingSymbol(SERVICE).name == oip.DESCRIPTOR.name
