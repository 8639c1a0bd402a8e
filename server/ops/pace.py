"""How fast a caller must send, or take, what a call is about."""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from enf2enf_server.ops.errors import IdleError

T = TypeVar("T")


class Pace:
    """What a caller may keep the server waiting, all in all: some seconds, and the time that its bytes take.

    A byte now and then is no progress: who sends 1 KB in an hour has waited for an hour.

    Args:
        seconds: beyond what its bytes take.
        rate: slowest line, in bytes a second.
    """

    def __init__(self, seconds: float, rate: float):
        self._seconds, self._rate, self._left = seconds, rate, float(seconds)

    def moved(self, count: int) -> None:
        """Notes that so many bytes came or went."""
        self._left += count / self._rate

    async def keep(self, moving: Awaitable[T]) -> T:
        """What is awaited from the caller. Raises `IdleError` where it keeps the server waiting for too long."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                return await moving
        except TimeoutError:
            expected = f"{self._rate:g} bytes a second, and {self._seconds:g} s of waiting at the most"
            raise IdleError("call", expected, "less") from None
        finally:
            self._left -= time.monotonic() - start
