"""Prepares the data of the next step in a thread while the current step is computed."""

import collections
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Prepared = TypeVar("_Prepared")


def ahead(prepare: Callable[[int], _Prepared], numbers: range) -> Generator[_Prepared, None, None]:
    """Yields `prepare(number)` for each number in order; the next one is started before each is yielded."""
    begun: collections.deque[Future[_Prepared]] = collections.deque()
    with ThreadPoolExecutor(1) as thread:
        for number in numbers:
            begun.append(thread.submit(prepare, number))
            if len(begun) > 1:
                yield begun.popleft().result()
        for future in begun:
            yield future.result()
