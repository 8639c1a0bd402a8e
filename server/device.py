"""The one thread that talks to the accelerator."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
Item = TypeVar("Item")

_AHEAD = 2  # one chunk computes while the next one waits: the device never idles for the wire


class Device:
    """Runs calls one after the other, in the order of their submission.

    A request has at most two chunks in the queue, so that requests take turns chunk by chunk whatever their size.
    """

    def __init__(self):
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")

    def submit(self, call: Callable[..., Result], *args) -> Future[tuple[Result, float]]:
        """The future result of `call(*args)`, and the seconds that it took."""
        return self._thread.submit(_timed, call, *args)

    def map(self, call: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Result, float]]:
        """Results in the order of `items`, which are taken only as fast as results are."""
        waiting: deque[Future[tuple[Result, float]]] = deque()
        try:
            for item in items:
                waiting.append(self.submit(call, item))
                if len(waiting) == _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """Drops what waits, and returns when the call in progress has ended."""
        self._thread.shutdown(cancel_futures=True)


def _timed(call: Callable[..., Result], *args) -> tuple[Result, float]:
    start = time.perf_counter()
    result = call(*args)
    return result, time.perf_counter() - start
