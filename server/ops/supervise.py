"""Keeps a server running: a light parent that starts it again when it dies."""

import contextlib
import dataclasses
import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from enf2enf.errors import ConfigError

_LOG = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_REFUSED = 2
_FINAL = (0, _REFUSED)  # done; bad usage or configuration, which a new start does not mend
_PIPE = "ENF2ENF_PARENT_PIPE"
_EXITED = None  # the event beside signals


@dataclasses.dataclass(frozen=True)
class Backoff:
    """How long to wait before the next start, in seconds: `first`, then twice as long each time, up to `longest`.

    Args:
        steady: a child that lived this long is no failed start, and the next one waits `first` again.
    """

    first: float = 0.5
    longest: float = 30.0
    steady: float = 60.0

    def after(self, failures: int) -> float:
        """The wait after so many failures in a row, at least one."""
        return min(self.first * 2.0 ** min(failures - 1, 64), self.longest)


_DEFAULT = Backoff()


def supervise(command: Sequence[str], backoff: Backoff = _DEFAULT, announced: bool = True) -> int:
    """Runs a command, and again whenever a signal or an exit code other than 0 and 2 ends it.

    SIGTERM and SIGINT are handed on to it, every one of them; it is not started again after that. The child has a
    session of its own: Ctrl-C at a terminal reaches it once, through here. Whatever it leaves running in its process
    group is killed. Call this on the main thread.

    Args:
        command: what is to run.
        backoff: between its starts.
        announced: whether its starts are logged here; else the command itself is to `announce` that it has begun, or to
            say why it refuses to.

    Returns:
        The exit code of the last child; 128 + n where signal n ended it.

    Raises:
        OSError: the command cannot be started.
    """
    events: SimpleQueue[signal.Signals | None] = SimpleQueue()
    pipe, held = os.pipe()  # `held` stays with this process alone, and closes with it however it ends
    before = {number: signal.signal(number, lambda n, _: events.put(signal.Signals(n))) for number in _SIGNALS}
    try:
        return _keep_running(command, backoff, events, pipe, announced)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(pipe)
        os.close(held)


def announce(pid: int | None = None) -> None:
    """Logs that a process has started; this one if none is named."""
    _log(logging.INFO, "start", pid=os.getpid() if pid is None else pid)


def follow_parent(grace: float = 30.0) -> bool:
    """In a supervised child, ends it when its parent is gone: by SIGTERM, and by SIGKILL after `grace` more seconds.

    Call it before anything slow; without a supervisor it does nothing. A thread waits for the end of a pipe that only
    the parent holds. The kernel's own way, PR_SET_PDEATHSIG, is Linux alone, misses a parent that dies before it is
    set, and fires when the thread that started the child ends.

    Returns:
        Whether there is a supervisor.

    Raises:
        ConfigError: the environment names no open pipe.
    """
    given = os.environ.pop(_PIPE, None)  # not for the child's own children
    if given is None:
        return False
    try:
        os.set_inheritable(pipe := int(given), False)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(_PIPE, "the number of an open pipe", repr(given)) from error
    threading.Thread(target=_follow, args=(pipe, grace), name="follow_parent", daemon=True).start()
    return True


def _follow(pipe: int, grace: float) -> None:
    os.read(pipe, 1)  # nobody writes: it returns at the end of the file
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os.kill(os.getpid(), signal.SIGKILL)


def _keep_running(command: Sequence[str], backoff: Backoff, events: SimpleQueue, pipe: int, announced: bool) -> int:
    failures = 0
    while True:
        start = time.monotonic()
        code, stopped = _run(command, events, pipe, announced)
        if stopped or code in _FINAL:
            return code
        failures = 1 if time.monotonic() - start >= backoff.steady else failures + 1
        delay = backoff.after(failures)
        _log(logging.WARNING, "restart", failures=failures, delay=delay)
        with contextlib.suppress(Empty):
            events.get(timeout=delay)  # a signal: there is nobody to hand it to
            return code


def _run(command: Sequence[str], events: SimpleQueue, pipe: int, announced: bool) -> tuple[int, bool]:
    """The exit code of one child, and whether a signal was handed on to it."""
    environment = os.environ | {_PIPE: str(pipe)}
    child = subprocess.Popen(command, start_new_session=True, pass_fds=(pipe,), env=environment)
    if announced:
        announce(child.pid)
    threading.Thread(target=_wait, args=(child, events), daemon=True).start()
    stopped = False
    while (event := events.get()) is not _EXITED:
        stopped = True
        _log(logging.INFO, "forward", pid=child.pid, signal=int(event))
        child.send_signal(event)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # none left, or (macOS) only dead ones
        os.killpg(child.pid, signal.SIGKILL)
    code = child.returncode
    ended = {"code": code} if code >= 0 else {"signal": -code}
    if announced or code != _REFUSED:  # which has said why
        _log(logging.INFO if code in _FINAL else logging.WARNING, "exit", pid=child.pid, **ended)
    return code if code >= 0 else 128 - code, stopped


def _wait(child: subprocess.Popen, events: SimpleQueue) -> None:
    child.wait()
    events.put(_EXITED)


def _log(level: int, event: str, **details) -> None:
    _LOG.log(level, json.dumps({"event": event} | details))
