"""Processes that solve cases side by side, and end with whoever began them."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GIVE_UP = getattr(signal, "SIGUSR1", signal.SIGTERM)  # Windows has no signal of one's own
_BETWEEN = 0.2  # seconds


def finished(
    pool: concurrent.futures.Executor, work: Iterable[Callable[[], None]], jobs: int
) -> Iterator[concurrent.futures.Future[None]]:
    """The calls as they end; never more than `jobs` are in the pool, which begins one more when it is shut down."""
    running: set[concurrent.futures.Future[None]] = set()
    for call in work:
        if len(running) == jobs:
            done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            yield from done
        running.add(pool.submit(call))
    yield from concurrent.futures.as_completed(running)


@contextlib.contextmanager
def workers(jobs: int, stopping: Callable[[], None]) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """Single-threaded processes that leave Ctrl-C to their parent; no unfinished work outlives the block, or it.

    Args:
        jobs: how many.
        stopping: called when the block is interrupted. It then waits for the work that was begun; interrupted once
            more, that is given up.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(jobs, context, _begin)
    try:
        yield pool
    except KeyboardInterrupt:
        try:
            stopping()
            pool.shutdown(wait=True, cancel_futures=True)
        except KeyboardInterrupt:
            _end(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _end(pool: concurrent.futures.Executor) -> None:
    """Has all processes give up: more than once, for each may have one more case to leave."""
    pool.shutdown(wait=False, cancel_futures=True)
    while left := multiprocessing.active_children():
        for number in filter(None, (process.pid for process in left)):
            os.kill(number, _GIVE_UP)
        time.sleep(_BETWEEN)


def _begin() -> None:
    """In a worker: Ctrl-C and SIGTERM are its parent's to handle, and when that is killed the worker ends too.

    Told to give up, it leaves its case by an exception, which ends a solver and removes its files.
    """
    signal.signal(_GIVE_UP, lambda *_: sys.exit(1))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a process that it spawned

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
