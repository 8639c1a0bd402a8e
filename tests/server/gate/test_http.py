"""JSON over HTTP: the answers, limits, tokens and sentences of gRPC."""

import json
import logging
import shutil
import subprocess

import numpy as np
import pytest
from conftest import CONDITIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from web import web

import enf2enf_meshes
from enf2enf import errors
from enf2enf.client import Client
from enf2enf.errors import Enf2EnfError
from enf2enf.grid import Grid
from enf2enf.line import Line
from enf2enf.slice import Slice
from enf2enf_server.gate.tokens import Tokens, issue
from enf2enf_server.ops.config import ServerConfig

POINTS = np.random.default_rng(0).uniform(-0.1, 1.1, (300, 2))
POLAR = {"load": {"magnitude": 80.0, "angle_deg": 60.0}, "heat": 290.0}
PLACES = {
    "points": (POINTS.tolist(), POINTS),
    "a point": ([0.1, 0.2], [0.1, 0.2]),
    "points in space": (np.pad(POINTS, ((0, 0), (0, 1))).tolist(), POINTS),
    "a grid": ({"grid": {"lower": [0, 0], "upper": [1, 1], "resolution": [90, 100]}}, Grid((0, 0), (1, 1), (90, 100))),
    "a long line": ({"line": {"start": [0, 0.1], "end": [1, 0.1], "count": 9000}}, Line((0, 0.1), (1, 0.1), 9000)),
    "a slice": ({"slice": {"axis": "x", "value": 0.1}}, Slice("x", 0.1)),
    "nodes": ("nodes", "nodes"),
    "wall": ("wall", "wall"),
}


@pytest.fixture(scope="module")
def served(surrogate):
    limits = ServerConfig(mesh_bytes=1 << 20, message_bytes=2 << 20, http_points=20_000)
    with web(surrogate, limits, origins=["https://here"]) as running:
        yield running


@pytest.fixture(scope="module")
def client(served):
    with Client(served.target, timeout=60) as connected:
        yield connected


@pytest.fixture(scope="module")
def handle(served, vtu):
    return served.ask("encode", vtu, name="cell.vtu").data["handle"]


def assert_same(told, answer):
    """To the bit, whatever JSON made of it."""
    plain = answer.to_dict()
    assert told.keys() - {"handle"} == plain.keys()
    assert told["points"] == plain["points"] and told.get("sides") == plain.get("sides")
    assert list(told["fields"]) == list(answer.fields)
    for name, values in answer.fields.items():
        np.testing.assert_array_equal(np.array(told["fields"][name], np.float32), values)
        assert np.isnan(values).any() == ("null" in json.dumps(told["fields"][name]))
    assert all(told[key] == plain[key] for key in ("outside", "extrapolating", "warnings"))


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_answered_as_over_grpc(served, client, vtu, handle, place):
    at, same = PLACES[place]
    shape = client.encode(vtu, name="cell.vtu")
    assert shape.handle == handle
    expected = client.predict_many(shape, [CONDITIONS, POLAR], same)
    told = served.decode(handle, [CONDITIONS, POLAR], at)
    assert told.status == 200, told.data
    for one, other in zip(told.data, expected, strict=True):
        assert_same(one, other)
    assert_same(served.decode(handle, CONDITIONS, at).data, client.decode(shape, CONDITIONS, same))
    place = at if isinstance(at, str) else json.dumps(at)
    if len(place) < 10_000:
        told = served.ask("predict", vtu, name="cell.vtu", conditions=json.dumps(CONDITIONS), at=place)
        assert told.data["handle"] == handle
        assert_same(told.data, client.decode(shape, CONDITIONS, same))


def test_a_shape_and_a_model_are_told_as_over_grpc(served, client, vtu, surrogate):
    shape = client.encode(vtu, name="cell.vtu")
    told = served.ask("encode", vtu, name="cell.vtu", length_unit="m", model="tiny", version=1).data
    for name in ("handle", "nodes", "cells", "model", "version"):
        assert told[name] == getattr(shape, name)
    for name in ("patches", "wall_patches", "warnings", "extrapolating"):
        assert tuple(told[name]) == getattr(shape, name)
    assert [told["lower"], told["upper"]] == shape.bounds.tolist() and told["cached"]
    assert tuple(wall["nodes"] for wall in told["walls"]) == shape.walls
    described, told = client.describe(), served.ask("describe", model="tiny").data
    assert told["card"] == json.loads(json.dumps(described.card)) and told["limits"] == described.limits
    assert told["digest"] == surrogate.version and tuple(told["formats"]) == described.formats
    for part in ("conditions", "fields"):
        quantities = [(q["name"], q["kind"], q["unit"]) for q in told[part]]
        assert quantities == [(q.name, q.kind, q.unit) for q in getattr(described.schema, part)]
    assert told["fields"][0]["scales_with"] == {"load": 1.0}


def test_walls_are_chosen_by_their_names(served, client):
    path = enf2enf_meshes.path("unit_cell_vtu")
    told = served.ask("encode", path.read_bytes(), name=path.name, wall=["void"]).data
    assert told["wall_patches"] == ["void"] and told["handle"] == client.encode(path, walls=["void"]).handle
    told = served.ask("encode", path.read_bytes(), name=path.name, wall=["void", "left"]).data
    with pytest.raises(Enf2EnfError) as refusal:
        client.encode(path, walls=["void", "left"])
    assert told["message"] == str(refusal.value)


GRID = {"lower": [0, 0], "upper": [1, 1], "resolution": [2, 2]}
HERE = [[0.1, 0.1]]
SPACE = {"lower": [0] * 3, "upper": [1] * 3, "resolution": [2] * 3}
REFUSED = {  # conditions, the place over HTTP, and what makes it for gRPC
    "no conditions": ({}, HERE, lambda: HERE),
    "a condition too many": (CONDITIONS | {"x": 1}, HERE, lambda: HERE),
    "a unit": (CONDITIONS | {"heat": "20 K"}, HERE, lambda: HERE),
    "no number": (CONDITIONS | {"heat": None}, HERE, lambda: HERE),
    "half a vector": (CONDITIONS | {"load": [1]}, HERE, lambda: HERE),
    "a speed alone": (CONDITIONS | {"load": {"magnitude": 1}}, HERE, lambda: HERE),
    "an unknown place": (CONDITIONS, "walls", lambda: "walls"),
    "points in space": (CONDITIONS, np.eye(3).tolist(), lambda: np.eye(3)),
    "ragged points": (CONDITIONS, [[1], [1, 2]], lambda: [[1], [1, 2]]),
    "an upside-down grid": (CONDITIONS, {"grid": GRID | {"upper": [-1, 1]}}, lambda: Grid((0, 0), (-1, 1), (2, 2))),
    "a grid in space": (CONDITIONS, {"grid": SPACE}, lambda: Grid(**SPACE)),
    "no line": (CONDITIONS, {"line": {"start": [0], "end": [1]}}, lambda: Line([0], [1])),
    "no axis": (CONDITIONS, {"slice": {"axis": "z", "value": 0}}, lambda: Slice("z", 0)),
}


@pytest.mark.parametrize("sin", REFUSED)
def test_what_is_refused_is_refused_in_the_words_of_grpc(served, client, vtu, handle, sin):
    conditions, at, same = REFUSED[sin]
    told = served.decode(handle, conditions, at)
    with pytest.raises(Enf2EnfError) as refusal:
        client.decode(client.encode(vtu, name="vtu"), conditions, same())
    assert told.status == 400 and told.data["message"] == str(refusal.value)
    assert told.data["message"] == "{name}: expected {expected}, got {got}".format(**told.data)
    assert isinstance(refusal.value, getattr(errors, told.data["error"]))


def test_a_handle_that_is_not_held_is_refused(served):
    told = served.decode("ab" * 32, CONDITIONS, HERE)
    assert told.status == 404 and told.data["name"] == "handle"
    assert told.data["expected"] == "one that Encode returned and that is still held"


@pytest.mark.parametrize(
    ("method", "parameters", "sentence"),
    [
        ("encode", {}, "name: expected the file name or format of these bytes, got none"),
        ("encode", {"name": "cell.vtk"}, "cell.vtk: expected "),
        ("encode", {"name": "vtu", "walls": "void"}, "parameter 'walls': expected one of name, wall, symmetry, len"),
        ("encode", {"name": ["vtu", "stl"]}, "parameter 'name': expected one value, got two"),
        ("encode", {"name": "vtu", "version": "new"}, "version: expected a whole number, or none for the newest, got"),
        ("encode", {"name": "vtu", "model": "other"}, "model: expected one "),
        ("encode", {"name": "vtu", "wall": "void"}, "wall"),
        ("encode", {"name": "vtu", "length_unit": "mm"}, "geometry: expected an extent of 0.5 to 2 m"),
        (
            "predict",
            {"name": "vtu", "at": "walls"},
            "at: expected points, 'nodes', 'wall', or a table of one of grid, line",
        ),
        ("predict", {"name": "vtu", "at": "[["}, "at: expected JSON, got unexpected end of data"),
        ("decode", {"handle": "ab"}, "parameter 'handle': expected none, got one that is unknown"),
    ],
)
def test_malformed_addresses_are_refused(served, vtu, method, parameters, sentence):
    told = served.ask(method, vtu, **parameters)
    assert told.status in (400, 404) and told.data["message"].startswith(sentence), told.data


def test_addresses_that_are_none_are_told_those_that_are(served):
    for method, body in (("sample", b"{}"), ("describe/", None), ("describe", b""), ("decode", None)):
        told = served.ask(method, body)
        assert told.status == (405 if method in ("describe", "decode") else 404)
        assert told.data["expected"].startswith("one of GET /v1/describe, POST /v1/encode")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(CONDITIONS) + ["x"]), inner),
    max_leaves=8,
)
AT = (
    JSON
    | st.fixed_dictionaries({"grid": st.fixed_dictionaries(dict.fromkeys(GRID, JSON))})
    | st.sampled_from(
        [
            {"slice": {"axis": "x", "value": 0.5, "count": 10**8}},
            {"line": {"start": [0, 0], "end": [1, 1], "count": 10**9}},
        ]
    )
)


@settings(max_examples=60, deadline=None)
@given(st.just(CONDITIONS) | JSON, AT)
def test_whatever_is_asked_is_answered_or_refused(served, handle, conditions, at):
    told = served.decode(handle, conditions, at)
    assert told.status in (200, 400, 413), told.data
    assert told.status == 200 or told.data["message"].startswith(told.data["name"])


def test_an_answer_that_is_too_large_is_refused(served, handle):
    line, grid = {"start": [0, 0], "end": [1, 1], "count": 20_001}, GRID | {"resolution": [10**6, 10**6]}
    many = {
        20_160: ("nodes", [CONDITIONS] * 90),
        20_032: ("wall", [CONDITIONS] * 626),
        20_001: ({"line": line}, CONDITIONS),
        10**9: ({"slice": {"axis": "x", "value": 0, "count": 10**9}}, CONDITIONS),
        10**12: ({"grid": grid}, CONDITIONS),
        2 * 10**11: ({"grid": grid | {"resolution": [10**11, 2]}}, CONDITIONS),
    }
    for count, (at, conditions) in many.items():
        told = served.decode(handle, conditions, at)
        sentence = f"query: expected at most 20000 points over HTTP, got {count} points"
        assert told.status == 413 and told.data["message"] == sentence


@pytest.mark.slow
def test_tokens_are_those_of_grpc(surrogate, vtu, tmp_path):
    issued = {name: issue(name, **limits) for name, limits in {"a": {}, "b": {}, "c": {"per_second": 1e-3}}.items()}
    (tmp_path / "tokens.toml").write_text("\n".join(table for _, table in issued.values()))
    with web(surrogate, ServerConfig(), tokens=Tokens.read(tmp_path / "tokens.toml")) as served:
        bearer = {name: {"Authorization": f"Bearer {secret}"} for name, (secret, _) in issued.items()}
        for token in (None, "enf_wrong"):
            told = served.ask("encode", vtu, {"Authorization": f"Bearer {token}"} if token else {}, name="vtu")
            assert told.status == 401 and told.headers["WWW-Authenticate"] == "Bearer"
            with pytest.raises(Enf2EnfError) as refusal, Client(served.target, token=token) as client:
                client.describe()
            assert str(refusal.value).startswith(told.data["message"])
        handle = served.ask("encode", vtu, bearer["a"], name="vtu").data["handle"]
        assert served.decode(handle, CONDITIONS, "wall", bearer["a"]).status == 200
        assert served.decode(handle, CONDITIONS, "wall", bearer["b"]).status == 404  # only its owner's
        assert served.ask("describe", headers=bearer["c"]).status == 200
        told = served.ask("describe", headers=bearer["c"])
        assert told.status == 429 and int(told.headers["Retry-After"]) > 0
        assert told.data["message"] == "token 'c': expected at most 0.001 requests a second, got one more; try again"


def test_a_request_has_its_line_in_the_log_and_keeps_its_id(served, caplog):
    caplog.set_level(logging.INFO, "enf2enf_server.access")
    told = served.ask("describe", headers={"X-Request-Id": "mine-1"})
    refused = served.ask("describe", headers={"X-Request-Id": "mine-2"}, model="other")
    assert [told.headers["X-Request-Id"], refused.headers["X-Request-Id"]] == ["mine-1", "mine-2"]
    lines = [(r.request_id, r.method, r.code, r.transport) for r in caplog.records if hasattr(r, "transport")]
    assert lines == [("mine-1", "Describe", "OK", "http"), ("mine-2", "Describe", "NOT_FOUND", "http")]


def test_scripts_of_pages_that_were_named_may_read_answers(served):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for origin, allowed in (("https://here", "https://here"), ("https://there", None)):
        answer = served.ask("describe", headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
        fields = [f"{name}: {value}" for name, value in ({"Origin": origin} | asked).items()]
        preflight = served.raw("OPTIONS /v1/decode HTTP/1.1", *fields)
        assert preflight.headers["Access-Control-Allow-Origin"] == allowed
        assert preflight.status == (200 if allowed else 400)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl(served, client, vtu, tmp_path):
    (tmp_path / "cell.vtu").write_bytes(vtu)
    where = f"http://127.0.0.1:{served.port}/v1/predict?name=cell.vtu&at=wall"
    command = ["curl", "-sSg", "--data-binary", "@cell.vtu", where + '&conditions={"load":[30,90],"heat":300}']
    told = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout)
    assert_same(told, client.predict(vtu, CONDITIONS, "wall", name="vtu"))
