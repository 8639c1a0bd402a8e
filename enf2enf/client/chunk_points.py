"""How many points a server computes at once, by model and version, as far as a connection has learnt it."""

import threading

Key = tuple[str, int]  # name and version of a model


class ChunkPoints:
    """What `Describe` has said about models. Safe to share between threads.

    A number may become wrong: another model may serve under the same name and version.
    """

    def __init__(self):
        self._known: dict[Key, int] = {}
        self._claimed: set[Key] = set()
        self._lock = threading.Lock()

    def of(self, model: Key) -> int | None:
        """The number of points, or None where it is not known."""
        with self._lock:
            return self._known.get(model)

    def put(self, model: Key, points: int) -> None:
        """Keeps the number of points."""
        with self._lock:
            self._known[model] = points

    def forget(self, model: Key, points: int | None) -> None:
        """Forgets the number, where it is still this one."""
        with self._lock:
            if self._known.get(model) == points:
                self._known.pop(model, None)

    def claim(self, model: Key) -> bool:
        """True if the caller must ask the server, then `release`; False if the number is known or another call asks."""
        with self._lock:
            if model in self._known or model in self._claimed:
                return False
            self._claimed.add(model)
            return True

    def release(self, model: Key) -> None:
        """Ends a claim."""
        with self._lock:
            self._claimed.discard(model)
