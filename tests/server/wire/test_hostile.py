"""Streams that no honest client sends."""

import grpc
import pytest
from conftest import CONDITIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf_meshes.generators.broken import plate
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.wire import inference

REFUSALS = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED}
SOON = 2.0  # seconds
MANY = pytest.mark.parametrize("examples", [60, pytest.param(1000, marks=pytest.mark.soak)])
OURS = [f"{service.full_name}/{method.name}" for service in pb.DESCRIPTOR.services_by_name.values()
        for method in service.methods]  # fmt: skip
GUARDED = OURS + [method.lstrip("/") for method in inference.GUARDED]
METHODS = {"Encode": pb.EncodeRequest, "Decode": pb.DecodeRequest, "Predict": pb.PredictRequest}

integers = st.one_of(st.integers(-3, 40), st.integers(-(2**63), 2**63 - 1))
numbers = st.lists(st.floats(width=64), max_size=4)
names = st.one_of(
    st.sampled_from(["vtu", "a.vtu", "a.msh", "csv", "", "../../etc/passwd", "a\0.vtu"]), st.text(max_size=9)
)
conditions = st.dictionaries(
    st.one_of(st.sampled_from(sorted(CONDITIONS)), st.text(max_size=3)),
    st.builds(pb.Condition, values=numbers),
    max_size=3,
)
grids = st.builds(pb.RegularGrid, lower=numbers, upper=numbers, resolution=st.lists(integers, max_size=3))
good = {"load": pb.Condition(values=CONDITIONS["load"]), "heat": pb.Condition(values=[CONDITIONS["heat"]])}
queries = st.one_of(
    *(
        st.builds(pb.Query, conditions=st.one_of(st.just(good), conditions), **{target: strategy})
        for target, strategy in {
            "explicit_points": st.builds(pb.ExplicitPoints, count=integers, dim=st.integers(0, 3)),
            "mesh_nodes": st.just(pb.MeshNodes()),
            "grid": grids,
        }.items()
    ),
    st.just(pb.Query()),
)
headers = st.builds(pb.MeshHeader, name=names, size=integers, walls=st.lists(names, max_size=2), length_unit=names)
blobs = st.one_of(st.binary(max_size=64), st.integers(0, 4).map(lambda n: bytes(16 * n)))


def requests_of(kind, handle):
    parts = {
        pb.EncodeRequest: {"header": headers, "chunk": blobs},
        pb.DecodeRequest: {
            "header": st.builds(
                pb.DecodeHeader, handle=st.one_of(st.just(handle), st.text(max_size=70)), query=queries
            ),
            "points": blobs,
        },
        pb.PredictRequest: {"header": headers, "chunk": blobs, "query": queries, "points": blobs},
    }[kind]
    one = st.one_of(st.just(kind()), *(st.builds(kind, **{name: part}) for name, part in parts.items()))
    return st.lists(one, max_size=5)


def answer(channel, method, requests, serializer=None):
    """The messages of an answer; refusals must be ours: a fitting status with a named culprit, and soon."""
    stub = channel.stream_stream(f"/{method}" if "/" in method else f"/enf2enf.v1.Surrogate/{method}", serializer, None)
    try:
        return list(stub(iter(requests), timeout=SOON))
    except grpc.RpcError as error:
        assert error.code() in REFUSALS, error
        assert ": expected " in error.details()
        assert "grpc-status-details-bin" in {key for key, _ in error.trailing_metadata()}
        return None


@pytest.mark.slow
@MANY
@pytest.mark.parametrize("method", sorted(METHODS))
def test_messages_in_any_order(method, channel, client, vtu, examples):
    kind, handle = METHODS[method], client.encode(vtu, name="vtu").handle

    @settings(max_examples=examples, deadline=None)
    @given(requests=requests_of(kind, handle))
    def check(requests):
        answer(channel, method, requests, kind.SerializeToString)

    check()
    assert client.describe().name == "tiny"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_honest_stream_with_edits(channel, vtu, data):
    """Answered in full, or refused; an edit that changes nothing must not be refused."""
    honest = [
        pb.PredictRequest(header=pb.MeshHeader(name="vtu", size=len(vtu))),
        pb.PredictRequest(chunk=vtu[:500]),
        pb.PredictRequest(chunk=vtu[500:]),
        pb.PredictRequest(query=QUERY),
        pb.PredictRequest(points=bytes(16)),
        pb.PredictRequest(points=bytes(16)),
    ]
    order = data.draw(st.one_of(st.permutations(range(6)), st.lists(st.integers(0, 5), min_size=4, max_size=7)))
    replies = answer(channel, "Predict", [honest[i] for i in order], pb.PredictRequest.SerializeToString)
    assert (replies is None) == (order[:4] != [0, 1, 2, 3] or len(order) != 6 or set(order[4:]) - {4, 5} != set())


@MANY
def test_small_questions_of_any_kind(channel, client, vtu, examples):
    handle = client.encode(vtu, name="vtu").handle
    asked = st.builds(
        pb.SampleRequest, handle=st.one_of(st.just(handle), st.text(max_size=70)), query=queries, points=blobs
    )

    @settings(max_examples=examples, deadline=None)
    @given(request=asked)
    def check(request):
        answer(channel, "Sample", [request], pb.SampleRequest.SerializeToString)

    check()


@MANY
def test_bytes_that_are_no_messages(channel, client, examples):
    """Every method that is guarded: a refusal of ours, or, where chance made a message of them, an answer."""

    @settings(max_examples=examples, deadline=None)
    @given(method=st.sampled_from(GUARDED), message=st.binary(max_size=40))
    def check(method, message):
        answer(channel, method, [message])

    check()
    assert client.describe().name == "tiny"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files(channel, vtu, data):
    """Files with a piece cut out, overwritten or repeated: read or refused, within the deadline."""
    whole = data.draw(st.sampled_from([vtu, plate()]))  # packed, where most damage is to the packing; and text
    first, last = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
    damaged = whole[:first] + data.draw(st.binary(max_size=20)) + whole[last:]
    header = pb.MeshHeader(name="cell.vtu", size=len(damaged))
    requests = [pb.EncodeRequest(header=header), *([pb.EncodeRequest(chunk=damaged)] if damaged else [])]
    answer(channel, "Encode", requests, pb.EncodeRequest.SerializeToString)


HEADER, CHUNK = pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=4)), pb.EncodeRequest(chunk=b"1234")
QUERY = pb.Query(conditions=good, explicit_points=pb.ExplicitPoints(count=2, dim=2))


@pytest.mark.parametrize(
    ("requests", "sentence"),
    [
        ([], "message 1: expected a part 'header', got the end of the stream"),
        ([pb.EncodeRequest()], "message 1: expected a part 'header', got an empty message"),
        ([CHUNK], "message 1: expected a part 'header', got chunk"),
        ([HEADER, HEADER], "message 2: expected a part 'chunk', got header"),
        ([HEADER], "message 2: expected a part 'chunk', got the end of the stream"),
        ([HEADER, pb.EncodeRequest(chunk=b"")], "message 2: expected 1 to 4 bytes (of 4 announced), got 0 bytes"),
        ([HEADER, pb.EncodeRequest(chunk=b"12345")], "message 2: expected 1 to 4 bytes (of 4 announced), got 5 bytes"),
        ([HEADER, CHUNK, CHUNK], "message 3: expected the end of the stream, got chunk"),
        ([pb.EncodeRequest(header=pb.MeshHeader(name="vtu"))], "size: expected at least 1 byte, got 0"),
    ],
)
def test_wrong_uploads(channel, requests, sentence):
    with pytest.raises(grpc.RpcError) as caught:
        pb_grpc.SurrogateStub(channel).Encode(iter(requests), timeout=20)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert sentence in caught.value.details()


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([bytes(17)], "message 2: expected a multiple of 16 bytes (2 float64 a point), got 17 bytes"),
        ([b""], "message 2: expected a multiple of 16 bytes (2 float64 a point), got 0 bytes"),
        ([bytes(48)], "message 2: expected at most 2 points (of 2 announced), got 3"),
        ([bytes(16)], "message 3: expected a part 'points', got the end of the stream"),
        ([bytes(32), bytes(16)], "message 3: expected the end of the stream, got points"),
    ],
)
def test_wrong_points(channel, client, vtu, points, sentence):
    header = pb.DecodeHeader(handle=client.encode(vtu, name="vtu").handle, query=QUERY)
    requests = [pb.DecodeRequest(header=header), *(pb.DecodeRequest(points=block) for block in points)]
    with pytest.raises(grpc.RpcError) as caught:
        list(pb_grpc.SurrogateStub(channel).Decode(iter(requests), timeout=20))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert sentence in caught.value.details()


def test_an_oversized_message_is_refused(channel):
    header = pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=5 << 20))
    with pytest.raises(grpc.RpcError) as caught:
        pb_grpc.SurrogateStub(channel).Encode(iter([header, pb.EncodeRequest(chunk=bytes(5 << 20))]), timeout=20)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(4 << 20) in caught.value.details()
