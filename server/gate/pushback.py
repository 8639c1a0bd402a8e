"""When those may come back that found no place."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable

_SECONDS_A_REFUSAL = 0.01  # pause for each refusal a second: bounds their cost, however many callers wait
_LEAST, _MOST = 0.1, 5.0  # seconds
_DECAY = 1.0  # seconds, over which refusals are counted
_REMEMBERED = 4096  # connections
_LATE = 4096  # refusals that are kept back at once


class Pushback:
    """Tells callers how long to stay away, longer the more are refused, and makes those wait that come back earlier.

    For one event loop.

    Args:
        clock: seconds, never falling.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._rate, self._counted = clock, 0.0, clock()
        self._due: OrderedDict[str, float] = OrderedDict()
        self._late = 0

    def seconds(self) -> float:
        """Counts one more refusal, and returns the pause in seconds that the refused caller is told."""
        now = self._clock()
        self._rate = self._rate * math.exp((self._counted - now) / _DECAY) + 1 / _DECAY
        self._counted = now
        return min(max(_LEAST, _SECONDS_A_REFUSAL * self._rate), _MOST)

    async def hold(self, peer: str, seconds: float, free: int, most: float) -> None:
        """Delays the refusal of a call, so that a caller that is refused again and again cannot keep the server busy.

        Args:
            peer: connection of the call.
            seconds: the interval in which it may be refused once without a delay.
            free: refusals in a row without a delay, for a connection that has been quiet before.
            most: the longest delay of this refusal, in seconds.
        """
        now, allowed = self._clock(), free * seconds
        due = min(max(self._due.pop(peer, now), now) + seconds, now + allowed + most)
        self._due[peer] = due
        while len(self._due) > _REMEMBERED:
            self._due.popitem(last=False)
        if (early := due - now - allowed) > 0 and self._late < _LATE:
            self._late += 1
            try:
                await asyncio.sleep(early)
            finally:
                self._late -= 1
