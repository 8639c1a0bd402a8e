"""A stamp of a file, which changes when the file does."""

from pathlib import Path


def stamp(path: Path) -> tuple[int, ...] | None:
    """Inode, size and times of the file, which are others once it was replaced or written to; None where there is none.

    Take it before the file is read: a change while it is read then shows the next time.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
