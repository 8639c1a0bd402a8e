"""Ctrl-C that waits for the step, or the part of a validation, in flight."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_Handler = Callable[[int, FrameType | None], object] | int | None  # what `signal.signal` takes and returns


class Stopped(Exception):
    """A validation that was stopped before its end; it is read again when the run goes on."""


class Interrupt:
    """Context manager: the first SIGINT or SIGTERM sets `requested`, a second one interrupts at once."""

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        """Take over the signals; only the main thread can."""
        if threading.current_thread() is threading.main_thread():
            self._previous = {s: signal.signal(s, self._handle) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
