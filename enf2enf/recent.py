"""Things by key, of which those that were used last are kept."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Recent(Generic[_Key, _Value]):
    """The least recently used one is dropped first. Safe to share between threads.

    Args:
        entries: how many are kept.
    """

    def __init__(self, entries: int):
        self._entries = entries
        self._held: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._held)

    def find(self, key: _Key) -> _Value | None:
        """What is kept under a key, now the most recently used one; None where nothing is."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        """Keeps something under a key."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._entries:
                self._held.popitem(last=False)
