"""Half a circle that ends at a plane of symmetry gets the whole circle's answer, here and from a server."""

import asyncio
import dataclasses
import json

import flows
import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sectors import Sector
from tensors import arrays, request
from web import web

from enf2enf import AsyncClient, Geometry, Surrogate
from enf2enf.client import Client
from enf2enf.client.replies import RemoteShape
from enf2enf.client.requests import Upload
from enf2enf.errors import ConditionError, GeometryError, QueryError, ServiceError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.integrals import Integrals
from enf2enf.io import write_bytes
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.schema import Quantity, Schema
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

SPAN = 1e-5  # measured 0, and 6e-8 of a trained one
BOTH = ("front", "back")
DOMAIN = FrameConfig()
KINDS = ("line", "quad", "triangle6")
NODES = 1500
REACH = 1.45  # of the box along the inflow, in metres


def untrained(schema: Schema, frames: FrameConfig = DOMAIN) -> Surrogate:
    random = np.random.default_rng(0)
    rows = np.column_stack([random.uniform(1, 100, 8), np.zeros((8, schema.condition_width - 1))])
    powers = [dict(field.powers).get(schema.conditions[0].name, 0.0) for field in schema.fields]
    powers = np.repeat(powers, schema.field_columns.widths)
    fields = [random.normal(0.3, 1.0, (40, schema.field_width)) * row[0] ** powers for row in rows]
    config = ModelConfig(flows.AMORTISED, flows.ROTARY, panels=64, frames=frames)
    return Surrogate.untrained(config, Normaliser.fit(schema, np.linspace(0.5, 2.0, 8), rows, fields), seed=3)


@pytest.fixture(scope="module")
def surrogate():
    schema = dataclasses.replace(Joukowski.schema, integrals=Integrals("wall_pressure", "inflow"))
    made = untrained(schema, Joukowski.frames)
    made.provenance["name"] = "tiny"
    return made


@pytest.fixture(scope="module")
def served(surrogate):
    with web(surrogate, ServerConfig(mesh_nodes=NODES)) as running:
        yield running


@pytest.fixture(scope="module", params=[Surrogate, Client], ids=lambda kind: kind.__name__)
def model(request, surrogate, served):
    if request.param is Surrogate:
        yield surrogate
    else:
        with Client(served.target, timeout=60) as connected:
            yield connected


def along(sector: Sector, speed: float = 10.0) -> dict:
    """An inflow along the plane of symmetry."""
    return {"inflow": speed * sector.axes[0]}


def beside(sector: Sector, seed: int = 0) -> np.ndarray:
    """Points on the side that half a mesh is on, and nodes of it, many of them in the plane, and on the wall."""
    random, nodes = np.random.default_rng(seed), sector.mesh("half").points
    angle, radius = random.uniform(0, np.pi, 100), random.uniform(0.6, REACH, 100)
    between = sector.placed(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return np.concatenate([between, nodes[np.hypot(*(nodes - sector.shift).T) < REACH]])


def worst(one, other, order=slice(None)) -> float:
    """The largest difference of the fields of two answers, in spans."""
    found = []
    for name, values in one.fields.items():
        assert np.isfinite(values).all() and np.isfinite(other[name][order]).all()
        found.append(np.abs(values - other[name][order]).max() / np.ptp(other[name], axis=0).max())
    return max(found)


@settings(max_examples=8)
@given(
    st.builds(
        Sector, st.sampled_from(KINDS), st.sampled_from([(), (0.1,), (-0.1, 0.05)]), st.integers(8, 12),
        turn=st.just(0.0) | st.floats(-4, 4), size=st.just(0.5),
        shift=st.just((0.0, 0.0)) | st.tuples(*2 * [st.floats(-9, 9)]),
    ),
    st.sampled_from([-1, 1]),
    st.integers(0, 99),
)  # fmt: skip
def test_half_a_body_gets_the_answer_of_the_whole(surrogate, sector, way, seed):
    half, whole, given_ = sector.mesh("half"), sector.mesh("whole"), along(sector, way * 10.0)
    one, other = surrogate.encode(half, symmetry=BOTH), surrogate.encode(whole)
    np.testing.assert_allclose(one.bounds, other.bounds, atol=1e-12 * (1 + np.hypot(*sector.shift)))
    assert (one.walls, one.extrapolating, one.warnings) == (other.walls, other.extrapolating, other.warnings)
    found = [worst(*(surrogate.decode(shape, given_, beside(sector, seed)) for shape in (one, other)))]
    walls = [surrogate.decode(shape, given_, "wall") for shape in (one, other)]
    forces = [[answer.integrals[name] for name in ("C_D", "C_L")] for answer in walls]
    np.testing.assert_allclose(*forces, rtol=1e-5, atol=1e-5)
    order = np.linalg.norm(walls[0].points[:, None] - walls[1].points, axis=-1).argmin(axis=1)
    assert sorted(order.tolist()) == list(range(len(walls[1].points)))
    found.append(worst(*walls, order))
    print(f"{max(found):.1e} of the span")
    assert max(found) < SPAN


@pytest.mark.parametrize("kind", ["quad", "quad8"])
@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_a_quarter_gets_the_answer_of_the_whole(kind, turn):
    stress, shift = Quantity("stress", unit="Pa", scales_with={"pressure": 1}), Quantity("shift", "vector", "m")
    plate = untrained(Schema(2, (Quantity("pressure", unit="Pa"), Quantity("pull", "vector", "Pa")), (stress, shift)))
    sector = Sector(kind, (0.1,), turn=turn, shift=(1.0, 2.0), size=0.5)
    quarter, given_ = sector.mesh("quarter"), {"pressure": 5.0, "pull": [0.0, 0.0]}
    one, other = plate.encode(quarter, symmetry=("side", "front")), plate.encode(sector.mesh("whole"))
    answers = [plate.decode(shape, given_, quarter.points) for shape in (one, other)]
    assert worst(*answers) < SPAN
    np.testing.assert_array_equal(plate.decode(one, given_, "nodes")["stress"], answers[0]["stress"])
    for along_one in sector.axes:
        with pytest.raises(ConditionError, match=r"^condition 'pull': expected along the plane of symmetry, got \["):
            plate.decode(one, given_ | {"pull": along_one}, "nodes")


TURNED = Sector("quad", (0.1,), 8, turn=0.7, shift=(2.0, -1.0), size=0.5)
FORMS = {
    "a mesh": lambda: (TURNED.mesh("half"), {}),
    "bytes": lambda: (write_bytes(TURNED.mesh("half"), "vtu"), {"name": "half.vtu"}),
    "millimetres": lambda: (dataclasses.replace(TURNED.mesh("half"), points=1e3 * TURNED.mesh("half").points),
                            {"length_unit": "mm"}),
    "a list": lambda: (TURNED.mesh("half"), {"symmetry": ["front", "back", "front"], "walls": "wall"}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_both_faces_unfold_in_the_same_way(model, surrogate, form):
    mesh, options = FORMS[form]()
    given_, points = along(TURNED), beside(TURNED)
    whole = surrogate.encode(TURNED.mesh("whole"))
    shape = model.encode(mesh, **{"symmetry": BOTH} | options)
    np.testing.assert_allclose(shape.bounds, whole.bounds, atol=1e-12)
    assert (shape.walls, shape.extrapolating, shape.warnings) == (whole.walls, whole.extrapolating, whole.warnings)
    assert shape.patches == ("back", "far", "front", "wall")
    answer, expected = model.decode(shape, given_, points), surrogate.decode(whole, given_, points)
    assert worst(answer, expected) < SPAN
    assert answer.integrals["C_D"] == pytest.approx(expected.integrals["C_D"], rel=1e-5)
    nodes = model.decode(shape, given_, "nodes")
    np.testing.assert_allclose(nodes.points, TURNED.mesh("half").points, atol=1e-12)
    wall = model.predict(mesh, given_, "wall", **{"symmetry": BOTH} | options)
    assert len(wall.points) == len(surrogate.decode(whole, given_, "wall").points) == whole.walls[0]
    assert shape.mesh.patches.keys() == {"back", "far", "front", "wall"}
    model.predict_many(shape, [along(TURNED, 1.0), along(TURNED, -30.0)], points)


REFUSED = {
    "an unknown patch": (lambda m: m.encode(TURNED.mesh("half"), symmetry="plane"), GeometryError,
                         "symmetry: expected patches among ['back', 'far', 'front', 'wall'], got 'plane'"),
    "a wall": (lambda m: m.encode(TURNED.mesh("half"), symmetry=BOTH, walls=["wall", "back"]), GeometryError,
               "symmetry: expected patches that are no walls, got edges of the wall 'back'"),
    "one side of the body alone": (lambda m: m.encode(TURNED.mesh("half"), symmetry=["front"]), GeometryError,
                                   "symmetry: expected all edges of the boundary in the plane of 'front' among its "),
    "no names": (lambda m: m.encode(TURNED.mesh("half"), symmetry=3), GeometryError,
                 "symmetry: expected names of patches, got 3"),
    "a Geometry": (lambda m: m.encode(Geometry.from_mesh(TURNED.mesh("whole")), symmetry=BOTH), GeometryError,
                   "symmetry: expected none of a Geometry, which is whole, got 'front'"),
    "an inflow across": (lambda m: m.predict(TURNED.mesh("half"), {"inflow": [1.0, 2.0]}, symmetry=BOTH),
                         ConditionError, "condition 'inflow': expected along the plane of symmetry, got [1.0, 2.0]"),
    "one of many": (lambda m: m.predict_many(m.encode(TURNED.mesh("half"), symmetry=BOTH),
                                             [along(TURNED), {"inflow": [3.0, 2.0]}]),
                    ConditionError,
                    "condition 'inflow' of table 2 of 2: expected along the plane of symmetry, got [3.0, 2.0]"),
}  # fmt: skip


@pytest.mark.parametrize("sin", REFUSED)
def test_both_faces_refuse_in_the_same_words(model, sin):
    call, kind, sentence = REFUSED[sin]
    with pytest.raises(kind) as refusal:
        call(model)
    assert str(refusal.value).startswith(sentence)


def test_other_doors_unfold_too(surrogate, served):
    """JSON over HTTP, and the Open Inference Protocol."""
    data, given_ = write_bytes(TURNED.mesh("half"), "vtu"), along(TURNED)
    expected = surrogate.predict(TURNED.mesh("half"), given_, symmetry=BOTH)
    inflow = {"inflow": given_["inflow"].tolist()}
    told = served.ask("predict", data, name="half.vtu", symmetry=BOTH, conditions=json.dumps(inflow))
    pressure = np.array(told.data["fields"]["pressure"], np.float32)
    np.testing.assert_allclose(pressure, expected["pressure"], atol=SPAN * np.nanmax(np.abs(pressure)))
    encoded = served.ask("encode", data, name="half.vtu", symmetry=BOTH)
    assert encoded.data["symmetry"] == list(BOTH)
    refused = served.decode(encoded.data["handle"], {"inflow": [1.0, 2.0]}, "nodes")
    assert refused.status == 400 and refused.data["name"] == "condition 'inflow'"
    with grpc.insecure_channel(served.target) as channel:
        tensors = {"mesh": data, "mesh_name": b"half.vtu", "inflow": given_["inflow"]}
        asked = request(parameters={"symmetry": "front,back"}, **tensors)
        values = arrays(oip_grpc.GRPCInferenceServiceStub(channel).ModelInfer(asked))
        assert values["pressure"].ravel().tobytes() == pressure.tobytes()


def test_the_client_for_event_loops_unfolds_too(surrogate, served):
    half, given_ = TURNED.mesh("half"), along(TURNED)

    async def ask():
        async with AsyncClient(served.target, timeout=60) as client:
            shape = await client.encode(half, symmetry=BOTH)
            return await client.decode(shape, given_, beside(TURNED)), await client.predict(half, given_, symmetry=BOTH)

    answer, nodes = asyncio.run(ask())
    assert worst(answer, surrogate.predict(TURNED.mesh("whole"), given_, beside(TURNED))) < SPAN
    assert nodes.shape.walls == answer.shape.walls and len(nodes.points) == len(half.points)


def test_options_that_differ_are_different_shapes(served):
    """A patch taken as a plane of symmetry is not the same patch taken as a wall, whatever was asked before."""
    half = TURNED.mesh("half")
    with Client(served.target, timeout=60) as client:
        unfolded = client.encode(half, symmetry=BOTH)
        with pytest.raises(GeometryError, match="^walls: "):
            client.encode(half, walls=BOTH)
        assert len({client.encode(half, symmetry=BOTH, walls=walls).handle for walls in ((), ("wall",))}) == 2
        assert client.encode(half, symmetry=BOTH).handle == unfolded.handle


def test_the_limits_are_about_the_whole(served):
    sector = Sector("quad", (), 20, 20, size=0.5)
    half, whole = (len(sector.mesh(part).points) for part in ("half", "whole"))
    assert half < NODES < whole
    sentence = f"^mesh: expected at most {NODES} nodes, got {whole}"
    with Client(served.target, timeout=60) as client, pytest.raises(QueryError, match=sentence):
        client.encode(sector.mesh("half"), symmetry=BOTH)


def test_a_server_that_knows_no_symmetry_is_told():
    """It would answer about the half as if that were all."""
    upload = Upload.of(TURNED.mesh("half"), "", (), BOTH, "m", "", 0)
    with pytest.raises(ServiceError, match="symmetry: expected a server that knows planes of symmetry, got one from"):
        RemoteShape.of(pb.EncodeResponse(lower=[0, 0], upper=[1, 1]), upload)
