"""Whatever is wrong with a question of the Open Inference Protocol comes back as a status and a sentence."""

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, cell, served
from grpc import StatusCode
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors import LOADS, Input, arrays, refusal, request

from enf2enf.client import Client
from enf2enf.errors import QueryError
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.wire.inference import SERVICE
from enf2enf_server.wire.question import Signature
from enf2enf_server.wire.tensor import Tensor, length_prefixed

OPTIONS = ("model", "version", "outputs", "parameters")


@pytest.fixture(scope="module")
def stub(channel):
    return oip_grpc.GRPCInferenceServiceStub(channel)


def ask(*changes, **given):
    """A question of three points, with other tensors (None: without one) and options, and then changed by calls."""
    tensors = {"handle": b"known", "points": np.zeros((3, 2)), **LOADS}
    options = {key: given.pop(key) for key in OPTIONS if key in given}
    asked = request(**options, **{name: value for name, value in (tensors | given).items() if value is not None})
    for change in changes:
        change(asked)
    return asked


def points(datatype, shape, **contents):
    """Replaces the points by another tensor of that name."""
    sent = Input(name="points", datatype=datatype, shape=shape, contents=contents)
    return lambda asked: asked.inputs[1].CopyFrom(sent)


def raw(*elements):
    """Sends these raw bytes in place of all contents."""

    def change(asked):
        for sent in asked.inputs:
            sent.ClearField("contents")
        asked.raw_input_contents.extend(elements)

    return change


def contents_beside(asked):
    asked.inputs[2].contents.SetInParent()


def heat_again(asked):
    asked.inputs.append(asked.inputs[3])


def shared_memory(asked):
    asked.inputs[0].parameters["shared_memory_region"].string_param = "region"


def classification(asked):
    asked.outputs[0].parameters["classification"].int64_param = 3


def walls_by_number(asked):
    asked.parameters["walls"].int64_param = 1


HANDLE, POINTS, LOAD, HEAT = b"\5\0\0\0known", bytes(48), bytes(16), bytes(8)
LATEST = "model version: expected a whole number, or none for the newest, got "
GEOMETRY = "inputs: expected either handle, or mesh and mesh_name, got "
FRAMES = "input 'handle': expected 1 elements in raw bytes, each behind its length in 4 bytes, got "
TYPED = "elements in fp64_contents, or raw_input_contents, got"
RAW = "raw_input_contents: expected 4, one for each input, got "
UNKNOWN = "got one that is unknown"
WRONG = [
    (ask(points("FP32", [3])), "input 'points': expected FP64 of shape (n, 2), got FP32 (3,)"),
    (ask(points=np.zeros((5, 3))), "input 'points': expected FP64 of shape (n, 2), got FP64 (5, 3)"),
    (ask(points=np.zeros(6)), "input 'points': expected FP64 of shape (n, 2), got FP64 (6,)"),
    (ask(points("FP64", [-1, 2])), "input 'points': expected FP64 of shape (n, 2), got FP64 (-1, 2)"),
    (ask(points("FP64", [3, 2], fp64_contents=[0.0] * 5)), f"input 'points': expected 6 {TYPED} 5 in fp64_contents"),
    (ask(points("FP64", [2**62, 2])), f"input 'points': expected {2**63} {TYPED} 0 in fp64_contents"),
    (
        ask(points("FP64", [1, 2], fp32_contents=[0, 0])),
        f"input 'points': expected 2 {TYPED} 0 in fp64_contents and fp32_contents",
    ),
    (ask(load=np.zeros(1)), "input 'load': expected FP64 of shape (2,), got FP64 (1,)"),
    (ask(heat=b"300"), "input 'heat': expected FP64 of shape (1,), got BYTES (1,)"),
    (ask(raw(HANDLE, POINTS[1:], LOAD, HEAT)), "input 'points': expected 48 raw bytes (6 FP64), got 47"),
    (ask(raw(HANDLE, POINTS, LOAD, 2 * HEAT)), "input 'heat': expected 8 raw bytes (1 FP64), got 16"),
    (ask(raw(HANDLE, POINTS, LOAD)), f"{RAW}3"),
    (ask(raw(HANDLE, POINTS, LOAD, HEAT, HEAT)), f"{RAW}5"),
    (
        ask(raw(HANDLE, POINTS, LOAD, HEAT), contents_beside),
        "input 'load': expected no contents beside raw_input_contents, got contents",
    ),
    (ask(raw(b"known", POINTS, LOAD, HEAT)), f"{FRAMES}5 bytes that are not these"),
    (ask(raw(HANDLE[:-1], POINTS, LOAD, HEAT)), f"{FRAMES}8 bytes that are not these"),
    (ask(raw(2 * HANDLE, POINTS, LOAD, HEAT)), f"{FRAMES}18 bytes that are not these"),
    (ask(raw(b"", POINTS, LOAD, HEAT)), f"{FRAMES}0 bytes that are not these"),
    (ask(wind=np.ones(1)), f"input 'wind': expected one of handle, mesh, mesh_name, points, load, heat, {UNKNOWN}"),
    (ask(heat_again), "input 'heat': expected once, got twice"),
    (ask(shared_memory), "input 'handle': expected no parameters, got shared_memory_region"),
    (ask(outputs=["strain"]), f"output 'strain': expected one of stress, shift, handle, {UNKNOWN}"),
    (ask(outputs=["shift", "shift"]), "output 'shift': expected once, got twice"),
    (ask(classification, outputs=["shift"]), "output 'shift': expected no parameters, got classification"),
    (ask(handle=None), f"{GEOMETRY}none of them"),
    (ask(mesh=b"1", mesh_name=b"vtu"), f"{GEOMETRY}handle and mesh and mesh_name"),
    (ask(handle=None, mesh=b"1"), f"{GEOMETRY}mesh"),
    (ask(mesh_name=b"vtu"), f"{GEOMETRY}handle and mesh_name"),
    (ask(handle=b"\xff"), "input 'handle': expected a text in UTF-8, got other bytes"),
    (
        ask(parameters={"length_unit": "mm"}),
        "parameter 'length_unit': expected a mesh that it says something of, got a handle",
    ),
    (ask(parameters={"order": "1"}), f"parameter 'order': expected one of length_unit, walls, symmetry, {UNKNOWN}"),
    (ask(walls_by_number), "parameter 'walls': expected a text, got int64_param"),
    (ask(version="latest"), f"{LATEST}'latest'"),
    (ask(version="\u0661"), f"{LATEST}'\u0661'"),
    (ask(version="9" * 19), f"{LATEST}'{'9' * 19}'"),
]


@pytest.mark.parametrize(("asked", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_what_cannot_be_read(stub, asked, sentence):
    assert refusal(stub, asked) == (StatusCode.INVALID_ARGUMENT, sentence)


def test_the_question_that_the_others_were_made_of(stub, client, mesh):
    handle = client.encode(mesh).handle.encode()
    assert arrays(stub.ModelInfer(ask(handle=handle)))["stress"].shape == (3,)
    numbers = [values.astype("<f8").tobytes() for values in LOADS.values()]
    asked = ask(raw(len(handle).to_bytes(4, "little") + handle, POINTS, *numbers))
    assert arrays(stub.ModelInfer(asked))["shift"].shape == (3, 2)


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"model": "x"}, StatusCode.NOT_FOUND, "model: expected one of tiny, got 'x'"),
        ({"model": ""}, StatusCode.NOT_FOUND, "model: expected a name, such as tiny, got ''"),
        ({"version": "2"}, StatusCode.NOT_FOUND, "version: expected one of 1 of 'tiny', or 0, got 2"),
        ({}, StatusCode.NOT_FOUND, "handle: expected one that Encode returned and that is still held, got 'known'"),
    ],
)
def test_what_is_not_here(stub, given, code, sentence):
    assert refusal(stub, ask(**given)) == (code, sentence)


@pytest.mark.parametrize(
    "wrong",
    [{"heat": None}, {"heat": np.array([np.nan])}, {"load": np.zeros(2)}, {"points": np.array([[0.5, np.inf]])}],
)
def test_what_our_own_service_refuses_has_its_sentence(stub, client, mesh, wrong):
    shape = client.encode(mesh)
    tensors = LOADS | {"points": np.zeros((3, 2))} | wrong
    points = tensors.pop("points")
    with pytest.raises(ValueError) as caught:
        client.decode(shape, {name: value for name, value in tensors.items() if value is not None}, points)
    assert refusal(stub, ask(handle=shape.handle.encode(), **wrong)) == (StatusCode.INVALID_ARGUMENT, str(caught.value))


def test_a_mesh_that_cannot_be_read(stub, client):
    asked = ask(handle=None, mesh=b"no mesh", mesh_name=b"cell.vtu")
    with pytest.raises(ValueError) as caught:
        client.encode(b"no mesh", name="cell.vtu")
    assert refusal(stub, asked) == (StatusCode.INVALID_ARGUMENT, str(caught.value))
    assert refusal(stub, ask(handle=None, mesh=b"", mesh_name=b"vtu"))[1] == "size: expected at least 1 byte, got 0"


@pytest.mark.slow
def test_an_answer_that_one_message_cannot_hold(surrogate):
    """2 MiB hold the 12 bytes of 169,301 points beside the rest; fewer fields leave room for more points."""
    limits = ServerConfig(message_bytes=2 << 20, parsers=1)
    with served(surrogate, limits) as address, Client(address, timeout=60) as client:
        handle = client.encode(cell(around=1700, rings=99)).handle.encode()  # 170,000 nodes
        with grpc.insecure_channel(address) as channel:
            stub = oip_grpc.GRPCInferenceServiceStub(channel)
            code, sentence = refusal(stub, ask(handle=handle, points=None))
            shift = arrays(stub.ModelInfer(ask(handle=handle, points=None, outputs=["shift"])))["shift"]
    assert code == StatusCode.RESOURCE_EXHAUSTED and shift.shape == (170_000, 2)
    assert sentence == (
        "query: expected at most 169301 points (those of 2031616 bytes) in one message, "
        "got 170000 points or more; Surrogate.Decode streams them"
    )


def test_bytes_that_are_no_message(channel):
    call = channel.unary_unary(f"/{SERVICE}/ModelInfer")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff")
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "message 1: expected a protobuf message, got bytes that are none"


def test_a_full_server_refuses_questions_and_answers_probes(surrogate, mesh):
    with (
        served(surrogate, ServerConfig(concurrent_requests=1, parsers=1)) as address,
        Client(address, timeout=60) as client,
    ):
        shape = client.encode(mesh)
        query = pb.Query(grid=pb.RegularGrid(lower=(0, 0), upper=(1, 1), resolution=(4000, 5000)))  # minutes of work
        for name, value in CONDITIONS.items():
            query.conditions[name].values.extend(np.atleast_1d(value))
        header = pb.DecodeHeader(handle=shape.handle, query=query)
        running = client._stubs.surrogate.Decode(iter([pb.DecodeRequest(header=header)]), timeout=100)
        next(running)
        with grpc.insecure_channel(address) as channel:
            stub = oip_grpc.GRPCInferenceServiceStub(channel)
            code, sentence = refusal(stub, ask(handle=shape.handle.encode()))
            assert stub.ServerLive(oip.ServerLiveRequest()).live and stub.ServerReady(oip.ServerReadyRequest()).ready
            assert stub.ModelReady(oip.ModelReadyRequest(name="tiny")).ready
        running.cancel()
    assert (code, sentence) == (
        StatusCode.RESOURCE_EXHAUSTED,
        "server: expected at most 1 requests at once, got one more; try again",
    )


def test_a_model_whose_quantities_have_the_names_of_ours():
    for part, name in (("conditions", "points"), ("conditions", "mesh"), ("fields", "handle")):
        quantity = pb.Quantity(name=name, kind=pb.Quantity.KIND_SCALAR)
        with pytest.raises(QueryError, match="model 'm': expected no quantity named handle, mesh, mesh_name or points"):
            Signature.of(pb.DescribeResponse(name="m", dim=2, **{part: [quantity]}))


@settings(max_examples=200)
@given(data=st.binary(max_size=24), count=st.integers(0, 3))
def test_raw_bytes_are_read_as_length_prefixed_or_refused(data, count):
    tensor = Tensor("names", "BYTES", (-1,))
    try:
        read = tensor.read(Input(name="names", datatype="BYTES", shape=[count]), data)
    except QueryError:
        return
    assert len(read) == count and length_prefixed(read) == data
