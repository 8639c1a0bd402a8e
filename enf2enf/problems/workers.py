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
from multiprocessing.process import BaseProcess

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GIVE_UP = getattr(signal, "SIGUSR1", None)  # None on Windows, which has no user-defined signal
_GRACE = 10.0  # seconds for a worker whose parent is gone to end its solver and remove its files
_BETWEEN = 0.02  # seconds from look to look
_given_up = threading.Event()  # in a worker


def finished(
    pool: concurrent.futures.Executor, work: Iterable[Callable[[], None]], jobs: int
) -> Iterator[concurrent.futures.Future[None]]:
    """Yields calls as they end; at most `jobs` are in the pool, as on shutdown it would still begin one that waits."""
    running: set[concurrent.futures.Future[None]] = set()
    for call in work:
        if len(running) == jobs:
            done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            yield from done
        running.add(pool.submit(_do, call))
    yield from concurrent.futures.as_completed(running)


@contextlib.contextmanager
def workers(jobs: int, stopping: Callable[[], None]) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """A pool of single-threaded processes that ignore Ctrl-C; none of their work outlives the block or the parent.

    When the block ends, it waits for the work that has begun; a Ctrl-C during this wait makes the workers give it up.

    Args:
        jobs: how many.
        stopping: called where a first Ctrl-C ends the block.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    others = multiprocessing.active_children()
    pool = concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    finally:
        own = [process for process in multiprocessing.active_children() if process not in others]
        try:
            if isinstance(sys.exc_info()[1], KeyboardInterrupt):
                stopping()
            _end(pool, own)
        except KeyboardInterrupt:
            _tell_to_give_up(own)
            _end(pool, own)
            raise
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _end(pool: concurrent.futures.Executor, processes: Iterable[BaseProcess]) -> None:
    """Waits for all processes; the pool's own wait, once interrupted, would take running ones for ended."""
    pool.shutdown(wait=False, cancel_futures=True)
    while any(process.is_alive() for process in processes):
        time.sleep(_BETWEEN)


def _tell_to_give_up(processes: Iterable[BaseProcess]) -> None:
    for process in processes:
        with contextlib.suppress(OSError):  # it has just ended
            if _GIVE_UP is None or process.pid is None:
                process.terminate()
            else:
                os.kill(process.pid, _GIVE_UP)


def _do(call: Callable[[], None]) -> None:
    """In a worker: the call, unless it was told to give up."""
    if not _given_up.is_set():
        call()


def _begin() -> None:
    """In a worker: ignores Ctrl-C and SIGTERM, which the parent handles; gives up if the parent is killed.

    Giving up raises an exception in the running call, which ends its solver and removes its files; no other begins.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if _GIVE_UP is not None:
        signal.signal(_GIVE_UP, _give_up)
    threading.Thread(target=_follow, daemon=True).start()


def _give_up(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # only once: ending the call takes time
    _given_up.set()
    sys.exit(1)


def _follow() -> None:
    """Waits for the end of the process that began this one."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this is a process that it spawned
    parent.join()
    if _GIVE_UP is not None:
        signal.pthread_kill(threading.main_thread().ident or 0, _GIVE_UP)
        time.sleep(_GRACE)
    os._exit(1)
