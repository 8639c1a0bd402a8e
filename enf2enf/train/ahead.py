"""What is prepared for one step after the other: that of the next one in a thread, while this one is made."""

import collections
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Prepared = TypeVar("_Prepared")


def ahead(prepare: Callable[[int], _Prepared], numbers: range) -> Generator[_Prepared, None, None]:
    """What `prepare` makes of numbers in turn, each begun before the one before it is used."""
    begun: collections.deque[Future[_Prepared]] = collections.deque()
    with ThreadPoolExecutor(1) as thread:
        for number in numbers:
            begun.append(thread.submit(prepare, number))
            if len(begun) > 1:
                yield begun.popleft().result()
        for future in begun:
            yield future.result()
