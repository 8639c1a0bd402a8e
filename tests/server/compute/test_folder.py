"""Whatever lies in the folder of models, or hangs there: it is refused and listed, and everything else goes on."""

import asyncio
import contextlib
import os
import threading

import pytest
from held import Held
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pools import until

from enf2enf import checkpoint
from enf2enf.errors import CheckpointError
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.models import Models
from enf2enf_server.ops.errors import GoneError, ModelError, StartingError, StoppingError
from enf2enf_server.wire.admin import RepositoryService

LARGEST = (1 << 63) - 1
PLAIN = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def good(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "good.enf"
    checkpoint.save(path, surrogate)
    return path


def listed(repository):
    """What travels: the very bytes of ListModels, read again."""
    reply = asyncio.run(RepositoryService(Models(), repository).ListModels(pb.ListModelsRequest(), None))
    return {(v.model, v.version): v for v in pb.ListModelsResponse.FromString(reply.SerializeToString()).versions}


STEMS = st.one_of(
    st.integers(-10, 10**40).map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20),
    st.text("0123456789٠١٢३", min_size=1, max_size=30),
)


@PLAIN
@given(stem=STEMS)
@example(stem="99999999999999999999")
@example(stem=str(LARGEST))
@example(stem=str(LARGEST + 1))
@example(stem="0")
@example(stem="007")
@example(stem="١")
def test_any_file_name_is_a_version_that_travels_or_is_refused_or_ignored(stem, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "m").mkdir()
    (folder / "m" / f"{stem}.enf").write_bytes(b"nothing")
    held = Held(folder)
    held.look()
    versions = listed(held.repository)
    assert all(v.state == pb.ModelVersion.STATE_BROKEN and v.reason for v in versions.values())
    if stem.isdecimal():
        plain = stem == str(int(stem)) and 0 < int(stem) <= LARGEST
        assert versions.keys() == {("m", int(stem) if plain else 0)}
        if not plain:
            assert f"m/{stem}.enf: expected a version from 1 to {LARGEST} in plain digits" in versions["m", 0].reason
    else:
        assert not versions


@pytest.mark.parametrize("name", [b"caf\xe9.enf", b"caf\xe9/1.enf", b"a\nb.enf", b"\xff/3.enf"])
def test_names_that_could_not_travel_are_refused_and_listed(name, tmp_path, good):
    path = os.path.join(os.fsencode(tmp_path), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.link(good, path)
    held = Held(tmp_path)
    held.put(good, "m.enf")
    held.look()
    versions = listed(held.repository)
    assert held.serving == [("m", 1)] and len(versions) == 2
    (other,) = versions.keys() - {("m", 1)}
    assert other[1] == 0 and "expected a name of printable characters" in versions[other].reason
    os.unlink(path)
    held.look()
    assert listed(held.repository).keys() <= {("m", 1), other}


def fifo(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path.name)


def device(path):
    path.symlink_to("/dev/zero")


def folder(path):
    path.mkdir()


@pytest.mark.parametrize("make", [fifo, loop, device, folder])
@pytest.mark.parametrize("name", ["m/2.enf", "z.enf"])
def test_what_is_no_file_is_refused_at_once_without_its_path(make, name, tmp_path, good):
    held = Held(tmp_path)
    held.put(good, "m/1.enf")
    held.repository.open()
    make(tmp_path / name)
    held.look()
    assert held.serving == [("m", 1)]
    key = ("m", 2) if name == "m/2.enf" else ("z", 1)
    assert held.states[key] == "broken"
    assert f"{name[-5:]}: expected a checkpoint, got" in held.reason(*key)
    assert str(tmp_path) not in held.reason(*key)
    with pytest.raises(CheckpointError) as caught:
        held.repository.load(*key)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.slow
def test_a_version_that_takes_too_long_is_listed_and_left_behind(tmp_path, good):
    held = Held(tmp_path, seconds=1.5)
    held.put(good, "m/1.enf")
    held.repository.open()
    held.held = {("m", 2)}
    held.put(good, "m/2.enf")
    held.put(good, "n.enf")
    held.look()
    assert held.serving == [("m", 1), ("n", 1)]
    sentence = "2.enf: expected a checkpoint that is read and tried within 1.5 s, got one that takes longer"
    assert held.reason("m", 2) == sentence
    with pytest.raises(CheckpointError, match=sentence):  # at once: it is the same errand
        held.repository.load("m", 2)
    held.go_on.set()
    held.look()
    assert held.serving == [("m", 1), ("n", 1)]  # it came too late, until somebody asks again
    held.held.clear()
    until(lambda: loads(held, "m", 2))
    assert ("m", 2) in held.serving


def loads(held, *key):
    with contextlib.suppress(CheckpointError):
        return held.repository.load(*key)


def test_while_a_version_is_loaded_all_else_goes_on(tmp_path, good):
    held = Held(tmp_path)
    for name in ("m/1.enf", "n/1.enf", "n/2.enf"):
        held.put(good, name)
    held.repository.open()
    with held.loading(good, "m", 2):
        assert held.states["m", 2] == "loading"
        assert held.repository.load("n", 1) == 1 and held.repository.unload("n", 2) == [2]
        with pytest.raises(GoneError):
            held.repository.load("m", 2, gone)  # its client has left; the look goes on
        assert held.repository.unload("m") == [1]  # and with it what is on its way
    assert held.serving == [("n", 1)] and held.states["m", 2] == "available"


def test_what_comes_later_is_on_the_way_until_it_serves(tmp_path, good):
    held = Held(tmp_path)
    held.put(good, "m.enf")
    held.repository.open()
    others = (("new", 1, "one of m"), ("another", 0, "one of m"), ("m", 2, "one of 1 of 'm'"))
    with held.loading(good, "new", 2):
        for version in (0, 2):
            with pytest.raises(StartingError, match="model: expected one that is loaded, got new on the way; try"):
                held.models.get("new", version)
        for name, version, sentence in others:
            with pytest.raises(ModelError, match=sentence):
                held.models.get(name, version)
        assert held.models.get().name == "m"  # the only one still
    assert held.models.get("new").version == 2 and not held.models._arriving


def test_a_repository_that_is_closed_waits_no_longer(tmp_path, good):
    held = Held(tmp_path)
    held.put(good, "m.enf")
    held.held = {("m", 1)}
    caught = []

    def open_it():
        with pytest.raises(StoppingError) as error:
            held.repository.open()
        caught.append(error)

    opening = threading.Thread(target=open_it)
    opening.start()
    assert held.waiting.wait(60)
    held.repository.close()
    opening.join(60)
    held.go_on.set()
    assert caught and not held.serving


def gone():
    raise GoneError("client", "one that waits for its answer", "none")


def test_only_names_that_are_listed_are_looked_for(tmp_path, good):
    (tmp_path / "models").mkdir()
    held = Held(tmp_path / "models")
    held.put(good, "m.enf")
    held.put(good, ".hidden/1.enf")
    (tmp_path / "secret.enf").hardlink_to(good)
    held.repository.open()
    assert held.serving == [("m", 1)]
    for name in ("../secret", str(tmp_path / "secret"), ".", "..", "", "m/", "\0", "\udce9", ".hidden"):
        with pytest.raises(ModelError):
            held.repository.load(name)
