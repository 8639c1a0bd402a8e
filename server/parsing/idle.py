"""The parsers that have nothing to do, and the requests that wait for one: callers take turns."""

import queue
import threading
from collections.abc import Callable

from enf2enf_server.parsing.parser import Parser
from enf2enf_server.parsing.turns import Turns

_TICK = 0.05  # seconds between two looks at whether one still waits


class Idle:
    """A queue of free parsers for callers in turn. Slow callers (`put_behind`) never hold all of several parsers.

    Args:
        count: of all parsers.
    """

    def __init__(self, count: int):
        self._lock, self._most_slow = threading.Lock(), max(1, count - 1)
        self._free: list[Parser] = []
        self._slow: set[Parser] = set()  # what callers who are behind have
        self._waiting: Turns[queue.SimpleQueue[Parser]] = Turns()

    def put(self, parser: Parser) -> None:
        """Hands a parser to the request whose turn it is, or keeps it for the next one."""
        with self._lock:
            self._slow.discard(parser)
            if not parser.ended:
                self._free.append(parser)
            self._hand_out()

    def discard(self, parser: Parser) -> None:
        """Forgets a parser that has died."""
        with self._lock:
            self._slow.discard(parser)
            if parser in self._free:
                self._free.remove(parser)

    def put_behind(self, caller: str) -> None:
        """Lets a caller who has kept a parser for too long wait behind the others."""
        with self._lock:
            self._waiting.put_behind(caller)

    def take(self, look: Callable[[], None], caller: str = "", first: bool = False) -> Parser:
        """A parser as soon as one is free; meanwhile calls `look` every 50 ms, and passes on what it raises.

        Args:
            look: raises when there is no more reason to wait.
            caller: who waits.
            first: whether to go ahead of all who wait, for a request that has waited before.
        """
        ticket: queue.SimpleQueue[Parser] = queue.SimpleQueue()
        with self._lock:
            self._waiting.add(caller, ticket, first)
            self._hand_out()
        try:
            while True:
                try:
                    return ticket.get(timeout=_TICK)
                except queue.Empty:
                    look()
        except BaseException:
            self._leave(caller, ticket)
            raise

    def _hand_out(self) -> None:
        """Gives parsers that are free to those whose turn it is, as far as there are both."""
        self._free = [parser for parser in self._free if not parser.ended]
        while self._free and (chosen := self._waiting.next(slow_too=len(self._slow) < self._most_slow)) is not None:
            caller, ticket = chosen
            parser = self._free.pop()
            if self._waiting.is_behind(caller):
                self._slow.add(parser)
            ticket.put(parser)

    def _leave(self, caller: str, ticket: "queue.SimpleQueue[Parser]") -> None:
        with self._lock:
            if self._waiting.remove(caller, ticket):
                return
        self.put(ticket.get_nowait())  # it came just then
