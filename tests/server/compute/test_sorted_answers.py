"""A model whose points attend to the latents around them: served points are sorted, and answered in their own order."""

import dataclasses
import itertools
import threading
import time

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, cell

from enf2enf.client import Client
from enf2enf.grid import Grid
from enf2enf.inference.blocks import BLOCK_POINTS
from enf2enf.inference.evaluator import CHUNK, is_local
from enf2enf.surrogate import Surrogate
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

TOLERANCE = 1e-6  # of the span; measured 4e-7
COUNTS = [1, 63, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7, BLOCK_POINTS - 1, BLOCK_POINTS, BLOCK_POINTS + 1]


@pytest.fixture(scope="module")
def local(surrogate):
    """152 latents, of which a block of 64 neighbouring points attends to fewer than 112."""
    encoder = dataclasses.replace(surrogate.config.encoder, grid=12, window=0.2, wall_window=0.2)
    made = Surrogate.untrained(dataclasses.replace(surrogate.config, encoder=encoder), surrogate.normaliser, seed=2)
    made.provenance["name"] = "local"
    return made


@pytest.fixture(scope="module")
def encoding(local, mesh):
    return local.encode(mesh)


@pytest.fixture(scope="module")
def server(local):
    server, port = create_server(local, ServerConfig(concurrent_requests=4, parsers=1))
    server.start().result()
    yield server, f"127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def client(server):
    with Client(server[1], timeout=120) as connected:
        yield connected


@pytest.fixture(scope="module")
def shape(client, mesh):
    return client.encode(mesh)


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(server[1]) as channel:
        yield pb_grpc.SurrogateStub(channel)


def random_points(count, seed=0):
    return np.random.default_rng(seed).uniform(-0.05, 1.05, (count, 2))


def assert_same(answer, field):
    for name in ("stress", "shift"):
        span = np.nanmax(field[name]) - np.nanmin(field[name]) if len(field.field.points) > 1 else 100.0
        assert np.array_equal(np.isnan(answer[name]), np.isnan(field[name]))
        assert np.allclose(answer[name], field[name], rtol=0, atol=TOLERANCE * span, equal_nan=True)


def requests(shape, points=None, grid=None, cuts=()):
    query = pb.Query()
    for name, value in CONDITIONS.items():
        query.conditions[name].values.extend(np.atleast_1d(value))
    if grid is not None:
        query.grid.CopyFrom(pb.RegularGrid(lower=grid.lower, upper=grid.upper, resolution=grid.resolution))
    else:
        query.explicit_points.CopyFrom(pb.ExplicitPoints(count=len(points), dim=2))
    yield pb.DecodeRequest(header=pb.DecodeHeader(handle=shape.handle, query=query))
    for piece in () if points is None else np.split(points, cuts):
        yield pb.DecodeRequest(points=piece.astype("<f8").tobytes())


def test_it_is_local_and_the_usual_one_is_not(surrogate, local):
    assert is_local(local.model, local.normaliser, local.config.panels)
    assert not is_local(surrogate.model, surrogate.normaliser, surrogate.config.panels)


@pytest.mark.parametrize("count", COUNTS)
def test_random_points_are_answered_as_in_process(client, local, encoding, shape, count):
    points = random_points(count, seed=count)
    answer = client.decode(shape, CONDITIONS, points)
    assert np.array_equal(answer.field.points, points)
    assert_same(answer, local.decode(encoding, CONDITIONS, points))
    assert answer.outside == np.isnan(answer["stress"]).sum()
    few = slice(None, None, 1 + count // 100)  # computed in the caller's order, and by neither path
    values = local.evaluator(encoding, CONDITIONS).chunk(points[few])[:, 0]
    assert np.allclose(answer["stress"][few], values, rtol=0, atol=3e-4, equal_nan=True)  # of some 70; measured 7e-5


@pytest.mark.parametrize("count", [CHUNK + 1, BLOCK_POINTS + CHUNK + 1])
def test_long_queries_are_sorted_as_in_process(client, local, encoding, shape, count):
    """To the bit: the same points in the same chunks."""
    points = random_points(count)
    answer = client.decode(shape, CONDITIONS, points)
    assert answer["stress"].tobytes() == local.decode(encoding, CONDITIONS, points)["stress"].tobytes()


def test_grids_and_nodes_too(client, local, encoding, mesh):
    grid = Grid((0.0, 0.1), (1.0, 0.9), (300, 250))
    shape = client.encode(mesh)
    assert_same(client.decode(shape, CONDITIONS, grid), local.decode(encoding, CONDITIONS, grid.points))
    assert_same(client.decode(shape, CONDITIONS, "nodes"), local.decode(encoding, CONDITIONS, mesh.points))


def test_many_nodes_are_in_the_files_order(client, local):
    fine = cell(around=160, rings=30)  # 4,960 nodes
    answer = client.predict(fine, CONDITIONS)
    assert np.array_equal(answer.field.points, fine.points)
    assert_same(answer, local.decode(local.encode(fine), CONDITIONS, fine.points))


@pytest.mark.parametrize("cuts", [(), (1,), (5000, 60_000, 66_000)])
def test_chunks_are_consecutive_whatever_the_cut_of_the_stream(stub, local, encoding, shape, cuts):
    points = random_points(BLOCK_POINTS + 10_000)
    *chunks, last = (reply for reply in stub.Decode(requests(shape, points, cuts=cuts)))
    sizes = [reply.chunk.count for reply in chunks]
    assert [reply.chunk.first for reply in chunks] == [0, *itertools.accumulate(sizes[:-1])]
    assert sizes == [CHUNK] * 16 + [CHUNK, CHUNK, 10_000 - 2 * CHUNK]
    assert last.summary.points == len(points)
    values = np.frombuffer(b"".join(reply.chunk.fields[0].values for reply in chunks), "<f4")
    assert values.tobytes() == local.decode(encoding, CONDITIONS, points)["stress"].tobytes()


class Held(Surrogate):
    """Once it serves, its first evaluator is made only when `hold` is set."""

    serves, begun, hold = threading.Event(), threading.Event(), threading.Event()

    def evaluator(self, encoding, conditions):
        if self.serves.is_set():
            self.begun.set()
            assert self.hold.wait(30)
        return super().evaluator(encoding, conditions)


def until(condition):
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit, "it never came to pass"
        time.sleep(0.005)


def test_a_query_that_is_cancelled_within_a_block_leaves_nothing_behind(local, mesh):
    """Of the 16 chunks of a block one or two are begun when the client leaves."""
    held = Held(local.model, local.config, local.normaliser, local.provenance)
    server, port = create_server(held, ServerConfig(parsers=1))
    server.start().result()
    held.serves.set()
    value, device = server.metrics.registry.get_sample_value, server.engine.device
    calls, called = [], server._admission._call
    server._admission._call = lambda *given: calls.append(called(*given)) or calls[-1]  # to look at
    try:
        with Client(f"127.0.0.1:{port}") as client, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            shape = client.encode(mesh)
            answers = pb_grpc.SurrogateStub(channel).Decode(requests(shape, grid=Grid((0, 0), (1, 1), (4000, 4000))))
            assert held.begun.wait(30)
            answers.cancel()
            until(lambda: calls[-1].gone)
            held.hold.set()
            until(lambda: value("enf2enf_requests_in_flight") == 0)
            until(lambda: value("enf2enf_requests_total", {"method": "Decode", "code": "CANCELLED"}) == 1)
            assert not len(device) and value("enf2enf_batch_requests_sum") <= 2  # chunks
            small = client.decode(shape, CONDITIONS, random_points(100))
            assert small["stress"].shape == (100,) and value("enf2enf_batch_requests_sum") <= 3
    finally:
        held.hold.set()
        server.stop()
