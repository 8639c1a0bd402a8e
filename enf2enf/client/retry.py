"""Patience: how often a call is tried again, and how long it may take altogether."""

import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Iterator

from enf2enf.errors import ConfigError

_LEAST_SECONDS = 30.0  # a server that has just started still reads and compiles
_POINTS_PER_SECOND = 20_000.0  # a sixth of what two cores decode
_BYTES_PER_SECOND = 1e6  # a poor line
_OWN = random.Random()  # clients that seed Python's own alike shall not come back alike


@dataclasses.dataclass(frozen=True)
class Retry:
    """How a call is tried again that a server could not answer just now; all calls may safely be made twice.

    Tried again: what ended in UNAVAILABLE or CANCELLED (the server restarts, warms up, or the line broke), and in
    RESOURCE_EXHAUSTED where the server itself says "try again". Before the n-th repetition the client waits a time
    drawn evenly between 0 and `first_seconds` 2^(n-1), at most `longest_seconds`, so that many clients do not come back
    at once; on top of it, the time that the server names in the trailer `grpc-retry-pushback-ms` (gRFC A6). A wait that
    the call's deadline does not leave room for is not begun.

    Args:
        attempts: how often a call is made at most; 1: never again; None: until its deadline.
        first_seconds: longest drawn wait before the first repetition.
        longest_seconds: longest drawn wait of all.

    Raises:
        ConfigError: fewer than one attempt, or negative times; without a number of attempts, none without a wait.
    """

    attempts: int | None = None
    first_seconds: float = 0.1
    longest_seconds: float = 5.0

    def __post_init__(self):
        endless = self.attempts is None
        if not endless and (not isinstance(self.attempts, int) or self.attempts < 1):
            raise ConfigError("attempts", "a whole number of 1 or more, or None", repr(self.attempts))
        for name in ("first_seconds", "longest_seconds"):
            if not (seconds := getattr(self, name)) >= 0 or (endless and not seconds):
                raise ConfigError(name, "more than 0" if endless else "0 or more", repr(seconds))

    def pauses(self, draw: Callable[[], float] = _OWN.random) -> Iterator[float]:
        """The seconds to wait before each repetition; `draw` gives evenly distributed numbers of [0, 1)."""
        most = min(self.first_seconds, self.longest_seconds)
        for _ in itertools.count() if self.attempts is None else range(self.attempts - 1):
            yield draw() * most
            most = min(2 * most, self.longest_seconds)


class Deadline:
    """The end of a call, all repetitions together.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 once it has passed."""
        return max(0.0, self._end - time.monotonic())


def usual_seconds(points: int, sent: int) -> float:
    """The deadline of a call that answers so many points and sends so many bytes."""
    return _LEAST_SECONDS + points / _POINTS_PER_SECOND + sent / _BYTES_PER_SECOND
