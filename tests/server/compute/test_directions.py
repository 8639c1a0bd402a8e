"""Frames that follow a condition, behind a server: one upload, any direction, the answers of the library."""

from concurrent.futures import ThreadPoolExecutor

import flows
import numpy as np
import pytest
from conftest import served
from flows import GIVEN

from enf2enf import checkpoint
from enf2enf.client import Client
from enf2enf.errors import ConditionError
from enf2enf.forces import forces
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.inference.encoding import MOST_DIRECTIONS
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

TOLERANCE = 1e-5  # of the span: small questions are computed together


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "flows.enf"
    checkpoint.save(path, flows.surrogate())
    return path


@pytest.fixture(scope="module")
def client(stored):
    with served(stored, ServerConfig(parsers=1)) as address, Client(address, timeout=120) as connected:
        yield connected


@pytest.fixture(scope="module")
def mesh():
    return flows.mesh_of([*flows.bodies(np.random.default_rng(0), 2), *flows.far("cropped")])


@pytest.fixture(scope="module")
def here(stored, mesh):
    surrogate = checkpoint.load(stored)
    assert surrogate.version == flows.surrogate().version
    return surrogate, surrogate.encode(mesh)


def blown(angle, speed=5.0):
    return GIVEN | {"inflow": [speed * np.cos(angle), speed * np.sin(angle)]}


def same(answer, expected):
    for name, values in expected.field.values.items():
        span = np.nanmax(np.ptp(values[np.isfinite(values).reshape(len(values), -1).all(axis=1)], axis=0))
        np.testing.assert_allclose(answer[name], values, rtol=0, atol=TOLERANCE * span, equal_nan=True)
    assert answer.outside == expected.outside


@pytest.mark.parametrize("count", [7, 300, 9000])
def test_two_directions_of_one_upload(client, here, mesh, count):
    """Few points, more, and a stream of chunks; some outside."""
    shape, points = client.encode(mesh), np.random.default_rng(count).uniform(-2.6, 2.6, (count, 2))
    surrogate, encoding = here
    answers = [client.decode(shape, blown(angle), points) for angle in (0.3, -1.2, 0.3)]
    for answer, angle in zip(answers, (0.3, -1.2, 0.3), strict=True):
        same(answer, surrogate.decode(encoding, blown(angle), points))
    assert not np.allclose(answers[0]["velocity"], answers[1]["velocity"], equal_nan=True)


def test_predict_uploads_and_asks_at_once(client, here, mesh):
    surrogate, encoding = here
    points = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    same(client.predict(mesh, blown(2.0), points), surrogate.decode(encoding, blown(2.0), points))


def test_fields_of_walls_are_asked_on_walls_and_nowhere_else(client, here, mesh):
    surrogate, encoding = here
    shape, points = client.encode(mesh), np.random.default_rng(0).uniform(-2, 2, (50, 2))
    walled, open_ = ({field.name for field in flows.FIELDS if field.on == on} for on in ("wall", "domain"))
    for at, names in (("wall", walled), (points, open_), ("nodes", open_)):
        one, other = surrogate.decode(encoding, GIVEN, at), client.decode(shape, GIVEN, at)
        assert set(one.fields) == set(other.fields) == names
        same(other, one)
    on_wall = client.decode(shape, GIVEN, "wall")
    sides = WallSides.of(encoding.geometry)
    exact = surrogate.evaluator(encoding, GIVEN).on_wall(sides.midpoints)
    columns = surrogate.schema.field_columns.split(exact)
    np.testing.assert_allclose(on_wall["pressure"], columns["pressure"], atol=TOLERANCE * np.ptp(columns["pressure"]))
    one, other = (forces(given, on_wall["pressure"]) for given in (sides, on_wall.sides))
    np.testing.assert_allclose(one.force, other.force, rtol=1e-12)


def test_a_polar_is_one_call(client, here, mesh):
    """One stream, in the order of the conditions, whatever had to be seen anew."""
    surrogate, encoding = here
    shape, points = client.encode(mesh), np.random.default_rng(1).uniform(-2.6, 2.6, (5000, 2))
    polar = [GIVEN | {"inflow": {"magnitude": 5.0, "angle_deg": angle}} for angle in (10.0, -70.0, 200.0, 10.0)]
    told = []
    for at in (points, "wall"):
        answers = client.predict_many(shape, polar, at, progress=lambda there, all_: told.append((there, all_)))
        for answer, expected in zip(answers, surrogate.predict_many(encoding, polar, at), strict=True):
            same(answer, expected)
            assert answer.extrapolating == expected.extrapolating
        assert told[-1] == (4 * len(answers[0].points),) * 2
    assert len({answer.request_id for answer in answers}) == 1


@pytest.mark.parametrize("bad", [(0.0, 0.0), "none", "5 m/s"])
def test_of_a_polar_it_is_said_which_conditions_are_bad(client, here, mesh, bad):
    surrogate, encoding = here
    polar, told = [GIVEN, GIVEN, GIVEN | {"inflow": bad}], []
    for ask in (
        lambda: surrogate.predict_many(encoding, polar, progress=lambda *numbers: told.append(numbers)),
        lambda: client.predict_many(client.encode(mesh), polar),
    ):
        with pytest.raises(ConditionError, match="^condition 'inflow' of table 3 of 3: expected .*, got "):
            ask()
    assert not told


def test_a_polar_has_more_directions_than_are_kept(client, here, mesh):
    """Asked side by side, then backwards: what was dropped comes again."""
    surrogate, encoding = here
    shape, points = client.encode(mesh), np.random.default_rng(1).uniform(-1.4, 1.6, (40, 2))
    angles = np.linspace(-3, 3, MOST_DIRECTIONS + 4)
    with ThreadPoolExecutor(8) as threads:
        first = list(threads.map(lambda angle: client.decode(shape, blown(angle), points), angles))
    again = [client.decode(shape, blown(angle), points) for angle in angles[::-1]][::-1]
    for angle, one, other in zip(angles, first, again, strict=True):
        expected = surrogate.decode(encoding, blown(angle), points)
        same(one, expected)
        same(other, expected)
    assert len(encoding._held) == MOST_DIRECTIONS
    assert len({answer["velocity"].tobytes() for answer in first}) == len(angles)


def test_conditions_are_watched_in_the_frame_and_refused_by_name(client, mesh):
    shape, points = client.encode(mesh), np.zeros((1, 2))
    assert "inflow" not in client.decode(shape, blown(3.0), points).extrapolating
    assert "inflow" in client.decode(shape, blown(3.0, 20.0), points).extrapolating
    with pytest.raises(ConditionError, match="condition 'inflow': expected a finite magnitude above 0"):
        client.decode(shape, blown(0.0, 0.0), points)
