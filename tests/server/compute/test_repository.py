"""A folder of checkpoints: what is new is taken up, what is broken is refused, nothing in progress notices."""

import contextlib
import shutil
import threading
import time

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, served
from grpc_health.v1 import health_pb2, health_pb2_grpc

from enf2enf import checkpoint
from enf2enf.client import Client
from enf2enf.errors import CheckpointError
from enf2enf.surrogate import Surrogate
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.models import Models
from enf2enf_server.compute.repository import Repository
from enf2enf_server.gate.app import SERVICE
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import ModelError, StoppingError

STATE = pb.ModelVersion


@pytest.fixture(scope="module")
def files(surrogate, tmp_path_factory):
    """Checkpoints of two surrogates that answer differently, and one that is broken."""
    folder = tmp_path_factory.mktemp("files")
    other = Surrogate.untrained(surrogate.config, surrogate.normaliser, seed=2)
    checkpoint.save(folder / "a.enf", surrogate)
    checkpoint.save(folder / "b.enf", other)
    (folder / "broken.enf").write_bytes((folder / "a.enf").read_bytes()[:-1000])
    return folder


class Watched:
    """A repository of a folder that a test fills."""

    def __init__(self, folder, files):
        self.folder, self.files, self.models, self.changes = folder, files, Models(), 0
        self.repository = Repository(folder, self.models, lambda model: None, self.changed, 60)

    def changed(self):
        self.changes += 1

    def put(self, which, name):
        """As a careful operator does: complete at once."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        shutil.copyfile(self.files / f"{which}.enf", partial)
        partial.replace(path)

    def look(self):
        self.repository.look()
        self.repository.look()  # a file counts when it has been as it is for a look

    @property
    def states(self):
        return {key: version.state for key, version in self.repository.versions().items()}

    @property
    def serving(self):
        return [(model.name, model.version) for model in self.models.loaded()]


@pytest.fixture
def watched(files, tmp_path):
    return Watched(tmp_path, files)


def test_the_newest_version_of_every_name_serves(watched):
    watched.put("a", "one.enf")
    watched.put("a", "two/3.enf")
    watched.put("b", "two/20.enf")
    watched.put("b", "two/notes.enf")  # no version
    watched.repository.open()
    assert watched.serving == [("one", 1), ("two", 20)]
    assert watched.states == {("one", 1): "serving", ("two", 3): "available", ("two", 20): "serving"}
    assert watched.models.get("two").version == 20 and watched.models.get("one").name == "one"
    with pytest.raises(ModelError, match="model: expected one of one, two, got ''"):
        watched.models.get()
    with pytest.raises(ModelError, match="version: expected one of 20 of 'two', or 0, got 3"):
        watched.models.get("two", 3)


def test_a_new_version_replaces_the_old_one_and_a_broken_one_does_not(watched):
    watched.put("a", "m/1.enf")
    watched.repository.open()
    first = watched.models.get()
    watched.put("broken", "m/2.enf")
    watched.look()
    assert watched.models.get() is first and watched.states[("m", 2)] == "broken"
    assert watched.repository.versions()["m", 2].reason.startswith("2.enf: expected ")
    watched.put("b", "m/3.enf")
    watched.repository.look()
    assert watched.models.get() is first  # it may still be being written
    watched.repository.look()
    assert watched.serving == [("m", 3)] and watched.models.get().surrogate.version != first.surrogate.version
    assert watched.states == {("m", 1): "available", ("m", 2): "broken", ("m", 3): "serving"}


def test_a_file_that_was_written_again_is_loaded_again(watched):
    watched.put("a", "m.enf")
    watched.repository.open()
    before = watched.models.get().surrogate.version
    watched.put("broken", "m.enf")
    watched.look()
    assert watched.models.get().surrogate.version == before
    watched.put("b", "m.enf")
    watched.look()
    assert watched.models.get().surrogate.version != before


def test_what_is_gone_no_longer_serves_and_an_older_version_takes_over(watched):
    watched.put("a", "m/1.enf")
    watched.put("b", "m/2.enf")
    watched.repository.open()
    (watched.folder / "m/2.enf").unlink()
    watched.look()
    assert watched.serving == [("m", 1)]
    (watched.folder / "m/1.enf").unlink()
    watched.look()
    assert watched.serving == []
    with pytest.raises(StoppingError):
        watched.models.get()


def test_what_serves_goes_on_while_the_folder_is_away(watched):
    watched.put("a", "m/1.enf")
    watched.repository.open()
    model, away = watched.models.get(), watched.folder.with_name("away")
    watched.folder.rename(away)
    watched.look()
    assert watched.models.get() is model and watched.states == {("m", 1): "serving"}
    away.rename(watched.folder)
    watched.put("b", "m/2.enf")
    watched.look()
    assert watched.serving == [("m", 2)]


def test_what_serves_goes_on_while_its_only_checkpoint_is_replaced(files, tmp_path):
    path, models = tmp_path / "m.enf", Models()
    shutil.copyfile(files / "a.enf", path)
    repository = Repository(path, models, lambda model: None, lambda: None, 60)
    repository.open()
    model = models.get()
    path.unlink()
    repository.look()
    assert models.get() is model
    shutil.copyfile(files / "b.enf", path)
    repository.look()
    repository.look()
    assert models.get().surrogate.version != model.surrogate.version


def test_loading_and_unloading_by_name(watched):
    watched.put("a", "m/1.enf")
    watched.put("b", "m/2.enf")
    watched.repository.open()
    assert watched.repository.load("m", 1) == 1
    assert watched.serving == [("m", 1), ("m", 2)] and watched.models.get("m", 1).version == 1
    watched.put("a", "m/3.enf")
    watched.look()
    assert watched.serving == [("m", 1), ("m", 3)]  # 1 was asked for by name
    assert watched.repository.unload("m") == [1, 3]
    watched.look()
    assert watched.serving == []  # it stays out
    watched.put("b", "m/3.enf")
    watched.look()
    assert watched.serving == [("m", 3)]  # another file: another model
    for ask in (watched.repository.load, watched.repository.unload):
        with pytest.raises(ModelError, match="'nobody', version 7"):
            ask("nobody", 7)
    watched.put("broken", "m/9.enf")
    with pytest.raises(CheckpointError, match="model 'm', version 9: expected one that can be loaded"):
        watched.repository.load("m")
    assert watched.serving == [("m", 3)]


@pytest.mark.parametrize(
    ("put", "sentence"), [([], "expected a checkpoint, or a folder of NAME.enf"), (["broken"], "none [(]m")]
)
def test_a_repository_that_has_nothing_to_serve(watched, put, sentence):
    for which in put:
        watched.put(which, "m.enf")
    with pytest.raises(CheckpointError, match=sentence):
        watched.repository.open()


def test_a_single_checkpoint_is_named_by_its_file_or_folder(watched, files):
    for name, expected in (("m.enf", "m"), ("run/model.enf", "run")):
        watched.put("a", name)
        models = Models()
        Repository(watched.folder / name, models, lambda model: None, lambda: None, 60).open()
        assert models.get().name == expected


@pytest.mark.slow
def test_versions_over_the_wire_while_clients_ask(watched, mesh, files, surrogate):
    watched.put("a", "m/1.enf")
    limits = ServerConfig(look_seconds=1, parsers=1)
    with served(watched.folder, limits) as address, Client(address, timeout=60) as client:
        points = np.random.default_rng(0).uniform(0, 1, (300, 2))
        answers, failures, stop = [], [], threading.Event()

        def ask():
            shape = client.encode(mesh)
            while not stop.is_set():
                try:
                    answers.append(client.decode(shape, CONDITIONS, points)["stress"].tobytes())
                except Exception as error:
                    failures.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        with grpc.insecure_channel(address) as channel:
            stub, health = pb_grpc.ModelRepositoryStub(channel), health_pb2_grpc.HealthStub(channel)

            def states():
                return {(v.model, v.version): v.state for v in stub.ListModels(pb.ListModelsRequest()).versions}

            assert states() == {("m", 1): STATE.STATE_SERVING}
            watched.put("broken", "m/2.enf")
            wait(lambda: states().get(("m", 2)) == STATE.STATE_BROKEN)
            watched.put("b", "m/3.enf")
            wait(lambda: states().get(("m", 3)) == STATE.STATE_SERVING)
            assert states()["m", 1] == STATE.STATE_AVAILABLE
            wait(lambda: len(set(answers)) == 2)
            loaded = stub.LoadModel(pb.LoadModelRequest(model="m", version=1)).loaded
            assert loaded.digest == surrogate.version and client.describe().version == 3
            stop.set()
            asking.join()
            assert not failures
            unloaded = stub.UnloadModel(pb.UnloadModelRequest(model="m")).unloaded
            assert [version.version for version in unloaded] == [1, 3]
            check = health_pb2.HealthCheckRequest(service=f"{SERVICE}/m")
            assert health.Check(check).status == health_pb2.HealthCheckResponse.NOT_SERVING
            with pytest.raises(grpc.RpcError) as caught:
                stub.LoadModel(pb.LoadModelRequest(model="m", version=2))
            assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def wait(condition, seconds=20):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with contextlib.suppress(grpc.RpcError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
