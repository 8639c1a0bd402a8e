"""The parsers that have nothing to do, and the requests that wait for one: first come, first served."""

import queue
import threading
from collections import deque
from collections.abc import Callable

from enf2enf_server.parsing.parser import Parser

_TICK = 0.05  # seconds between two looks at whether one still waits


class Idle:
    """A first-come, first-served queue of parsers."""

    def __init__(self):
        self._lock = threading.Lock()
        self._free: list[Parser] = []
        self._waiting: deque[queue.SimpleQueue[Parser]] = deque()

    def put(self, parser: Parser) -> None:
        """Hands a parser to the request that has waited longest, or keeps it for the next one."""
        with self._lock:
            if parser.ended:
                return
            if self._waiting:
                self._waiting.popleft().put(parser)
            else:
                self._free.append(parser)

    def discard(self, parser: Parser) -> None:
        """Forgets a parser that has died."""
        with self._lock:
            if parser in self._free:
                self._free.remove(parser)

    def take(self, look: Callable[[], None], first: bool = False) -> Parser:
        """A parser, as soon as there is one; meanwhile looks every 50 ms, and passes on what that raises.

        Args:
            look: raises when there is no more reason to wait.
            first: whether to pass those who wait, having waited before.
        """
        with self._lock:
            while self._free:
                if not (parser := self._free.pop()).ended:
                    return parser
            ticket: queue.SimpleQueue[Parser] = queue.SimpleQueue()
            (self._waiting.appendleft if first else self._waiting.append)(ticket)
        try:
            while True:
                try:
                    return ticket.get(timeout=_TICK)
                except queue.Empty:
                    look()
        except BaseException:
            self._leave(ticket)
            raise

    def _leave(self, ticket: "queue.SimpleQueue[Parser]") -> None:
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return
        self.put(ticket.get_nowait())  # it came just then
