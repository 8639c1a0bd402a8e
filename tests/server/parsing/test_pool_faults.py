"""Meshes read in processes of their own: whatever happens to these, requests are answered, and the pool recovers."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pools import ask, busy, cpu, running, slow, until

from enf2enf.errors import Enf2EnfError, MeshError
from enf2enf_server.parsing import worker
from enf2enf_server.parsing.idle import Idle
from enf2enf_server.parsing.messages import IncomingMessage
from enf2enf_server.parsing.parser import Parser
from enf2enf_server.parsing.pool import Parsers

pytestmark = pytest.mark.slow


@pytest.fixture
def own():
    """Makes pools that one test may damage."""
    made = []

    def make(*args, **kwargs):
        made.append(running(*args, **kwargs))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def test_killed_while_idle(own, vtu):
    pool = own(2)
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert len(ask(pool, vtu).nodes) == 224
    until(lambda: len(pool.pids) == 2 and pool.replaced == 2)
    assert not set(before) & set(pool.pids)


def test_a_dead_one_is_not_handed_out(tmp_path):
    """Also in the moment before its keeper has noticed."""
    idle, parser = Idle(1), Parser(1 << 30, str(tmp_path))
    parser.ask([], IncomingMessage(0), 20.0, lambda: None)
    idle.put(parser)
    parser.kill()
    until(lambda: parser.ended)

    def look():
        raise TimeoutError("still waiting")

    for _ in range(2):
        with pytest.raises(TimeoutError, match="still waiting"):
            idle.take(look)
        idle.put(parser)
    parser.close()


def test_killed_while_busy(own, vtu):
    pool = own(2)
    since = {pid: cpu(pid) for pid in pool.pids}
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(ask, pool, slow(), "a.stl")
        os.kill(busy(since), signal.SIGKILL)
        assert len(ask(pool, vtu).nodes) == 224
        with pytest.raises(Enf2EnfError, match="plane mesh"):  # what the file deserves
            long.result(30)
    until(lambda: len(pool.pids) == 2 and pool.replaced == 1)


def test_killed_again_and_again_is_refused(own):
    pool = own(1)
    with ThreadPoolExecutor(1) as threads:
        long = threads.submit(ask, pool, slow(), "a.stl")
        for _ in range(3):
            until(lambda: pool.pids)
            os.kill(busy({pid: cpu(pid) for pid in pool.pids}), signal.SIGSEGV)
            until(lambda: not pool.pids)
        with pytest.raises(MeshError) as caught:
            long.result(30)
    assert caught.value.expected == "a file that the mesh readers survive"
    assert caught.value.got == "one that stopped the reader (signal 11)"
    until(lambda: len(pool.pids) == 1)


def test_one_that_hangs(own, vtu):
    pool = own(1, seconds=0.5)
    (stopped,) = pool.pids
    os.kill(stopped, signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(MeshError, match=r"^cell.vtu: expected a file that is read within 0.5 seconds, got one that"):
        ask(pool, vtu)
    assert 0.45 < time.monotonic() - start < 1.5
    assert len(ask(pool, vtu).nodes) == 224
    assert pool.replaced == 1 and stopped not in pool.pids


def test_a_caller_whose_file_took_too_long_waits_behind_others(own, vtu):
    pool, order = own(1, seconds=0.5), []
    os.kill(pool.pids[0], signal.SIGSTOP)
    with pytest.raises(MeshError, match="takes longer"):
        ask(pool, vtu, caller="slow")
    until(lambda: not pool.pids)  # the next process takes a while to start
    with ThreadPoolExecutor(4) as threads:
        for caller in ("slow", "slow", "other", "other"):
            threads.submit(lambda who=caller: (ask(pool, vtu, caller=who), order.append(who)))
            time.sleep(0.02)
    assert order == ["other", "other", "slow", "slow"]


def test_a_caller_whose_file_took_too_long_has_never_all_parsers(own, vtu):
    pool = own(2, seconds=20.0)
    pool._idle.put_behind("slow")
    with ThreadPoolExecutor(4) as threads:
        since = {pid: cpu(pid) for pid in pool.pids}
        long = [threads.submit(ask, pool, 2 * slow(), "a.stl", caller="slow") for _ in range(2)]
        busy(since)
        assert len(ask(pool, vtu, caller="other").nodes) == 224
        assert not any(one.done() for one in long)
        for one in long:
            with pytest.raises(Enf2EnfError, match="plane mesh"):
                one.result(30)


def test_one_that_answers_nonsense(own, vtu):
    """As one would whose reader was taken over: what it says is not believed, and the request goes to another."""
    pool = own(1)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGSTOP)
    (replies,) = [fd for fd in os.listdir(f"/proc/{pid}/fd") if int(fd) > 2 and writes_to_a_pipe(pid, fd)]
    with open(f"/proc/{pid}/fd/{replies}", "wb", buffering=0) as pipe:
        pipe.write(b"enf1\x02\0\0\0[]")
    assert len(ask(pool, vtu).nodes) == 224
    assert pool.replaced == 1 and pid not in pool.pids


def writes_to_a_pipe(pid, fd):
    with open(f"/proc/{pid}/fdinfo/{fd}") as info:
        flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags"))
    return os.readlink(f"/proc/{pid}/fd/{fd}").startswith("pipe:") and flags & os.O_ACCMODE == os.O_WRONLY


def test_a_memory_bomb(own, vtu):
    pool = own(1, memory=370 << 20)
    (filled,) = pool.pids
    with pytest.raises(MeshError, match=r"^a.stl: expected a mesh that can be read in 370 MiB of memory, got one that"):
        ask(pool, slow() * 4, "a.stl")
    assert len(ask(pool, vtu).nodes) == 224
    assert pool.replaced == 1 and filled not in pool.pids


@pytest.mark.parametrize("first", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
@pytest.mark.parametrize("last", [None, OSError(errno.ENOENT, "gone"), MeshError("a.stl", "a mesh", "none")])
def test_memory_that_runs_out_is_known_by_its_first_error(first, last):
    """Readers make a sentence of it, and emptying their folder may fail after it."""
    try:
        try:
            raise first
        finally:
            if last:
                raise last
    except Exception as error:
        assert worker._short_of_memory(error)
    assert not worker._short_of_memory(OSError(errno.ENOENT, "gone"))


def test_waiting_is_fair_and_can_be_given_up(own, vtu):
    class Gone(Exception):
        pass

    pool, order, looks = own(1), [], []

    def gone():
        looks.append(time.monotonic())
        if len(looks) == 3:
            raise Gone

    with ThreadPoolExecutor(8) as threads:
        threads.submit(ask, pool, slow(), "a.stl")
        time.sleep(0.1)
        with pytest.raises(Gone):
            ask(pool, vtu, alive=gone)
        assert np.diff(looks).min() > 0.04 and np.diff(looks).max() < 0.3
        waiting = []
        for number in range(6):
            waiting.append(threads.submit(lambda n=number: (ask(pool, vtu), order.append(n))))
            time.sleep(0.02)
        for one in waiting:
            one.result(30)
    assert order == list(range(6)) and pool.replaced == 0


def test_work_that_nobody_waits_for_is_dropped(own, vtu):
    pool, start = own(1), time.monotonic()

    def gone():
        if time.monotonic() > start + 0.15:
            raise TimeoutError("gone")

    with pytest.raises(TimeoutError, match="gone"):
        ask(pool, slow(), "a.stl", alive=gone)
    assert time.monotonic() - start < 0.5
    assert len(ask(pool, vtu).nodes) == 224 and pool.replaced == 1


def test_close_ends_everything(own, vtu):
    pool = own(2)
    pids = pool.pids
    with ThreadPoolExecutor(1) as threads:
        long = threads.submit(ask, pool, slow(), "a.stl")
        time.sleep(0.2)
        pool.close()
        with pytest.raises(RuntimeError, match="closed"):
            long.result(5)
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    with pytest.raises(RuntimeError, match="closed"):
        ask(pool, vtu)


def test_no_worker_starts():
    pool = Parsers(1, 5.0, 1 << 20)
    with pytest.raises(RuntimeError, match="no mesh parser starts"):
        ask(pool, b"x")
    pool.close()


PARENT = """
import sys, threading, time
from enf2enf_server.parsing.pool import Parsers
from enf2enf_server.parsing.parsed_mesh import MeshLimits, ShapeOptions
pool = Parsers(2, 60.0, 1 << 30)
while len(pool.pids) < 2: time.sleep(0.01)
data = open(sys.argv[1], "rb").read()
asked = "a.stl", "m", (), MeshLimits(*[10**6] * 4), ShapeOptions(32)
threading.Thread(target=lambda: pool.parse(data, *asked), daemon=True).start()
print(*pool.pids, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_server(end, tmp_path):
    """One idle, one in the midst of a file that would take it seconds more."""
    (tmp_path / "a.stl").write_bytes(4 * slow())
    program = [sys.executable, "-c", PARENT, str(tmp_path / "a.stl")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        pids = [int(pid) for pid in server.stdout.readline().split()]
        try:
            busy({pid: cpu(pid) for pid in pids})
            server.send_signal(end)
            server.wait(10)
            until(lambda: not [pid for pid in pids if alive(pid)], 0.4)
        finally:
            server.kill()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_workers_ignore_the_terminal_and_know_no_jax(own, vtu):
    pool = own(1)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGINT)
    assert os.getpgid(pid) != os.getpgid(0)
    assert len(ask(pool, vtu).nodes) == 224 and pool.pids == (pid,)
    program = "import sys, enf2enf_server.parsing.worker as w; w._warm_up(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jax", "grpc", "equinox", "enf2enf_server.ops.errors"} & set(loaded)
    assert {"meshio.vtu", "h5py", "shapely"} <= set(loaded)


def test_threads_that_wait_for_nothing_are_not_left(vtu):
    before = threading.active_count()
    running(2).close()
    assert threading.active_count() == before
