"""What serves can answer: a version that could not describe itself, encode or sample never takes over."""

import copy
import json
import zipfile

import equinox as eqx
import grpc
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import CONDITIONS, served
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from enf2enf import checkpoint
from enf2enf.client import Client
from enf2enf.errors import CheckpointError, Enf2EnfError
from enf2enf.surrogate import Surrogate
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.models import Model
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.wire.trial import trial

INSIDE = np.array([[0.1, 0.1], [0.9, 0.5]])
ODD = (None, True, "x", "1e300", [], {}, [1.0], -1, 0, 1, 1e30, 1e39, 1e300, 10**400, float("nan"), float("-inf"))


@pytest.fixture(scope="module")
def folder(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    (path / "m").mkdir()
    checkpoint.save(path / "m/1.enf", surrogate)
    return path


@pytest.fixture(scope="module")
def client(folder):
    with served(folder, ServerConfig()) as address, Client(address, timeout=60) as connected:
        yield connected


def leaves(plain, path=()):
    """The paths of all values of plain data, tables and lists among them."""
    yield path
    for key in plain if isinstance(plain, dict) else range(len(plain)) if isinstance(plain, list) else ():
        yield from leaves(plain[key], (*path, key))


def changed(manifest, path, value):
    other = copy.deepcopy(manifest)
    place = other
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return other


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 999), value=st.sampled_from(ODD))
@example(where=("provenance", "metrics"), value="x")
@example(where=("provenance", "licence"), value="\ud800")
@example(where=("provenance", "condition_low"), value=3)
@example(where=("normaliser", "field_mean", 0), value=1e300)
def test_whatever_a_manifest_says_it_is_refused_or_answers(where, value, folder, client, mesh):
    with zipfile.ZipFile(folder / "m/1.enf") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        arrays = {name: archive.read(name) for name in archive.namelist() if name.startswith("arrays")}
    told = [("provenance", *path) for path in leaves(manifest["provenance"])]
    numbers = [("normaliser", *path) for path in leaves(manifest["normaliser"]) if path[:1] not in ((), ("schema",))]
    paths = [*told, *numbers]
    other = changed(manifest, where if isinstance(where, tuple) else paths[where % len(paths)], value)
    with zipfile.ZipFile(folder / "m/2.enf", "w") as archive:
        archive.writestr("manifest.json", json.dumps(other))
        for name, content in arrays.items():
            archive.writestr(name, content)
    try:
        client._stubs.repository.LoadModel(pb.LoadModelRequest(model="m", version=2), timeout=60)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error.details()
    described, shape = client.describe(), client.encode(mesh)
    answer = client.decode(shape, CONDITIONS, INSIDE)
    assert described.version == shape.version and np.isfinite(answer["stress"]).all()


def other(surrogate, model=None, **provenance):
    return Model("m", 1, Surrogate(model or surrogate.model, surrogate.config, surrogate.normaliser, provenance))


@pytest.mark.parametrize("text", ["preset", "licence"])
def test_texts_that_cannot_travel_are_found_out(text, surrogate):
    with pytest.raises(ValueError, match="surrogates not allowed|invalid"):
        trial(other(surrogate, **{text: "\ud800"}), ServerConfig())


def test_a_description_that_is_too_long_is_refused(surrogate):
    with pytest.raises(CheckpointError, match="description: expected a message of at most 4194304 bytes, got 5"):
        trial(other(surrogate, note="x" * (5 << 20)), ServerConfig())


def test_weights_with_which_no_field_is_finite_are_refused(surrogate):
    model = eqx.tree_at(lambda m: m.decoder.offset, surrogate.model, jnp.full(3, 1e38, jnp.float32))
    with pytest.raises(Enf2EnfError, match="expected numbers with which float32 holds the fields, got "):
        trial(other(surrogate, model), ServerConfig())
    trial(other(surrogate), ServerConfig())
