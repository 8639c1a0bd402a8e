"""The event loop that the server's calls live in."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_PATIENCE = 5.0  # seconds for tasks to end in


class Loop:
    """An event loop on a thread of its own."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, for other threads."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Has the loop call something, in the order of these calls."""
        self._loop.call_soon_threadsafe(callback, *args)

    def close(self) -> None:
        """Ends the loop, and what still runs in it."""
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_PATIENCE)
