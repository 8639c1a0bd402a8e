"""When those may come back that found no place."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable

TRAILER = "grpc-retry-pushback-ms"
NEVER = "-1"
_SECONDS_A_REFUSAL = 0.01  # of pause: refusals then cost a small share of a core, however many wait
_LEAST, _MOST = 0.1, 5.0  # seconds
_DECAY = 1.0  # seconds, over which refusals are counted
_REMEMBERED = 1024  # connections
_LATE = 1024  # refusals that are kept back at once


class Pushback:
    """Tells callers how long to stay away, longer the more are refused, and makes those wait that come back before.

    The trailer is that of gRPC's retry design (gRFC A6). For one event loop.

    Args:
        clock: seconds, never falling.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._rate, self._counted = clock, 0.0, clock()
        self._until: OrderedDict[str, float] = OrderedDict()
        self._late = 0

    def seconds(self) -> float:
        """The pause that the next one to be refused is told, which is then counted."""
        now = self._clock()
        self._rate = self._rate * math.exp((self._counted - now) / _DECAY) + 1 / _DECAY
        self._counted = now
        return min(max(_LEAST, _SECONDS_A_REFUSAL * self._rate), _MOST)

    async def hold(self, peer: str, seconds: float) -> None:
        """Returns at once where the connection stayed away as it was told last; else when that time is over."""
        now = self._clock()
        until = self._until.pop(peer, now)
        early, self._until[peer] = until - now, max(until, now + seconds)
        while len(self._until) > _REMEMBERED:
            self._until.popitem(last=False)
        if early > 0 and self._late < _LATE:
            self._late += 1
            try:
                await asyncio.sleep(early)
            finally:
                self._late -= 1
