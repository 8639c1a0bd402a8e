"""Who computes: threads of JAX, or the one that asks."""

import os
import subprocess
import sys
import threading
import time

import pytest

from enf2enf.threads import cores, map_in_threads, stand_back, threads

SHARE = """
import sys, time
from enf2enf.threads import run_in_calling_thread
if sys.argv[1] == "here":
    run_in_calling_thread()
import jax, jax.numpy as jnp, os
chain = jax.jit(lambda x: jax.lax.fori_loop(0, 200, lambda _, y: jnp.tanh(y @ x), x))
branches = jax.jit(lambda x: sum(jnp.tanh(jnp.tanh(x @ (x + i)) @ x) for i in range(40)))
def share(program):
    x = jnp.ones((200, 200))
    program(x).block_until_ready()
    mine, all_ = time.thread_time(), time.process_time()
    for _ in range(5):
        program(x).block_until_ready()
    return (time.thread_time() - mine) / (time.process_time() - all_)
print(share(chain), share(branches), *(os.environ.get(name) for name in ("PJRT_NPROC", "XLA_FLAGS")))
"""
VARIABLES = ("PJRT_NPROC", "XLA_FLAGS")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "before"),
    [
        ("here", {}),
        ("here", {"PJRT_NPROC": "2", "XLA_FLAGS": "--xla_cpu_enable_fast_math=false"}),
        ("elsewhere", {"PJRT_NPROC": "2"}),
    ],
)
def test_programs_run_in_the_thread_that_calls_them(where, before):
    """Seen in whose processor time they take."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | before
    command = [sys.executable, "-c", SHARE, where]
    reply = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    *shares, count, flags = reply.split()
    assert all((float(share) > 0.9) == (where == "here") for share in shares)
    assert [count, flags] == [before.get(name, "None") for name in VARIABLES]


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_map_in_threads_keeps_the_order(count):
    assert map_in_threads(lambda x: x * x, list(range(count))) == [x * x for x in range(count)]


def test_map_in_threads_from_every_thread_at_once_comes_to_an_end():
    def nested(depth: int) -> int:
        return sum(map_in_threads(nested, [depth - 1] * 3)) if depth else 1

    waiting = [threads().submit(nested, 3) for _ in range(4 * cores())]
    assert [future.result(timeout=60) for future in waiting] == [27] * len(waiting)


def test_it_is_side_by_side():
    meeting = threading.Barrier(2)
    assert sorted(map_in_threads(lambda _: meeting.wait(timeout=60), [0, 1])) == [0, 1]


def test_what_nobody_needs_any_more_is_not_begun():
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        time.sleep(0.05)
        if item == 0:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        map_in_threads(work, list(range(50 * cores())))
    assert len(begun) < 10 * cores()


def test_map_in_threads_passes_on_what_goes_wrong():
    for culprit in (0, 3):
        with pytest.raises(ZeroDivisionError):
            map_in_threads(lambda x, culprit=culprit: 1 // (x - culprit), list(range(4)))


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own in Linux alone")
@pytest.mark.parametrize("by", [0, 1, 3, 40])
def test_threads_stand_back_as_the_one_does_that_they_work_for(by):
    before, seen = niceness(), []

    def stood_back():
        stand_back(by)
        seen.append(niceness())
        seen.append(threads().submit(niceness).result())
        seen.extend(map_in_threads(lambda _: niceness(), range(9)))

    thread = threading.Thread(target=stood_back)
    thread.start()
    thread.join()
    assert seen == [min(19, before + by)] * 11
    assert niceness() == before
    assert map_in_threads(lambda _: niceness(), range(9)) == [before] * 9
