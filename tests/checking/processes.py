"""Processes that a test began, as /proc shows them."""

import time
from pathlib import Path


def until(is_so, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()


def running() -> dict[int, int]:
    """The session of every process that runs, by its number."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has ended meanwhile
            continue
        if state != "Z":
            found[int(path.parent.name)] = int(session)
    return found


def session(leader: int) -> list[int]:
    """The processes of a session that run, its leader among them."""
    return [number for number, of in running().items() if of == leader]
