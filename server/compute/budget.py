"""What all uploads share: their number and their memory."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from enf2enf_server.ops.errors import FullError


class Budget:
    """Uploads in progress and the bytes that they hold, of all callers and of each. For one event loop.

    Args:
        limit: most bytes.
        uploads: most uploads.
        share: what one caller may have, of either.
    """

    def __init__(self, limit: int, uploads: int, share: Callable[[int], int]):
        self._limit, self._uploads, self._portion = limit, uploads, share
        self._count, self._held = Counter[str](), Counter[str]()

    @property
    def used(self) -> int:
        """Bytes that are held now."""
        return self._held.total()

    @contextmanager
    def share(self, owner: str = "") -> Iterator["Share"]:
        """The share of one upload, given back at the end. Raises `FullError` where there are too many.

        Args:
            owner: whose share of the whole it counts against; empty: nobody's.
        """
        self._take(self._count, owner, 1, self._uploads, "uploads", "one more")
        share = Share(self, owner)
        try:
            yield share
        finally:
            self._count[owner] -= 1
            self._held[owner] -= share.held

    def _take(self, used: Counter[str], owner: str, more: int, limit: int, unit: str, got: str) -> None:
        portion = self._portion(limit) if owner else limit
        for held, most, whose in ((used.total(), limit, "all callers"), (used[owner], portion, f"token {owner!r}")):
            if held + more > most:
                raise FullError("uploads", f"at most {most} {unit} of {whose} at once", f"{got}; try again")
        used[owner] += more


class Share:
    """One upload's part of a budget."""

    def __init__(self, budget: Budget, owner: str):
        self._budget, self._owner, self.held = budget, owner, 0

    def take(self, count: int) -> None:
        """Holds `count` bytes more. Raises `FullError` where uploads together would hold too many."""
        budget = self._budget
        budget._take(budget._held, self._owner, count, budget._limit, "bytes", "more")
        self.held += count
