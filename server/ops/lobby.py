"""Where calls are counted, may be bounded in number and in seconds, and are sent away in the end."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from enf2enf_server.ops.errors import CrowdError, IdleError, StoppingError


class Lobby:
    """Holds a number of calls. For one event loop.

    If it is full, the oldest call of the connection that has most of them has to leave: whoever fills it loses its own.

    Args:
        most: calls at once; infinity for any number.
        seconds: longest stay; None for no end.
        awaited: what a guest is waiting to be given, for the sentence to one that stays too long.
    """

    def __init__(self, most: float, seconds: float | None, awaited: str):
        self._most, self._seconds, self._awaited = most, seconds, awaited
        self._guests: dict[str, deque[_Guest]] = {}
        self._count, self._closed = 0, False

    def __len__(self) -> int:
        """How many are in it."""
        return self._count

    @asynccontextmanager
    async def stay(self, peer: str) -> AsyncIterator[None]:
        """The stay of a call from a connection, or of whomever it is to be counted for.

        Raises:
            IdleError: it takes too long.
            CrowdError: it had to leave.
            StoppingError: the lobby is closed.
        """
        if self._closed:
            raise StoppingError.now()
        guest = _Guest(self._seconds)
        if self._count >= self._most:
            self._push_out()
        self._guests.setdefault(peer, deque()).append(guest)
        self._count += 1
        try:
            async with guest.end:
                yield
        except TimeoutError:
            if not guest.end.expired():  # the caller's own
                raise
            raise guest.reason or IdleError("call", f"{self._awaited} within {self._seconds:g} s", "none") from None
        finally:
            if guest.reason is None:
                self._remove(peer, guest)

    def close(self) -> None:
        """Sends everybody away, and lets nobody in again."""
        self._closed = True
        for peer in list(self._guests):
            while peer in self._guests:
                self._send_away(peer, StoppingError.now())

    def _push_out(self) -> None:
        busiest = max(self._guests, key=lambda peer: len(self._guests[peer]))
        limit = f"at most {self._most} calls that wait for {self._awaited}"
        self._send_away(busiest, CrowdError("server", limit, "one more; try again"))

    def _send_away(self, peer: str, reason: Exception) -> None:
        guest = self._guests[peer][0]
        self._remove(peer, guest)
        guest.reason = reason
        if not guest.end.expired():
            guest.end.reschedule(0.0)

    def _remove(self, peer: str, guest: "_Guest") -> None:
        self._guests[peer].remove(guest)
        self._count -= 1
        if not self._guests[peer]:
            del self._guests[peer]


class _Guest:
    def __init__(self, seconds: float | None):
        self.end = asyncio.timeout(seconds)
        self.reason: Exception | None = None
