"""Whatever is wrong with a request comes back as a status and a sentence that names it; the server lives on."""

import contextlib
import dataclasses

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, served
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

import enf2enf_meshes
from enf2enf import errors
from enf2enf.client import Client
from enf2enf.grid import Grid
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.models import Model
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.wire.convert import description

BROKEN = sorted(id_ for id_ in enf2enf_meshes.manifest() if id_.startswith("broken"))


@pytest.fixture(scope="module")
def small(surrogate):
    """A client of a server with narrow limits."""
    limits = ServerConfig(mesh_bytes=20_000, mesh_nodes=230, points=5000, parsers=1)
    with served(surrogate, limits) as address, Client(address, timeout=60) as connected:
        yield connected


@pytest.mark.parametrize("id_", BROKEN)
def test_malformed_mesh(client, id_):
    asset = enf2enf_meshes.manifest()[id_]
    data = enf2enf_meshes.path(id_).read_bytes()
    with pytest.raises((errors.MeshError, errors.GeometryError, errors.QueryError)) as caught:
        client.encode(data, name=enf2enf_meshes.path(id_).name)
    assert asset["error"] in str(caught.value)
    if data:  # else it is not sent
        assert caught.value.__cause__.code() == StatusCode.INVALID_ARGUMENT
        assert str(caught.value) == caught.value.__cause__.details()
    assert client.ready()


@pytest.mark.parametrize(
    ("conditions", "culprit"),
    [
        ({"heat": 300.0}, "load"),
        ({}, "load"),
        (CONDITIONS | {"wind": 1.0}, "wind"),
        (CONDITIONS | {"heat": np.nan}, "heat"),
        (CONDITIONS | {"heat": np.inf}, "heat"),
        (CONDITIONS | {"heat": []}, "heat"),
        (CONDITIONS | {"load": 3.0}, "load"),
        (CONDITIONS | {"load": [1.0, 2.0, 3.0]}, "load"),
        (CONDITIONS | {"load": [0.0, 0.0]}, "condition 'load'"),
        (CONDITIONS | {"load": [1e200, 1e200]}, "condition 'load'"),  # beyond float64, once it is squared
        (CONDITIONS | {"heat": 1e300}, "condition 'heat'"),  # beyond float32
    ],
)
def test_bad_conditions(client, vtu, conditions, culprit):
    shape = client.encode(vtu, name="vtu")
    with pytest.raises(errors.ConditionError, match=culprit) as caught:
        client.decode(shape, conditions, "nodes")
    assert caught.value.__cause__.code() == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        (np.array([[0.5, 0.1], [np.nan, 0.0]]), "point 1: expected finite coordinates, got [nan, 0.0]"),
        (np.zeros((3, 3)), "explicit_points: expected a number of points of 2 coordinates, got 3 of 3"),
    ],
)
def test_bad_points(client, channel, vtu, at, sentence):
    """Sent by a client that does not look at them."""
    conditions = {name: pb.Condition(values=np.atleast_1d(value)) for name, value in CONDITIONS.items()}
    explicit = pb.ExplicitPoints(count=len(at), dim=at.shape[1])
    query = pb.Query(conditions=conditions, explicit_points=explicit)
    handle = client.encode(vtu, name="vtu").handle
    with pytest.raises(grpc.RpcError) as caught:
        pb_grpc.SurrogateStub(channel).Sample(pb.SampleRequest(handle=handle, query=query, points=at.tobytes()))
    assert (caught.value.code(), caught.value.details()) == (StatusCode.INVALID_ARGUMENT, sentence)


def test_a_grid_in_space(client, channel, vtu):
    """Sent by a client that does not look at it."""
    conditions = {name: pb.Condition(values=np.atleast_1d(value)) for name, value in CONDITIONS.items()}
    query = pb.Query(conditions=conditions, grid=pb.RegularGrid(lower=[0] * 3, upper=[1] * 3, resolution=[2] * 3))
    handle = client.encode(vtu, name="vtu").handle
    with pytest.raises(grpc.RpcError) as caught:
        pb_grpc.SurrogateStub(channel).Sample(pb.SampleRequest(handle=handle, query=query))
    sentence = "grid: expected bounds and resolution with 2 entries, got 3"
    assert (caught.value.code(), caught.value.details()) == (StatusCode.INVALID_ARGUMENT, sentence)
    with pytest.raises(errors.QueryError, match=r"points: expected an array \(points, 2\), or with one z for all"):
        client.predict(vtu, CONDITIONS, Grid((0, 0, 0), (1, 1, 1), (2, 2, 2)), name="vtu")


@pytest.mark.slow
def test_further_conditions_are_not_sampled_and_are_counted_together(client, channel, small, vtu):
    conditions = {name: pb.Condition(values=np.atleast_1d(value)) for name, value in CONDITIONS.items()}
    query = pb.Query(conditions=conditions, further=[pb.ConditionSet(conditions=conditions)])
    query.mesh_nodes.SetInParent()
    handle = client.encode(vtu, name="vtu").handle
    with pytest.raises(grpc.RpcError) as caught:
        pb_grpc.SurrogateStub(channel).Sample(pb.SampleRequest(handle=handle, query=query))
    sentence = "further: expected none in Sample; Decode answers them, got 1"
    assert (caught.value.code(), caught.value.details()) == (StatusCode.INVALID_ARGUMENT, sentence)
    shape = small.encode(vtu, name="vtu")
    assert len(small.predict_many(shape, [CONDITIONS] * 22, "nodes")) == 22
    with pytest.raises(errors.QueryError, match="query: expected at most 217 points, got 224 points"):
        small.predict_many(shape, [CONDITIONS] * 23, "nodes")


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        (np.zeros((5001, 2)), "query: expected at most 5000 points, got 5001 points"),
        (Grid((0, 0), (1, 1), (5001, 1)), "got 5001 points"),
        (Grid((0, 0), (1, 1), (2**40, 2**40)), f"got {2**80} points"),
    ],
)
def test_too_many_points(small, vtu, at, sentence):
    with pytest.raises(errors.QueryError, match=sentence) as caught:
        small.predict(vtu, CONDITIONS, at, name="vtu")
    assert caught.value.__cause__.code() == StatusCode.RESOURCE_EXHAUSTED


def test_too_large_mesh(small, vtu):
    with pytest.raises(errors.QueryError, match="mesh: expected at most 20000 bytes, got 30000 bytes") as caught:
        small.encode(vtu + b" " * (30_000 - len(vtu)), name="vtu")
    assert caught.value.__cause__.code() == StatusCode.RESOURCE_EXHAUSTED
    with pytest.raises(errors.QueryError, match="mesh: expected at most 230 nodes, got 240") as caught:
        from conftest import cell

        small.encode(cell(around=40, rings=5))
    assert caught.value.__cause__.code() == StatusCode.RESOURCE_EXHAUSTED


def test_unknown_wall_and_unit(client, vtu):
    with pytest.raises(errors.GeometryError, match="nowhere"):
        client.encode(vtu, name="vtu", walls=["nowhere"])
    with pytest.raises(errors.MeshError, match="length unit: expected one of m, .* got 'parsec'"):
        client.encode(vtu, name="vtu", length_unit="parsec")


def test_an_internal_failure_tells_nothing(client, surrogate, vtu, caplog):
    """A model that breaks down: the log has the traceback, the client one neutral sentence."""
    shape = client.encode(vtu, name="vtu")
    normaliser, surrogate.normaliser = surrogate.normaliser, None
    try:
        with pytest.raises(errors.ServiceError) as caught:
            client.decode(shape, CONDITIONS, "nodes")
    finally:
        surrogate.normaliser = normaliser
    assert caught.value.__cause__.code() == StatusCode.INTERNAL
    sentence = "server: expected an answer, got an internal failure, which the server's log describes (request "
    assert str(caught.value).startswith(sentence)
    assert "AttributeError" in caplog.text
    assert client.decode(shape, CONDITIONS, "nodes").outside == 0


targets = st.one_of(
    st.just({"mesh_nodes": pb.MeshNodes()}),
    st.just({"grid": pb.RegularGrid(lower=[0, 0], upper=[1, 1], resolution=[2, 2])}),
    st.builds(lambda n: {"explicit_points": pb.ExplicitPoints(count=n, dim=2)}, st.integers(0, 4)),
)


@pytest.mark.slow
@given(target=targets, size=st.integers(0, 5).map(lambda n: 16 * n) | st.integers(0, 80))
def test_a_small_question_has_the_points_that_it_announces(client, channel, mesh, target, size):
    conditions = {name: pb.Condition(values=np.atleast_1d(value)) for name, value in CONDITIONS.items()}
    query = pb.Query(conditions=conditions, **target)
    request = pb.SampleRequest(handle=client.encode(mesh).handle, query=query, points=bytes(size))
    announced = 16 * target["explicit_points"].count if "explicit_points" in target else 0
    ask = pb_grpc.SurrogateStub(channel).Sample
    if size == announced:
        assert ask(request).summary.points == query.explicit_points.count or "explicit_points" not in target
        return
    with pytest.raises(grpc.RpcError, match="points: expected ") as caught:
        ask(request)
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", ["Encode", "Predict"])
def test_a_name_in_latin_1_is_refused(channel, method):
    request = pb.EncodeRequest(header=pb.MeshHeader(name="caf?.vtu", size=1)).SerializeToString()
    call = channel.stream_stream(f"/enf2enf.v1.Surrogate/{method}")
    with pytest.raises(grpc.RpcError, match="message 1: expected a protobuf message") as caught:
        list(call(iter([request.replace(b"?", b"\xe9")])))
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("limit", [0, -1, 1 << 63])
def test_limits_are_checked(limit):
    with pytest.raises(errors.ConfigError, match="points: expected a positive whole number"):
        ServerConfig(points=limit)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ServerConfig)])
def test_every_limit_that_is_allowed_can_be_told(name, surrogate):
    """No number of an operator's is larger than what it travels in."""
    with pytest.raises(errors.ConfigError, match=f"{name}: expected a positive whole number up to"):
        ServerConfig(**{name: 1 << 63})
    for most in ((1 << 63) - 1, (1 << 31) - 1, 100):
        with contextlib.suppress(errors.ConfigError):
            limits = description(Model("tiny", 1, surrogate), ServerConfig(**{name: most})).limits
            assert getattr(limits, name, most) == most
            return
    pytest.fail("no large number is allowed")
