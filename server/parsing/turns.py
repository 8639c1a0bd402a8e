"""Whose turn it is among those who wait: callers take turns, and a slow one is behind the others."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

_REMEMBERED = 60.0  # seconds


class Turns(Generic[_Item]):
    """A queue that serves callers in turn, one item each; items of one caller in order. For one thread at a time.

    Args:
        clock: seconds that pass.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._waiting: OrderedDict[str, deque[_Item]] = OrderedDict()  # the caller whose turn it is first
        self._behind: dict[str, float] = {}  # until when

    def __len__(self) -> int:
        """How many items wait."""
        return sum(map(len, self._waiting.values()))

    def add(self, caller: str, item: _Item, first: bool = False) -> None:
        """One more item waits; before all others of any caller where it is to be `first`."""
        own = self._waiting.setdefault(caller, deque())
        (own.appendleft if first else own.append)(item)
        if first:
            self._waiting.move_to_end(caller, last=False)

    def remove(self, caller: str, item: _Item) -> bool:
        """Takes an item out of turn; whether it was waiting."""
        own = self._waiting.get(caller)
        if own is None or item not in own:
            return False
        own.remove(item)
        self._tidy(caller)
        return True

    def next(self, slow_too: bool = True) -> tuple[str, _Item] | None:
        """Takes the next item, and returns it with its caller, who then goes behind all other callers.

        Args:
            slow_too: whether it may be one of a caller who is behind the others.
        """
        caller = min(self._waiting, key=self.is_behind, default=None)
        if caller is None or self.is_behind(caller) > slow_too:
            return None
        item = self._waiting[caller].popleft()
        self._waiting.move_to_end(caller)
        self._tidy(caller)
        return caller, item

    def is_behind(self, caller: str) -> bool:
        """Whether a caller is behind the others now."""
        return self._behind.get(caller, 0.0) > self._clock()

    def put_behind(self, caller: str) -> None:
        """Lets all others pass this caller for a minute."""
        now = self._clock()
        self._behind = {name: until for name, until in self._behind.items() if until > now}
        self._behind[caller] = now + _REMEMBERED

    def _tidy(self, caller: str) -> None:
        if not self._waiting[caller]:
            del self._waiting[caller]
