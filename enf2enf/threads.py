"""How many of a machine's cores computations are spread over."""

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import jax

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_XLA_THREADS = "PJRT_NPROC"  # the variable from which XLA's CPU client takes the size of its pools
_IN_ONE_ORDER = "--xla_cpu_enable_concurrency_optimized_scheduler=false"  # else parts of a program go to that pool


def cores() -> int:
    """Cores that this process may use; 1 where an accelerator computes.

    On a CPU, work is cut into one part a core and done in threads: XLA's own threads gain little on programs of the
    size of ours.
    """
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_in_calling_thread() -> None:
    """Makes every program run in the thread that calls it, on one core: for a process whose threads fill the cores.

    Side by side, programs that keep to a core each are faster than programs that share XLA's threads: long ones by a
    tenth, short ones by half. A process that computes one thing at a time becomes slower, and so does training. Call it
    before JAX computes anything: XLA's CPU client, once made, keeps its threads, and its flags. A program that calls
    back into Python (`jax.pure_callback`) may wait for ever afterwards.
    """
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    flags = f"{os.environ.get('XLA_FLAGS', '')} {_IN_ONE_ORDER}"
    with _environment({_XLA_THREADS: "1", "XLA_FLAGS": flags}):
        jax.devices()  # makes the client, which reads the variables, now


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


class _Standing(threading.local):
    """How far a thread stands back: its niceness beyond that of the process."""

    niceness = 0


_STANDING = _Standing()


def stand_back(niceness: int) -> None:
    """Lets other threads of the process have the cores before this one, and those `threads` that work for it.

    Where the system has no such thing as the niceness of a thread, they take turns as before.
    """
    _STANDING.niceness = niceness
    if niceness and sys.platform == "linux":
        others = os.getpriority(os.PRIO_PROCESS, os.getpid())  # a thread has that of the one that has begun it
        with contextlib.suppress(OSError):  # a sandbox may know no niceness
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), others + niceness)


def threads() -> ThreadPoolExecutor:
    """One thread a core, which stand back as the calling thread does."""
    return _pool(_STANDING.niceness)


@functools.cache
def _pool(niceness: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), "core", stand_back, (niceness,))


def map_in_threads(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """The results for all items, in order: the first computed here, the others by threads that are free.

    What no thread has begun by the time it is needed is computed here too, so that one of the `threads` may call this
    as well, and none waits for a turn that never comes.
    """
    waiting = [threads().submit(function, item) for item in items[1:]]
    try:
        first = [function(item) for item in items[:1]]
        rest = zip(items[1:], waiting, strict=True)
        return first + [function(item) if future.cancel() else future.result() for item, future in rest]
    finally:
        for future in waiting:
            future.cancel()
