"""The parsers that have nothing to do, and the requests that wait for one: callers take turns."""

import queue
import threading
from collections.abc import Callable

from enf2enf_server.parsing.parser import Parser
from enf2enf_server.parsing.turns import Turns

_TICK = 0.05  # seconds between two looks at whether one still waits


class Idle:
    """A queue of parsers, in which callers take turns."""

    def __init__(self):
        self._lock = threading.Lock()
        self._free: list[Parser] = []
        self._waiting: Turns[queue.SimpleQueue[Parser]] = Turns()

    def put(self, parser: Parser) -> None:
        """Hands a parser to the request whose turn it is, or keeps it for the next one."""
        with self._lock:
            if parser.ended:
                return
            if self._waiting:
                self._waiting.next().put(parser)
            else:
                self._free.append(parser)

    def discard(self, parser: Parser) -> None:
        """Forgets a parser that has died."""
        with self._lock:
            if parser in self._free:
                self._free.remove(parser)

    def put_behind(self, caller: str) -> None:
        """Lets a caller who has kept a parser for too long wait behind the others."""
        with self._lock:
            self._waiting.put_behind(caller)

    def take(self, look: Callable[[], None], caller: str = "", first: bool = False) -> Parser:
        """A parser, as soon as there is one; meanwhile looks every 50 ms, and passes on what that raises.

        Args:
            look: raises when there is no more reason to wait.
            caller: who waits.
            first: whether to pass those who wait, having waited before.
        """
        with self._lock:
            while self._free:
                if not (parser := self._free.pop()).ended:
                    return parser
            ticket: queue.SimpleQueue[Parser] = queue.SimpleQueue()
            self._waiting.add(caller, ticket, first)
        try:
            while True:
                try:
                    return ticket.get(timeout=_TICK)
                except queue.Empty:
                    look()
        except BaseException:
            self._leave(caller, ticket)
            raise

    def _leave(self, caller: str, ticket: "queue.SimpleQueue[Parser]") -> None:
        with self._lock:
            if self._waiting.remove(caller, ticket):
                return
        self.put(ticket.get_nowait())  # it came just then
