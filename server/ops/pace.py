"""How fast a caller must send, or take, what a call is about."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from enf2enf_server.ops.errors import IdleError

T = TypeVar("T")


class Pace:
    """How long a caller may keep the server waiting.

    A byte now and then does not help: each byte gives back only the time that it takes at `rate`.

    Args:
        seconds: waiting time that it has at first; `left` never exceeds it.
        rate: slowest pace that is accepted, in bytes a second.
        clock: seconds, never falling.

    Attributes:
        left: seconds that it has left.
    """

    def __init__(self, seconds: float, rate: float, clock: Callable[[], float] = time.monotonic):
        self._seconds, self._rate, self._clock, self.left = float(seconds), rate, clock, float(seconds)

    def moved(self, count: int) -> None:
        """Notes that so many bytes came or went."""
        self.left = min(self._seconds, self.left + count / self._rate)

    async def keep(self, moving: Awaitable[T]) -> T:
        """What is awaited from the caller. Raises `IdleError` where it keeps the server waiting for too long."""
        start = self._clock()
        try:
            async with asyncio.timeout(self.left):
                return await moving
        except TimeoutError:
            expected = f"{self._rate:g} bytes a second, and {self._seconds:g} s of waiting at the most"
            raise IdleError("call", expected, "less") from None
        finally:
            self.left -= self._clock() - start
