"""Memory that all uploads share."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from enf2enf_server.ops.errors import FullError


class Budget:
    """Bytes that all uploads may hold at once, and those of each caller. For one event loop.

    Args:
        limit: most bytes.
        share: what one caller may have of them.
    """

    def __init__(self, limit: int, share: Callable[[int], int]):
        self._limit, self._portion = limit, share(limit)
        self._held = Counter[str]()

    @property
    def used(self) -> int:
        """Bytes that are held now."""
        return self._held.total()

    @contextmanager
    def share(self, owner: str = "") -> Iterator["Share"]:
        """The share of one upload, given back at the end.

        Args:
            owner: whose part of the whole it counts against; empty: nobody's.
        """
        share = Share(self, owner)
        try:
            yield share
        finally:
            self._held[owner] -= share.held

    def _take(self, owner: str, more: int) -> None:
        portion, held = self._portion if owner else self._limit, self._held
        for used, most, whose in (
            (held.total(), self._limit, "all callers"),
            (held[owner], portion, f"token {owner!r}"),
        ):
            if used + more > most:
                raise FullError("uploads", f"at most {most} bytes of {whose} at once", "more; try again")
        held[owner] += more


class Share:
    """One upload's part of a budget."""

    def __init__(self, budget: Budget, owner: str):
        self._budget, self._owner, self.held = budget, owner, 0

    def take(self, count: int) -> None:
        """Holds `count` bytes more. Raises `FullError` where uploads together would hold too many."""
        self._budget._take(self._owner, count)
        self.held += count
