"""Memory that all uploads share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from enf2enf_server.ops.errors import LimitError


class Budget:
    """Bytes that all uploads may hold at once. Safe to share between threads.

    Args:
        limit: most bytes.
    """

    def __init__(self, limit: int):
        self._limit, self._used, self._lock = limit, 0, threading.Lock()

    @property
    def used(self) -> int:
        """Bytes that are held now."""
        return self._used

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """The share of one upload, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self._add(-share.held)

    def _add(self, count: int) -> bool:
        with self._lock:
            fits = self._used + count <= self._limit
            if fits:
                self._used += count
            return fits


class Share:
    """One upload's part of a budget."""

    def __init__(self, budget: Budget):
        self._budget, self.held = budget, 0

    def take(self, count: int) -> None:
        """Holds `count` bytes more. Raises `LimitError` where all uploads together would hold too many."""
        if not self._budget._add(count):
            limit = self._budget._limit
            raise LimitError("uploads", f"at most {limit} bytes of all callers at once", "more; try again")
        self.held += count
