"""The wire adds nothing to the library's answers and takes nothing from them."""

import dataclasses

import numpy as np
import pytest
from conftest import CONDITIONS
from hypothesis import given, settings
from hypothesis import strategies as st

import enf2enf_meshes
from enf2enf.grid import Grid
from enf2enf.io import write_bytes
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

FIELDS = ("stress", "shift")
CELLS = sorted(id_ for id_ in enf2enf_meshes.manifest() if id_.startswith("unit_cell"))


@pytest.fixture(scope="module")
def encoding(surrogate, mesh):
    return surrogate.encode(mesh)


def points_of(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.1, 1.1, (count, 2))


def same_bytes(field, other) -> bool:
    return all(field[name].tobytes() == other[name].tobytes() for name in FIELDS)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 4096, 4097, 10_000])
def test_explicit_points_are_answered_as_in_process(client, surrogate, vtu, encoding, count):
    points = points_of(count)
    answer = client.predict(vtu, CONDITIONS, points, name="cell.vtu")
    local = surrogate.decode(encoding, CONDITIONS, points)
    assert same_bytes(answer, local)
    assert answer.outside == local.outside == np.isnan(answer["stress"]).sum() > 0 or count == 1
    assert answer["stress"].dtype == np.float32 and answer["shift"].shape == (count, 2)


def test_no_points_are_answered_with_no_values(client, vtu):
    answer = client.predict(vtu, CONDITIONS, np.empty((0, 2)), name="vtu")
    assert answer["stress"].shape == (0,) and answer.outside == 0


def test_nodes_are_answered_in_the_files_order(client, surrogate, mesh, vtu, encoding):
    answer = client.predict(vtu, CONDITIONS, "nodes", name="vtu")
    assert np.array_equal(answer.field.points, mesh.points)
    assert same_bytes(answer, surrogate.decode(encoding, CONDITIONS, mesh.points))
    assert answer.outside == 0 and not answer.shape.warnings


def test_a_node_without_a_cell_is_said(client, surrogate, mesh):
    more = dataclasses.replace(mesh, points=np.concatenate([mesh.points, [[0.25, 2.0]]]))
    data = write_bytes(more, "vtu")
    said, outside = client.encode(data, name="vtu").warnings
    assert surrogate.encode(data, name="vtu").warnings == (said, outside)
    assert said == "nodes: expected a cell at each, got 1 without any, the first at (0.25, 2)" and "outside" in outside


def test_grid_is_row_major(client, vtu, surrogate, encoding):
    grid = Grid((0.0, 0.1), (1.0, 0.9), (90, 70))
    answer = client.predict(vtu, CONDITIONS, grid, name="vtu")
    x, y = np.meshgrid(np.linspace(0, 1, 90), np.linspace(0.1, 0.9, 70), indexing="ij")
    assert np.allclose(answer.field.points, np.stack([x.ravel(), y.ravel()], 1), rtol=0, atol=1e-15)
    assert same_bytes(answer, surrogate.decode(encoding, CONDITIONS, answer.field.points))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 9000), max_size=12))
def test_the_cut_of_the_stream_does_not_matter(channel, client, vtu, surrogate, encoding, cuts):
    points = points_of(9000, seed=1)
    shape = client.encode(vtu, name="vtu")
    query = pb.Query(explicit_points=pb.ExplicitPoints(count=9000, dim=2))
    for name, value in CONDITIONS.items():
        query.conditions[name].values.extend(np.atleast_1d(value))
    pieces = [piece for piece in np.split(points, sorted(cuts)) if len(piece)]
    requests = [pb.DecodeRequest(header=pb.DecodeHeader(handle=shape.handle, query=query))]
    requests += [pb.DecodeRequest(points=piece.astype("<f8").tobytes()) for piece in pieces]
    *chunks, last = list(pb_grpc.SurrogateStub(channel).Decode(iter(requests)))
    assert [part.chunk.first for part in chunks] == [0, 4096, 8192]
    values = b"".join(part.chunk.fields[0].values for part in chunks)
    assert values == surrogate.decode(encoding, CONDITIONS, points)["stress"].astype("<f4").tobytes()
    assert last.summary.points == 9000


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_permuted_points_get_permuted_values(client, vtu, seed):
    points = points_of(5000, seed=2)
    order = np.random.default_rng(seed).permutation(len(points))
    shape = client.encode(vtu, name="vtu")
    plain, mixed = (client.decode(shape, CONDITIONS, at)["stress"] for at in (points, points[order]))
    assert np.nanmax(np.abs(plain[order] - mixed)) <= 1e-5 * np.ptp(plain[np.isfinite(plain)])  # measured 0
    assert np.array_equal(np.isnan(plain[order]), np.isnan(mixed))


@pytest.mark.parametrize("id_", CELLS)
def test_every_format_is_understood(client, id_):
    path = enf2enf_meshes.path(id_)
    answer = client.predict(path, CONDITIONS)
    assert len(answer.shape.walls) == 1 and np.isfinite(answer["stress"]).all()


def test_what_was_understood(client, vtu, mesh):
    shape = client.encode(vtu, name="vtu")
    assert shape.walls == (32,) and shape.nodes == len(mesh.points) and shape.cells == mesh.cell_count
    assert np.allclose(shape.bounds, [[0, 0], [1, 1]])


def test_length_unit_is_applied(client, mesh):
    large = dataclasses.replace(mesh, points=mesh.points * 1000)
    shape = client.encode(write_bytes(large, "vtu"), name="vtu", length_unit="mm")
    assert np.allclose(shape.bounds, [[0, 0], [1, 1]])


def test_conditions_outside_the_training_range_are_named(client, vtu):
    inside = client.predict(vtu, CONDITIONS, name="vtu")
    outside = client.predict(vtu, CONDITIONS | {"heat": 900.0}, name="vtu")
    assert inside.extrapolating == () and outside.extrapolating == ("heat",)
    assert np.isfinite(outside["stress"]).all()
