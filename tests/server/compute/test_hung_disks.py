"""Real files and file systems that never answer: they stop nobody."""

import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import threading

import pytest
from held import Held
from pools import until

from enf2enf import checkpoint
from enf2enf.errors import CheckpointError
from enf2enf_server.compute import folder


@pytest.fixture(scope="module")
def good(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "good.enf"
    checkpoint.save(path, surrogate)
    return path


@pytest.fixture
def leased(tmp_path, good):
    """A file whose holder has to be waited for, up to 45 s, by whoever opens it."""
    if sys.platform != "linux":
        pytest.skip("leases are Linux's")
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # which asks the holder to give it up
    path = tmp_path / "m.enf"
    path.write_bytes(good.read_bytes())
    with open(path, "r+b") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield path
    signal.signal(signal.SIGIO, before)


def test_a_file_that_waits_for_its_holder_keeps_nobody_waiting(leased):
    held = Held(leased.parent)
    held.look()
    assert held.states == {("m", 1): "broken"} and "temporarily unavailable" in held.reason("m", 1)


@contextlib.contextmanager
def hung_mount(path):
    """A file system that never answers; where this process may not mount one, the test is left out."""
    path.mkdir()
    try:
        device, libc = os.open("/dev/fuse", os.O_RDWR), ctypes.CDLL(None)
    except OSError:
        pytest.skip("no FUSE here")
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"hung", os.fsencode(path), b"fuse", 0, options):
        os.close(device)
        pytest.skip("no right to mount")
    try:
        yield
    finally:
        libc.umount2(os.fsencode(path), 2)  # lazily
        os.close(device)  # whoever hangs in it gets an error


def test_a_hung_mount_in_the_folder_stops_nobody(tmp_path, good, monkeypatch):
    monkeypatch.setattr(folder, "_GLANCE", 0.3)
    held = Held(tmp_path)
    held.put(good, "m/1.enf")
    held.repository.open()
    with hung_mount(tmp_path / "away"):
        held.put(good, "n/1.enf")
        held.look()
        assert held.serving == [("m", 1), ("n", 1)]
        sentence = "away: expected a disk that answers within 0.3 s, got none"
        assert held.repository.versions()["away", 0].reason == sentence
        with pytest.raises(CheckpointError, match=sentence):
            held.repository.load("away")
        assert held.repository.load("m", 1) == 1 and held.repository.unload("n") == [1]
    until(lambda: held.look() or held.states == {("m", 1): "serving", ("n", 1): "available"})


def test_a_folder_that_hangs_itself_stops_nobody_but_the_look(tmp_path, good, monkeypatch):
    monkeypatch.setattr(folder, "_GLANCE", 0.3)
    (tmp_path / "models").mkdir()
    held = Held(tmp_path / "models")
    held.put(good, "m/1.enf")
    held.repository.open()
    held.folder.rename(tmp_path / "before")
    with hung_mount(held.folder):
        looking = threading.Thread(target=look_in_vain, args=(held.repository,), daemon=True)
        looking.start()
        with pytest.raises(CheckpointError, match="models: expected a folder that can be read, got nothing within 0.3"):
            held.repository.load("m", 1)
        assert held.states == {("m", 1): "serving"} and looking.is_alive()
        assert held.repository.unload("m") == [1]
    looking.join(60)
    assert not looking.is_alive()


def look_in_vain(repository):
    with pytest.raises(OSError):  # once the mount is gone
        repository.look()
