"""One interface: the same script runs on a surrogate here, and on both clients of a server that has it."""

import asyncio
import copy
import csv
import json
import os
import pickle

import meshio
import numpy as np
import pytest
from conftest import CONDITIONS, SCHEMA, cell

from enf2enf import AsyncClient, Client, Geometry, Grid, Line, Slice, Surrogate, read
from enf2enf.client.answer import Answer
from enf2enf.client.requests import Question
from enf2enf.errors import ConditionError, Enf2EnfError, GeometryError, MeshError, QueryError, ServiceError
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.io import write
from enf2enf_protos import surrogate_pb2 as pb

pytestmark = pytest.mark.slow

POLAR = {"load": {"magnitude": 80.0, "angle_deg": 60.0}, "heat": 290.0}
POINTS = np.random.default_rng(0).uniform(0, 1, (300, 2))
PLACES = {
    "points": POINTS,
    "a point": [0.1, 0.2],
    "points of the plane in space": np.pad(POINTS, ((0, 0), (0, 1))),
    "no points": np.zeros((0, 2)),
    "a grid": Grid((0, 0), (1, 1), (20, 30)),
    "a line": Line((0, 0.1), (1, 0.1), 50),
    "a line in space": Line((0, 0.1, 2), (1, 0.1, 2), 50),
    "a grid in space": Grid((0, 0, 2), (1, 1, 2), (20, 30, 1)),
    "a slice": Slice("x", 0.1, 40),
    "nodes": "nodes",
    "wall": "wall",
}


class Awaited:
    """A client for event loops whose calls are waited for."""

    def __init__(self, target: str):
        self._loop = asyncio.new_event_loop()
        self._client = self._done(self._connected(target))

    async def _connected(self, target: str) -> AsyncClient:
        return AsyncClient(target, timeout=60)

    def _done(self, awaitable):
        return self._loop.run_until_complete(awaitable)

    def __getattr__(self, name: str):
        if name == "card":
            return self._done(self._client.card)
        return lambda *args, **options: self._done(getattr(self._client, name)(*args, **options))

    def close(self):
        self._done(self._client.close())
        self._loop.close()


@pytest.fixture(params=[Surrogate, Client, AsyncClient], ids=lambda kind: kind.__name__)
def model(request, surrogate, client, target):
    if request.param is AsyncClient:
        awaited = Awaited(target)
        yield awaited
        awaited.close()
    else:
        yield surrogate if request.param is Surrogate else client


@pytest.fixture(scope="session")
def expected(surrogate, mesh):
    """What the surrogate itself says at every place."""
    shape = surrogate.encode(mesh)
    return {name: surrogate.decode(shape, CONDITIONS, at) for name, at in PLACES.items()}


def assert_same(one, other):
    assert list(one.fields) == list(other.fields)
    np.testing.assert_allclose(one.points, other.points, atol=1e-12)
    for name, values in one.fields.items():
        span = np.nanmax(np.abs(values), initial=1e-30)
        np.testing.assert_allclose(values, other[name], atol=1e-5 * span)  # measured 2e-7
        assert values.flags.writeable and one.points.flags.writeable
    assert (one.outside, one.extrapolating, one.warnings) == (other.outside, other.extrapolating, other.warnings)


@pytest.mark.parametrize("place", ["nodes", "wall"])
def test_whoever_writes_into_an_answer_changes_no_other(model, mesh, expected, place):
    shape = model.encode(mesh)
    answer = model.decode(shape, CONDITIONS, place)
    answer.points[:], answer["stress"][:] = 0, 0
    assert_same(model.decode(shape, CONDITIONS, place), expected[place])


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_answered_alike(model, mesh, expected, place):
    shape, at = model.encode(mesh), PLACES[place]
    assert_same(model.decode(shape, CONDITIONS, at), expected[place])
    assert_same(model.predict(mesh, CONDITIONS, at), expected[place])
    one, *others = model.predict_many(shape, [CONDITIONS, POLAR, CONDITIONS], at)
    assert_same(one, expected[place])
    assert_same(others[1], one)
    assert_same(others[0], model.decode(shape, POLAR | {"load": [40.0, 80 * np.sin(np.pi / 3)]}, at))
    assert model.predict_many(shape, [], at) == []


def test_a_mesh_is_taken_in_every_form(model, mesh, vtu, tmp_path, expected):
    pyvista = pytest.importorskip("pyvista")
    path = tmp_path / "cell.vtu"
    write(path, mesh)
    forms = [path, str(path), mesh, meshio.read(path), pyvista.read(path), Geometry.from_mesh(mesh)]
    curves = Geometry.from_mesh(mesh).walls + (Geometry.from_mesh(mesh).outer,)
    forms += [
        [curve.tolist() for curve in curves],
        list(curves),
        [np.concatenate([curve, curve[:1]]) for curve in curves],
    ]
    for form in forms:
        assert_same(model.predict(form, CONDITIONS, POINTS), expected["points"])
    assert_same(model.predict(vtu, CONDITIONS, POINTS, name="cell.vtu"), expected["points"])
    large = cell()
    large = type(large)(large.points * 1000, large.cells)
    assert_same(model.predict(large, CONDITIONS, POINTS, length_unit="mm"), expected["points"])


def test_what_is_known_of_a_shape(model, mesh):
    shape = model.encode(mesh)
    assert (shape.walls, shape.nodes, shape.cells, shape.patches) == ((32,), 224, 192, ())
    assert (shape.wall_patches, shape.warnings, shape.extrapolating) == ((), (), ())
    np.testing.assert_allclose(shape.bounds, [[0, 0], [1, 1]], atol=1e-12)
    np.testing.assert_array_equal(shape.mesh.points, mesh.points)
    assert len(repr(shape)) < 100


def test_the_sides_of_the_walls_are_those_of_the_geometry(model, mesh):
    answer, sides = model.predict(mesh, CONDITIONS, "wall"), WallSides.of(Geometry.from_mesh(mesh))
    for name in ("midpoints", "normals", "lengths", "walls", "ends"):
        np.testing.assert_allclose(getattr(answer.sides, name), getattr(sides, name), atol=1e-12)
    assert set(answer.fields) == {q.name for q in SCHEMA.fields}  # it has none on walls alone


def test_a_model_describes_itself(model, surrogate):
    described = model.describe()
    assert described.schema == SCHEMA and described.digest == surrogate.version
    assert described.trained.keys() == {"load", "heat"} and described.reference_length == 1.0
    for card in (described.card, model.card):
        assert json.loads(json.dumps(card)) == json.loads(json.dumps(surrogate.card))
    assert "load [Pa], heat [K] -> stress [Pa], shift [m]" in str(described)


BAD = {
    "a name that is none": (lambda m, s: m.encode(b"x", name=3), MeshError, "name: expected the name of a file or for"),
    "no walls": (lambda m, s: m.encode(cell(), walls=3), GeometryError, "walls: expected names of patches, got 3"),
    "a list of units": (lambda m, s: m.encode(cell(), length_unit=["m"]), MeshError, "length unit: expected one of m,"),
    "no unit": (lambda m, s: m.encode(cell(), length_unit=""), MeshError, "length unit: expected one of m, mm"),
    "an empty file": (lambda m, s: m.encode(b"", name="a.vtu"), MeshError,
                      "a.vtu: expected VTU as its name says, got an empty file"),
    "ragged curves": (lambda m, s: m.encode([[[0, 0], [1]]]), MeshError, "mesh: expected a file, its bytes, a Mesh"),
    "a class": (lambda m, s: m.encode(np.ndarray), MeshError, "mesh: expected a file, its bytes, a Mesh"),
    "a unit": (lambda m, s: m.decode(s, CONDITIONS | {"heat": "20 K"}, POINTS), ConditionError,
               "condition 'heat': expected numbers in K, without a unit, got '20 K'"),
    "an unknown place": (lambda m, s: m.decode(s, CONDITIONS, "walls"), QueryError, "at: expected points, a Grid"),
    "points in space": (lambda m, s: m.decode(s, CONDITIONS, np.eye(3)), QueryError,
                        r"points: expected an array (points, 2), or with one z for all, got shape (3, 3)"),
    "no axis": (lambda m, s: m.decode(s, CONDITIONS, Slice("z", 0.0)), QueryError,
                "axis of the slice: expected x or y, got 'z'"),
    "a speed alone": (lambda m, s: m.decode(s, CONDITIONS | {"load": {"magnitude": 1.0}}, POINTS), ConditionError,
                      "condition 'load': expected numbers, or a table of 'magnitude' and 'angle_deg'"),
    "no shape": (lambda m, s: m.decode("cell.vtu", CONDITIONS, "nodes"), QueryError, "shape: expected what encode ret"),
    "no conditions": (lambda m, s: m.decode(s, None, "nodes"), ConditionError,
                      "conditions: expected a table of name -> value, got None"),
    "one for many": (lambda m, s: m.predict_many(s, CONDITIONS, "nodes"), ConditionError,
                     "conditions: expected a list of tables of name -> value, got {'load'"),
    "no points": (lambda m, s: m.decode(s, CONDITIONS, None), QueryError,
                  "points: expected numbers in an array (points, dim), got None"),
    "complex points": (lambda m, s: m.decode(s, CONDITIONS, [[1j, 0]]), QueryError, "points: expected numbers"),
    "ragged points": (lambda m, s: m.decode(s, CONDITIONS, [[0, 0], [1]]), QueryError, "points: expected numbers"),
    "masked points": (lambda m, s: m.decode(s, CONDITIONS, np.ma.masked_less(POINTS, 0.5)), QueryError,
                      "points: expected numbers in an array (points, dim), got masked_array("),
    "a masked number": (lambda m, s: m.decode(s, CONDITIONS | {"heat": np.ma.masked}, POINTS), ConditionError,
                        "condition 'heat': expected numbers, got masked"),
    "a table of numbers": (lambda m, s: m.decode(s, CONDITIONS | {"load": [[30, 90]]}, POINTS), ConditionError,
                           "condition 'load': expected a number, or a row of them, got an array of shape (1, 2)"),
    "names that are none": (lambda m, s: m.decode(s, CONDITIONS | {3: 1, "z": 1}, POINTS), ConditionError,
                            "conditions: expected names of one line of text, got 3"),
    "a name that is no text": (lambda m, s: m.decode(s, CONDITIONS | {"\udce9": 1}, POINTS), ConditionError,
                               "conditions: expected names of one line of text, got '\\udce9'"),
    "many of no shape": (lambda m, s: m.predict_many("x", [], "nodes"), QueryError, "shape: expected what encode ret"),
    "no file": (lambda m, s: m.encode("no/where.vtu"), MeshError, "no/where.vtu: expected a mesh file, got No such"),
    "a device": (lambda m, s: m.encode(os.devnull), MeshError, "/dev/null: expected a mesh file, got not a regular"),
    "no mesh": (lambda m, s: m.encode({"a": 1}), MeshError, "mesh: expected a file, its bytes, a Mesh"),
    "a curve of two": (lambda m, s: m.encode(np.eye(2)), MeshError, "curve 0: expected at least three points"),
}  # fmt: skip


@pytest.mark.parametrize("sin", BAD)
def test_what_is_refused_is_refused_in_the_same_words(model, mesh, sin):
    call, kind, sentence = BAD[sin]
    with pytest.raises(kind) as refusal:
        call(model, model.encode(mesh))
    assert str(refusal.value).startswith(sentence), refusal.value
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("place", ["points", "a grid", "nodes", "wall"])
def test_an_answer_is_saved_and_comes_as_plain_data(model, mesh, expected, place, tmp_path):
    answer = model.predict(mesh, CONDITIONS, PLACES[place])
    plain = json.loads(json.dumps(answer.to_dict()))
    assert ("sides" in plain) == (place == "wall") and plain["outside"] == answer.outside
    for name, values in answer.fields.items():
        listed = np.array(plain["fields"][name], np.float32)
        np.testing.assert_array_equal(listed, values)
    answer.save(tmp_path / "answer.csv")
    rows = list(csv.reader((tmp_path / "answer.csv").open()))
    assert rows[0][:2] == ["x", "y"] and rows[0][-3:] == ["stress", "shift_x", "shift_y"]
    np.testing.assert_array_equal(np.array(rows[1:], np.float64)[:, -3], answer["stress"])
    answer.save(tmp_path / "answer.vtu")
    stored = meshio.read(tmp_path / "answer.vtu")
    data = stored.cell_data["stress"][0] if place == "wall" else stored.point_data["stress"]
    np.testing.assert_array_equal(np.asarray(data, np.float32), answer["stress"])
    if place == "nodes":
        assert read(tmp_path / "answer.vtu").cell_count == mesh.cell_count
    else:
        with pytest.raises(Enf2EnfError, match=r"^answer.stl: expected a name that ends in .vtu or .csv, got .stl"):
            answer.save(tmp_path / "answer.stl")


@pytest.mark.parametrize("place", PLACES)
def test_an_answer_is_copied_drawn_and_saved_whatever_the_place(model, mesh, place, tmp_path):
    answer = model.predict(mesh, CONDITIONS, PLACES[place])
    again = pickle.loads(pickle.dumps(answer))
    for name, values in answer.fields.items():
        np.testing.assert_array_equal(copy.deepcopy(again)[name], values)
    assert_same(model.decode(again.shape, CONDITIONS, PLACES[place]), answer)
    assert answer.to_pyvista().n_points == (2 if place == "wall" else 1) * len(answer.points)
    answer.save(tmp_path / "answer.csv")
    assert len((tmp_path / "answer.csv").read_text().splitlines()) == 1 + len(answer.points)
    assert answer != again and len({answer, again}) == 2
    for bad in (tmp_path / ("x" * 300 + ".csv"), tmp_path / "answer.csv" / "x.csv"):
        with pytest.raises(MeshError, match="expected a place to write to"):
            answer.save(bad)


@pytest.mark.parametrize("form", ["file", "bytes", "mesh"])
def test_an_answer_goes_into_the_file_that_was_asked_about(model, mesh, form, tmp_path):
    """With all that is in it, and in its unit."""
    path, kinds = tmp_path / "cell.vtu", np.array_split(mesh.cells[0].nodes, 2)
    blocks = [("quad", kinds[0]), ("line", kinds[0][:2, :2]), ("quad", kinds[1])]
    made = meshio.Mesh(np.pad(1e3 * mesh.points, ((0, 0), (0, 1))), blocks)
    made.cell_data["zone"] = [np.arange(float(len(nodes))) for _, nodes in blocks]
    meshio.vtu.write(path, made)
    time = (
        b'<UnstructuredGrid><FieldData><DataArray type="Float64" Name="time" format="ascii">2.5</DataArray></FieldData>'
    )
    path.write_bytes(path.read_bytes().replace(b"<UnstructuredGrid>", time))
    given = {"file": path, "bytes": path.read_bytes(), "mesh": read(path)}[form]
    answer = model.predict(given, CONDITIONS, name="cell.vtu" * (form == "bytes"), length_unit="mm")
    assert answer.save(tmp_path / "answer.vtu") == ()
    stored = meshio.read(tmp_path / "answer.vtu")
    assert [block.type for block in stored.cells] == ["quad", "line", "quad"] and stored.field_data["time"] == [2.5]
    np.testing.assert_array_equal(stored.points, made.points)
    np.testing.assert_array_equal(np.concatenate(stored.cell_data["zone"]), np.concatenate(made.cell_data["zone"]))
    np.testing.assert_array_equal(stored.point_data["stress"].astype(np.float32), answer["stress"])


def test_a_geometry_is_in_metres_whatever_the_unit(model, mesh, expected):
    geometry = Geometry.from_mesh(mesh)
    assert_same(model.predict(geometry, CONDITIONS, POINTS, length_unit="mm"), expected["points"])


def test_sides_of_walls_are_drawn_as_lines(model, mesh):
    pytest.importorskip("pyvista")
    answer = model.predict(mesh, CONDITIONS, "wall")
    drawn = answer.to_pyvista()
    assert drawn.n_cells == len(answer.points)
    np.testing.assert_array_equal(np.asarray(drawn.cell_data["stress"], np.float32), answer["stress"])
    np.testing.assert_allclose(drawn.cell_centers().points[:, :2], answer.points, atol=1e-6)


def test_a_server_that_knows_no_further_conditions_is_told(client, mesh):
    shape = client.encode(mesh)
    answer = Answer(Question.of([CONDITIONS, POLAR], [[0.1, 0.2]], shape.bounds), shape.upload, None, "id", shape)
    values = pb.FieldValues(name="stress", values=bytes(4), components=1)
    answer.receive(pb.DecodeResponse(chunk=pb.FieldChunk(count=1, fields=[values])))
    answer.receive(pb.DecodeResponse(summary=pb.Summary(points=1)))
    with pytest.raises(ServiceError, match="got one answer for 2 sets of conditions, as of servers before 0.2"):
        answer.predictions()
