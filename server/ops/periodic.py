"""Something that is looked after again and again, whatever else hangs."""

import logging
import threading
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_PATIENCE = 1.0  # seconds


class Periodic:
    """Calls a function on a thread of its own until it is stopped; what it raises is logged, and it is called again.

    Args:
        name: of the thread.
        seconds: between the end of a call and the next one.
        function: is called without arguments.
    """

    def __init__(self, name: str, seconds: float, function: Callable[[], None]):
        self._seconds, self._function, self._stopped = seconds, function, threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins; the first call comes after the first pause."""
        self._thread.start()

    def stop(self) -> None:
        """Calls no more. Waits for a call in progress, but not for one that hangs."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._function()
            except Exception as error:
                _LOG.error("%s: failed, and is tried again", self._thread.name, exc_info=error)
