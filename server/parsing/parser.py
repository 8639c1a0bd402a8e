"""One worker process, as the server sees it."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from enf2enf_server.parsing.messages import IncomingMessage

_TICK = 0.05  # seconds between two looks at whether the answer is still wanted
_FAREWELL = 1.0  # seconds that a process has to end after it closed its pipe
# The arrays here are small, and threads would fight with those of the device for the cores.
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class DiedError(Exception):
    """The worker is dead; `how` says of what."""

    def __init__(self, how: str):
        super().__init__(how)
        self.how = how


class LateError(Exception):
    """The worker did not answer in time."""


class Parser:
    """A process that reads one file at a time.

    Args:
        memory_bytes: address space that it may take.
        folder: where it may put temporary files.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, memory_bytes: int, folder: str):
        self._lock = threading.Lock()  # the holder may use the pipes
        theirs, self._life = os.pipe()  # closes with us, however we end, and the worker ends with it
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "enf2enf_server.parsing.worker", str(memory_bytes), str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                pass_fds=(theirs,),
                env={**os.environ, **_ONE_THREAD, "TMPDIR": folder},
                process_group=0,  # Ctrl-C in a terminal goes to our whole group
            )
        except BaseException:
            os.close(self._life)
            raise
        finally:
            os.close(theirs)
        assert self._process.stdin is not None and self._process.stdout is not None  # both are pipes
        self._pipes = self._process.stdin, self._process.stdout
        self._in, self._out = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._in, False)
        self._closed = False

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process is dead. For a parser that is idle."""
        with self._lock:
            return self._closed or bool(self._hung_up(0))

    def ask(
        self, message: Sequence[memoryview], answer: IncomingMessage, seconds: float, look: Callable[[], None]
    ) -> None:
        """Sends a message and receives the answer, with a look every 50 ms; what it raises is passed on.

        Raises:
            DiedError: the process died, before or meanwhile.
            LateError: it takes longer than `seconds`.
            MessageError: the answer is none.
        """
        with self._lock:
            if self._closed:
                raise DiedError("ended before")
            try:
                self._exchange(deque(message), answer, time.monotonic() + seconds, look)
            except (BrokenPipeError, ConnectionResetError, EOFError):
                raise DiedError(self._how()) from None

    def _exchange(
        self, left: deque[memoryview], answer: IncomingMessage, deadline: float, look: Callable[[], None]
    ) -> None:
        pipes = select.poll()
        pipes.register(self._out, select.POLLIN)
        if left:
            pipes.register(self._in, select.POLLOUT)
        next_look = time.monotonic() + _TICK
        while not answer.done:
            events = dict(pipes.poll(1e3 * _TICK))
            if self._in in events:
                self._send(left)
                if not left:
                    pipes.unregister(self._in)
            if self._out in events:
                if not (count := os.readv(self._out, [answer.room])):
                    raise EOFError
                answer.filled(count)
            if (now := time.monotonic()) >= deadline and not answer.done:
                raise LateError
            if now >= next_look:
                look()
                next_look = now + _TICK

    def _send(self, left: deque[memoryview]) -> None:
        with contextlib.suppress(BlockingIOError):
            count = os.write(self._in, left[0])
            left[0] = left[0][count:]
            if not left[0]:
                left.popleft()

    def _how(self) -> str:
        try:
            code = self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            return "silent"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _hung_up(self, wait: float | None) -> list:
        pipe = select.poll()
        pipe.register(self._out, 0)
        return pipe.poll(wait)

    def wait(self) -> None:
        """Returns when the process is dead. For the one thread that will call `close`."""
        self._hung_up(None)

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Ends the process and gives back all that it had."""
        self.kill()
        self._process.wait()
        os.close(self._life)
        with self._lock:
            self._closed = True
            for pipe in self._pipes:
                pipe.close()
