"""Work that may hang, done in threads that nobody has to wait for."""

import errno
import functools
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from enf2enf_server.parsing.pool import nothing

_Result = TypeVar("_Result")
_TICK = 0.1  # seconds


class Errands:
    """Runs each piece of work in a thread of its own, which is left behind where the work takes too long.

    A thread that hangs in a file system can be neither stopped nor joined, and must not keep a process from ending.
    """

    def __init__(self):
        self._running: dict[Hashable, tuple[Future[Any], float]] = {}  # by name, and until when it may take
        self._lock = threading.Lock()

    def run(
        self,
        name: Hashable,
        work: Callable[[], _Result],
        seconds: float,
        alive: Callable[[], None] = nothing,
        shared: bool = False,
    ) -> _Result:
        """The result of the work, which is begun once nothing else runs under the same name.

        Args:
            name: of the work.
            work: what it returns or raises is dropped where it comes too late.
            seconds: that it may take from its beginning.
            alive: called about every 100 ms; raises, whatever it likes, when the result is no longer wanted.
            shared: whether the result of what runs under the same name already will do.

        Raises:
            TimeoutError: it, or what runs already, takes longer.
        """
        while True:
            with self._lock:
                is_mine = name not in self._running
                if is_mine:
                    self._running[name] = Future(), time.monotonic() + seconds
                    threading.Thread(target=self._work, args=(name, work), name="errand", daemon=True).start()
                future, until = self._running[name]
            while wait([future], min(_TICK, max(0.0, until - time.monotonic()))).not_done:
                alive()
                if time.monotonic() >= until:
                    raise TimeoutError(errno.ETIMEDOUT, f"nothing within {seconds:g} s")
            if is_mine or shared:
                return future.result()

    def _work(self, name: Hashable, work: Callable[[], Any]) -> None:
        future, _ = self._running[name]
        try:
            end = functools.partial(future.set_result, work())
        except BaseException as error:
            end = functools.partial(future.set_exception, error)
        with self._lock:
            del self._running[name]  # before anybody learns that it has ended, and begins the next one
        end()
