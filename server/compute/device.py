"""A thread that calls the models: lanes take turns, and a lane takes several items at a time."""

import dataclasses
import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, NoReturn

from enf2enf.threads import stand_back
from enf2enf_server.ops.errors import FullError, StoppingError
from enf2enf_server.parsing.turns import Turns

_AHEAD = 2  # one chunk computes while the next one waits: the device never idles for the wire


@dataclasses.dataclass(frozen=True)
class Lane:
    """One kind of work.

    Args:
        most: items of one batch.
        begin: starts to compute a batch, and returns a function that waits for its results, in order.
    """

    most: int
    begin: Callable[[Sequence[Any]], Callable[[], Sequence[Any]]]


@dataclasses.dataclass(frozen=True)
class Done:
    """The result of an item.

    Args:
        item: the item.
        value: the result.
        since, start, end: when it was submitted, begun and done, in ns of `time.perf_counter_ns`; the items of a batch
            have the same start and end.
        shared: number of items of its batch.
    """

    item: Any
    value: Any
    since: int
    start: int
    end: int
    shared: int

    @property
    def worked(self) -> float:
        """Seconds that the device took for the whole batch."""
        return (self.end - self.start) * 1e-9


@dataclasses.dataclass(frozen=True)
class _Waiting:
    item: Any
    future: Future
    since: int


class Device:
    """Computes batches of items: lanes take turns, callers within a lane too; items of one caller keep their order.

    The next batch is begun before the results of the one before are collected, so that the cores never wait for this
    thread. A stream has at most two chunks in its lane, so that streams take turns chunk by chunk whatever their size,
    and an item of another lane waits for two batches at most.

    Args:
        name: of its thread.
        lanes: name -> kind of work.
        waiting: most items that wait at once, all lanes together.
        niceness: see `stand_back`.
    """

    def __init__(self, name: str, lanes: Mapping[str, Lane], waiting: int, niceness: int = 0):
        self._lanes, self._limit = dict(lanes), waiting
        self._queues: dict[str, Turns[_Waiting]] = {name: Turns() for name in lanes}
        self._turns = deque(lanes)
        self._changed = threading.Condition()
        self._closed, self._niceness = False, niceness
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """How many items wait."""
        return sum(len(queue) for queue in self._queues.values())

    def submit(self, lane: str, item: Any, caller: str = "") -> Future[Done]:
        """The future result of an item of a caller. Raises `FullError` where too many items wait."""
        entry = _Waiting(item, Future(), time.perf_counter_ns())
        with self._changed:
            if self._closed:
                raise StoppingError.now()
            if len(self) >= self._limit:
                raise FullError("queue", f"at most {self._limit} items that wait", "one more; try again")
            self._queues[lane].add(caller, entry)
            self._changed.notify()
        return entry.future

    def map(self, lane: str, items: Iterable[Any], caller: str = "") -> Iterator[Done]:
        """Results in the order of a caller's `items`, which are taken only as fast as results are."""
        waiting: deque[Future[Done]] = deque()
        try:
            for item in items:
                waiting.append(self.submit(lane, item, caller))
                if len(waiting) == _AHEAD:
                    yield result(waiting.popleft())
            while waiting:
                yield result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()

    def drop(self) -> None:
        """Cancels what waits."""
        with self._changed:
            for queue in self._queues.values():
                while (turn := queue.next()) is not None:
                    turn[1].future.cancel()

    def close(self) -> None:
        """Drops what waits, and returns when the work in progress has ended."""
        self.drop()
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        stand_back(self._niceness)
        begun: _Begun | None = None
        while (chosen := self._next(wait=begun is None)) is not None or begun is not None:
            before, begun = begun, None if chosen is None else _Begun(self._lanes[chosen[0]], chosen[1])
            if before is not None:
                before.finish()

    def _next(self, wait: bool) -> tuple[str, list[_Waiting]] | None:
        """The lane whose turn it is, and its batch; None when closed, or when nothing waits and `wait` is false."""
        with self._changed:
            while True:
                if wait:
                    self._changed.wait_for(lambda: self._closed or len(self) > 0)
                if self._closed or not len(self):
                    return None
                lane = next(name for name in self._turns if len(self._queues[name]))
                self._turns.remove(lane)
                self._turns.append(lane)
                if batch := _taken(self._queues[lane], self._lanes[lane].most):
                    return lane, batch


def result(future: Future[Done]) -> Done:
    """Waits for the result of a future. Raises `StoppingError` where it was cancelled."""
    try:
        return future.result()
    except CancelledError:
        raise StoppingError.now() from None


def _taken(queue: Turns[_Waiting], most: int) -> list[_Waiting]:
    """The next items whose futures are not cancelled."""
    batch = []
    while len(batch) < most and (turn := queue.next()) is not None:
        _, entry = turn
        if entry.future.set_running_or_notify_cancel():
            batch.append(entry)
    return batch


class _Begun:
    """A batch that is being computed."""

    def __init__(self, lane: Lane, batch: Sequence[_Waiting]):
        self._lane, self._batch, self._start = lane, batch, time.perf_counter_ns()
        try:
            self._collect = lane.begin([entry.item for entry in batch])
        except Exception as error:
            self._collect = functools.partial(_fail, error)

    def finish(self) -> None:
        """Sets the results, or the failure, on the futures."""
        try:
            results = self._collect()
        except Exception as error:
            if len(self._batch) > 1:  # the fault of one is not the others'
                for entry in self._batch:
                    _Begun(self._lane, [entry]).finish()
            else:
                self._batch[0].future.set_exception(error)
            return
        end = time.perf_counter_ns()
        for entry, value in zip(self._batch, results, strict=True):
            entry.future.set_result(Done(entry.item, value, entry.since, self._start, end, len(self._batch)))


def _fail(error: Exception) -> NoReturn:
    raise error
