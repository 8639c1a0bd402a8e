"""Who calls, what they may do, and how much at once."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from enf2enf_server.ops.errors import FullError, RightsError


class Usage:
    """What a caller uses just now: the calls that run, and a token bucket. Safe to share between threads.

    The bucket is stored as the number of tokens missing from it, so that it fits limits of any size.

    Args:
        clock: seconds, never falling.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, threading.Lock()
        self._running, self._spent, self._seen = 0, 0.0, clock()

    def enter(self, concurrent: int | None, per_second: float | None) -> str | None:
        """Counts one more call, or returns in words the limit that forbids it; None is no limit."""
        with self._lock:
            if concurrent is not None and self._running >= concurrent:
                return f"{concurrent} request{'s' * (concurrent != 1)} at once"
            if per_second is not None and not self._spend(per_second):
                return f"{per_second:g} request{'s' * (per_second != 1)} a second"
            self._running += 1
            return None

    def leave(self) -> None:
        """Counts one call less."""
        with self._lock:
            self._running -= 1

    def _spend(self, per_second: float) -> bool:
        now = self._clock()
        self._spent = max(0.0, self._spent - per_second * (now - self._seen))
        self._seen = now
        if self._spent + 1 > max(1.0, per_second):
            return False
        self._spent += 1
        return True


@dataclasses.dataclass(frozen=True)
class Caller:
    """Someone whose token was recognised.

    Args:
        name: of the token.
        admin: may load and unload models.
        concurrent: calls at once; None is no limit.
        per_second: calls a second, after a burst of as many, at least one; None is no limit.
        usage: what the limits are held against.
    """

    name: str
    admin: bool = False
    concurrent: int | None = None
    per_second: float | None = None
    usage: Usage = dataclasses.field(default_factory=Usage, repr=False, compare=False)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """The time of one call, which may begin and end on different threads.

        Raises:
            FullError: one call too many. It is not counted.
        """
        limit = self.usage.enter(self.concurrent, self.per_second)
        if limit is not None:
            raise FullError(f"token {self.name!r}", f"at most {limit}", "one more; try again")
        try:
            yield
        finally:
            self.usage.leave()

    def require_admin(self) -> None:
        """Raises `RightsError` unless the caller may load and unload models."""
        if not self.admin:
            raise RightsError(f"token {self.name!r}", "one with admin = true", "one without")


UNKNOWN = Caller("")  # whoever makes a call, until the call is admitted; without rights
ANONYMOUS = Caller("anonymous", admin=True)  # everybody, where a server has no tokens
